"""From a registered network back to the photos, and to the commands that make it again."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Zoo, zoo
from tests.registry.conftest import Trained
from zoo.errors import RegistryError, UnknownIdentityError
from zoo.products import receipts
from zoo.registry.maintenance.lineage import _checked, _dvc, lineage, reproduce, trace
from zoo.registry.references import parse_reference
from zoo.settings import Project
from zoo.storage import sha256_of
from zoo.tracking import connect

Make = Callable[..., Trained]
__all__ = ["zoo"]


def run(project: Project, *command: str) -> str:
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture
def versioned(sqlite_uri: str, trained: Make, tmp_path: Path) -> tuple[Project, str]:
    """A project under git and DVC with one registered network; and the commit."""
    project = Project(tmp_path / "project")
    (project.root / "params.yaml").write_text("recipe: quick\n")
    (project.root / "dvc.yaml").write_text("stages: {}\n")
    (project.root / ".gitignore").write_text(
        "/data\n/models\n/reports\n/mlflow.db*\n/mlartifacts\n"
    )
    photos = project.identities / "ada" / "photos"
    photos.mkdir(parents=True)
    (photos / "one.jpg").write_bytes(b"a photo")
    run(project, "git", "init", "--quiet")
    run(project, sys.executable, "-m", "dvc", "init", "--quiet")
    run(project, sys.executable, "-m", "dvc", "add", "--quiet", "identities/ada/photos")
    run(project, "git", "add", "--all")
    who = ("-c", "user.name=zoo", "-c", "user.email=zoo@localhost")
    run(project, "git", *who, "commit", "--quiet", "--message", "A project")
    pack = project.aligned / "ada.safetensors"
    pack.parent.mkdir(parents=True)
    pack.write_bytes(b"faces")
    taken = {"identities/ada/photos/one.jpg": sha256_of(photos / "one.jpg")}
    receipts.write(pack, {"maker": "align-1", "photos": taken, "settings": {"size": 64}})
    made = trained()
    made_from = {
        **made.receipt["made_from"],
        "style": sha256_of(pack),
        "content": "c" * 64,
        "recipe": {"layout": "slim", "filters": 16},
        "perceptual": {"name": "compact", "sha256": "d" * 64},
        "light": "e" * 64,
        "maker": "train-1",
    }
    receipts.write(made.model, made_from, recipe_name="quick", resolution=64, code="0.1.0")
    made.publish(sqlite_uri)
    return project, run(project, "git", "rev-parse", "HEAD")


def test_lineage_leads_to_photos_recipe_weights_code_and_commit_and_is_printed(
    versioned: tuple[Project, str], sqlite_uri: str, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, commit = versioned
    found = lineage(parse_reference("ada"), sqlite_uri)
    photo = project.identities / "ada" / "photos" / "one.jpg"
    assert found["photos"] == {"identities/ada/photos/one.jpg": sha256_of(photo)}
    assert found["photos_dvc"]["nfiles"] == 1
    assert found["photos_dvc"]["md5"].endswith(".dir")
    assert found["faces"] == sha256_of(project.aligned / "ada.safetensors")
    assert found["recipe"] == {"layout": "slim", "filters": 16}
    assert found["perceptual"] == {"name": "compact", "sha256": "d" * 64}
    assert (found["content"]["sha256"], found["light"]) == ("c" * 64, "e" * 64)
    assert found["git"] == {"commit": commit, "changed": []}
    assert found["sha256"] == sha256_of(project.models / "ada" / "network.onnx")
    assert found["reproduce"] == [
        f"git checkout {commit}",
        "dvc pull identities/ada/photos.dvc",
        "dvc repro content align",
        "zoo train ada --recipe quick",
    ]
    monkeypatch.setenv("ZOO_PROJECT", str(project.root))
    shown = zoo("show", "ada:1", "--lineage").out
    for words in (commit, "identities/ada/photos/one.jpg", "zoo train ada --recipe quick", "slim"):
        assert words in shown
    assert json.loads(zoo("show", "ada", "--lineage", "--json").out)["version"] == 1


def test_what_was_not_committed_is_named(
    versioned: tuple[Project, str], sqlite_uri: str, trained: Make
) -> None:
    project, _ = versioned
    (project.root / "params.yaml").write_text("recipe: paper\n")
    (project.root / "dvc.lock").write_text("schema: '2.0'\n")
    (project.root / "a new file.txt").touch()
    (project.root / "identities" / "ada" / "photos.dvc").unlink()
    trained(factor=0.5).publish(sqlite_uri)
    found = lineage(parse_reference("ada:2"), sqlite_uri)
    assert found["git"]["changed"] == [
        '"a new file.txt"', "identities/ada/photos.dvc", "params.yaml"
    ]  # fmt: skip
    assert found["photos_dvc"] is None


def test_what_is_not_there_is_said(trained: Make, sqlite_uri: str, tmp_path: Path) -> None:
    trained().publish(sqlite_uri)
    with pytest.raises(UnknownIdentityError, match="did you mean ada"):
        lineage(parse_reference("adda"), sqlite_uri)
    shutil.rmtree(tmp_path / "project" / "mlartifacts")
    with pytest.raises(RegistryError, match="has no lineage"):
        lineage(parse_reference("ada"), sqlite_uri)


def test_of_a_lineage_that_others_wrote_only_what_the_registry_does_not_say_is_told(
    trained: Make, sqlite_uri: str
) -> None:
    trained().publish(sqlite_uri)
    version = connect(sqlite_uri).get_model_version("ada", "1")
    place = connect(sqlite_uri).get_model_version_download_uri("ada", "1")
    path = Path(place.removeprefix("file://"), "extra_files", "lineage.json")
    whole = {**json.loads(path.read_text()), "git": {"commit": "abcd", "changed": []}}
    for change in ({"identity": "bruno"}, {"git": {"commit": "main; true"}}, {"content": 3}):
        path.write_text(json.dumps({**whole, **change}))
        with pytest.raises(RegistryError, match="ada version 1 has no lineage"):
            lineage(parse_reference("ada"), sqlite_uri)
    lies = {"sha256": "2", "version": 9, "run": "x", "registry": "elsewhere", "basis": "consent"}
    path.write_text(json.dumps({**whole, **lies}))
    found = lineage(parse_reference("ada"), sqlite_uri)
    assert list(found)[:6] == ["name", "version", "sha256", "basis", "registry", "run"]
    assert (found["version"], found["sha256"]) == (1, version.tags["sha256"])
    assert (found["run"], found["basis"]) == (version.run_id, "synthetic")
    assert (found["registry"], found["faces"]) == (sqlite_uri, "faces of ada")
    assert found["reproduce"][0] == "git checkout abcd"


def test_the_commands_can_be_pasted_whatever_a_recipe_is_called() -> None:
    commands = reproduce({"identity": "ada", "recipe_name": "quick; true"})
    assert commands[-1] == "zoo train ada --recipe 'quick; true'"


RECEIPT: dict[str, Any] = {
    "made_from": {"style": "s", "content": "c", "recipe": {"filters": 16}, "perceptual": {"p": 1},
                  "light": "l", "descriptor": "d", "start": "b", "maker": "train-1"},
    "recipe_name": "quick", "code": "0.1", "digest": "r", "trained_at": "now", "seconds": 9.5,
}  # fmt: skip


def project_of(folder: Path) -> Project:
    project = Project(folder)
    for product, made in (
        (project.aligned / "ada.safetensors",
         {"photos": {"one.jpg": "1"}, "settings": {"size": 64}, "maker": "align-1"}),
        (project.content / "content.safetensors",
         {"photos": {"a": "1", "b": "2"}, "settings": {"folders": []}}),
    ):  # fmt: skip
        product.parent.mkdir(parents=True)
        receipts.write(product, made)
    dvc = folder / "identities" / "ada" / "photos.dvc"
    dvc.parent.mkdir(parents=True)
    dvc.write_text("outs:\n- md5: x.dir\n  nfiles: 1\n  size: 7\n  path: photos\n")
    return project


def test_everything_that_the_project_still_has_is_traced(tmp_path: Path) -> None:
    assert trace(project_of(tmp_path), "ada", RECEIPT) == {
        "identity": "ada", "photos": {"one.jpg": "1"},
        "photos_dvc": {"md5": "x.dir", "nfiles": 1, "size": 7},
        "align": {"settings": {"size": 64}, "maker": "align-1"}, "faces": "s",
        "content": {"sha256": "c", "settings": {"folders": []}, "photos": 2},
        "recipe_name": "quick", "recipe": {"filters": 16}, "perceptual": {"p": 1}, "light": "l",
        "descriptor": "d", "start": "b", "maker": "train-1", "code": "0.1", "git": None,
        "receipt": "r", "trained_at": "now", "seconds": 9.5,
    }  # fmt: skip


def test_of_an_empty_project_little_is_known(tmp_path: Path) -> None:
    run(Project(tmp_path), "git", "init", "--quiet")
    found = trace(Project(tmp_path), "ada", {})
    assert found["identity"] == "ada" and found["photos"] == {} and found["align"] == {}
    assert found["content"] == {"sha256": None, "settings": None, "photos": None}
    known = {key for key, value in found.items() if value is not None}
    assert known == {"identity", "photos", "align", "content"}  # nor was anything committed


@pytest.mark.parametrize("text", ["outs: []\n", "outs:\n- 3\n", "[]\n", "outs: 1\n", "{\n"])
def test_a_file_of_dvc_that_says_something_else_is_passed_over(tmp_path: Path, text: str) -> None:
    project = project_of(tmp_path)
    (tmp_path / "identities" / "ada" / "photos.dvc").write_text(text)
    assert _dvc(project, "ada") is None


GOOD: dict[str, Any] = {
    "identity": "ada", "photos": None, "content": None, "git": {"commit": "abcd", "changed": []},
}  # fmt: skip


def test_what_is_left_out_is_none() -> None:
    assert _checked(GOOD, "ada") == {
        **GOOD, "photos": {}, "content": {"sha256": None}, "faces": None, "recipe_name": None,
        "light": None, "maker": None, "code": None, "receipt": None, "trained_at": None,
    }  # fmt: skip
    whole = {**GOOD, "photos": {"a": "1"}, "content": {"sha256": "c", "photos": 2}, "light": "l"}
    found = _checked(whole, "ada")
    assert (found["photos"], found["content"], found["light"]) == (
        {"a": "1"}, {"sha256": "c", "photos": 2}, "l",
    )  # fmt: skip
    assert _checked({"identity": "ada"}, "ada")["photos"] == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"identity": "adam"}, "not this identity"), ({"photos": []}, "photos are none"),
        ({"photos_dvc": "x"}, "photos_dvc are none"), ({"perceptual": 1}, "perceptual are none"),
        ({"git": "x"}, "git are none"), ({"recipe": []}, "recipe are none"),
        ({"content": "x"}, "content are none"), ({"git": {"commit": "abc"}}, "'abc' is no commit"),
        ({"git": {"commit": "g" * 50}}, f"'{'g' * 40}' is no commit"),
        ({"git": {"commit": "a" * 65}}, "is no commit"),
        ({"git": {"commit": "abcd\n"}}, "is no commit"),
        ({"git": {"commit": "abcd", "changed": "x"}}, "changes are none"),
    ],
)  # fmt: skip
def test_words_that_others_wrote_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _checked({**GOOD, **change}, "ada")


def test_what_only_looks_like_words_of_others_is_taken() -> None:
    for fine in ({"commit": "a" * 64}, {"commit": None}, None):
        assert _checked({**GOOD, "git": fine}, "ada")["git"] == fine
    with pytest.raises(ValueError, match="not this"):
        _checked([GOOD], "ada")


def test_only_steps_that_are_known_are_told() -> None:
    name = {"identity": "ada", "recipe_name": "quick"}
    last = ["dvc repro content align", "zoo train ada --recipe quick"]
    assert reproduce({**name, "git": {"commit": "abcd"}}) == ["git checkout abcd", *last]
    assert reproduce({**name, "photos_dvc": {"md5": "x"}}) == [
        "dvc pull identities/ada/photos.dvc", *last,
    ]  # fmt: skip
    assert reproduce({**name, "git": {}, "photos_dvc": None}) == last
