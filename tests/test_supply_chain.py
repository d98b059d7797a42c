"""What is installed is what was locked: each package at one version with its hashes."""

import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LOCKS = {path.stem: path.read_text() for path in (ROOT / "requirements").glob("*.lock")}
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
PINS = {name: PIN.findall(text) for name, text in LOCKS.items()}


TOOLS = ("docs", "dev", "audit")  # each installed without the others


def test_every_locked_package_has_its_hashes_and_stands_in_one_file() -> None:
    for name, text in LOCKS.items():
        lines = [line for line in text.splitlines() if not line.startswith(("#", " "))]
        assert len(lines) == len(PINS[name]) > 0
    extras = [pin[0] for name, pins in PINS.items() if name not in TOOLS for pin in pins]
    assert len(extras) == len(set(extras))
    tools = [pin for name in TOOLS for pin in PINS[name]]
    assert not {pin[0] for pin in tools} & set(extras)
    assert len({pin[0] for pin in tools}) == len(set(tools))  # where in two, then the same


def test_what_the_package_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"swap": project["dependencies"], **project["optional-dependencies"]}
    assert set(LOCKS) == {*wanted, "build", "cuda"}
    before = {pin[0] for pin in PINS["build"]}
    for name in ("swap", "export", "train", "serve", "server", *TOOLS):
        known = before | {pin[0] for pin in PINS[name]}
        asked = {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in wanted[name]}
        missing = {re.sub(r"[._-]+", "-", one).lower() for one in asked} - known
        assert not missing, name
        before |= {pin[0] for pin in PINS[name]} if name not in TOOLS else set()


def test_the_installer_demands_hashes_and_resolves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = runpy.run_path(str(ROOT / "pipelines" / "project" / "install.py"))
    calls: list[tuple[str, ...]] = []
    monkeypatch.setitem(script["main"].__globals__, "pip", lambda *given: calls.append(given))
    monkeypatch.setitem(script["main"].__globals__, "wants_cuda", lambda: True)
    monkeypatch.setattr("sys.argv", ["install.py", "train", "serve"])
    assert script["main"]() == 0
    *packages, project = calls
    assert [Path(one).stem for call in packages for one in call if one.endswith(".lock")] == [
        "build", "swap", "export", "train", "serve", "cuda",
    ]  # fmt: skip
    assert all(
        {"--require-hashes", "--no-deps", "--no-build-isolation"} <= set(c) for c in packages
    )
    assert {"--no-deps", "--no-build-isolation", "--editable", str(ROOT)} == set(project)


def test_an_advisory_fails_the_audit_unless_it_is_accepted_and_an_unknown_version_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = runpy.run_path(str(ROOT / "pipelines" / "project" / "audit.py"))["report"]
    known = {"a==1": [], "b==2": ["PYSEC-1"]}
    assert report(known, {"a==1"}, {}, "2026-01-01") == 0
    assert report(known, {"a==1", "b==2"}, {}, "2026-01-01") == 1
    assert "b==2: PYSEC-1: error" in capsys.readouterr().out
    assert report(known, {"a==1", "b==2"}, {"PYSEC-1": "not called"}, "2026-01-01") == 0
    assert report(known, {"a==2"}, {}, "2026-01-01") == 1
    assert "a==2 is not in the list of 2026-01-01" in capsys.readouterr().out


def test_a_copy_of_pypas_database_is_asked_for_named_versions_and_ranges(tmp_path: Path) -> None:
    searched = runpy.run_path(str(ROOT / "pipelines" / "project" / "audit.py"))["searched"]
    place: dict[str, object] = {"package": {"ecosystem": "PyPI", "name": "a-b"}}
    spans: dict[str, dict[str, object]] = {
        "RANGE": {"ranges": [{"type": "ECOSYSTEM", "events": [
            {"introduced": "1.9"}, {"fixed": "1.10"}, {"introduced": "2"}, {"last_affected": "3"},
        ]}]},
        "NAMED": {"versions": ["1.8"]},
        "GIT": {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
        "GONE": {"versions": ["1.8"]},
    }  # fmt: skip
    folder = tmp_path / "vulns" / "a-b"
    folder.mkdir(parents=True)
    for day, (name, span) in enumerate(spans.items(), 1):
        said = {
            "id": name,
            "modified": f"2026-01-0{day}T00:00:00Z",
            "affected": [{**place, **span}],
        }
        said |= {"withdrawn": "2026-01-05"} if name == "GONE" else {}
        (folder / f"{name}.yaml").write_text(yaml.dump(said))
    versions = ("1.8", "1.9", "1.9.5", "1.10", "2.0", "3", "3.1")
    day, found = searched(tmp_path, {f"A_B=={version}" for version in versions} | {"c==1"})
    hit = {name.removeprefix("A_B=="): said for name, said in found.items()}
    assert day == "2026-01-04"
    ranged = {version: ["RANGE"] for version in ("1.9", "1.9.5", "2.0", "3")}
    assert hit == {"1.8": ["NAMED"], "1.10": [], "3.1": [], "c==1": [], **ranged}
    with pytest.raises(SystemExit, match="no copy of PyPA's database"):
        searched(folder, {"c==1"})


def test_no_locked_version_has_an_advisory_in_the_kept_list() -> None:
    audit = runpy.run_path(str(ROOT / "pipelines" / "project" / "audit.py"))
    day, found = audit["kept"]()
    pins = audit["locked"]() & found.keys()
    assert len(pins) > 100
    assert audit["report"](found, pins, json.loads(audit["ACCEPTED"].read_text()), day) == 0
