"""Each hostile input gives a result or one sentence, soon, in little memory, and no more.

The inputs: ``tests/hostile.py``, and the folder ``data/hard`` in or beside ``ZOO_ASSETS`` where
there is one.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hostile import corpus, place
from tests.networks_on_disk import write_network
from tests.serving.web.conftest import ask
from tests.serving.web.test_api import sentence, swap
from zoo.registry.local import cache
from zoo.storage import sha256_of

_SECONDS = 10
_BYTES = 2 * 2**30
_URI = "sqlite:////nowhere/mlflow.db"
_ALL = 30  # seconds for all of them: none takes long


_MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-m", "zoo.cli.main", *sys.argv[2:]]).returncode
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""
"""A small process in between: Linux counts the size of whoever forked it as its own."""


@dataclass(frozen=True)
class Place:
    """A folder that a command is let loose in."""

    root: Path

    def run(self, *arguments: str) -> tuple[int, dict[str, Any], str, float, int]:
        """``zoo`` with arguments: exit code, JSON, errors, seconds (of the processor), bytes."""
        environment = {
            **os.environ,
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "ZOO_CACHE": str(self.root / "cache"),
            "MLFLOW_TRACKING_URI": _URI,
            "OMP_NUM_THREADS": "1",
        }
        with (self.root / "out.txt").open("w+") as out, (self.root / "err.txt").open("w+") as err:
            process = subprocess.Popen(
                [sys.executable, "-c", _MEASURED, str(self.root / "memory.txt"), *arguments],
                cwd=self.root / "here",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = used.ru_utime + used.ru_stime  # how busy the machine is says nothing
            out.seek(0)
            err.seek(0)
            said, errors = out.read(), err.read()
        assert process.returncode != 2, errors  # a wrong command, which tests nothing
        told = json.loads(said) if said.startswith("{") else {}
        memory = int((self.root / "memory.txt").read_text())
        return process.returncode, told, errors, seconds, memory

    def listing(self, *but: str) -> dict[str, tuple[int, int, int]]:
        """All that is here, but for what begins so, with kind, size and time of change."""
        found = {}
        for folder, folders, files in os.walk(bytes(self.root)):
            for name in (*folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118
                shown = os.fsdecode(os.path.relpath(path, bytes(self.root)))
                if not shown.startswith((*but, "out.txt", "err.txt", "memory.txt", "cache")):
                    status = os.lstat(path)
                    changed = status.st_mtime_ns if not os.path.isdir(path) else 0  # noqa: PTH112
                    found[shown] = (status.st_mode, status.st_size if changed else 0, changed)
        return found


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """With the corpus in ``in``, and ada in the cache."""
    root = tmp_path_factory.mktemp("hostile")
    for name in ("home", "tmp", "here", "cache"):
        (root / name).mkdir()
    place(root / "in")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(root / "cache"))
        source = write_network(root / "ada.onnx", size=64)
        card = {"identity": "ada", "version": 1, "sha256": sha256_of(source), "basis": "synthetic",
                "recipe": "quick", "resolution": 64, "scores": {}}  # fmt: skip
        cache.store(_URI, card, lambda path: path.write_bytes(source.read_bytes()))
        cache.remember_aliases(_URI, "ada", {"champion": 1})
    return Place(root)


@pytest.fixture(scope="module")
def hard() -> list[Path]:
    """Difficult photos that are no part of this project."""
    assets = os.environ.get("ZOO_ASSETS", "")
    for folder in (Path(assets, "data", "hard"), Path(assets).parent / "data" / "hard"):
        if assets and folder.is_dir():
            return sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    pytest.skip("no data/hard in or beside ZOO_ASSETS")


def test_there_are_enough_of_them() -> None:
    assert len(corpus()) >= 80


def test_zoo_swap_of_all_of_them(ground: Place) -> None:
    before = ground.listing("here/out")
    code, told, errors, seconds, memory = ground.run(
        "swap", "--json", "--identity", "ada", str(ground.root / "in"), "-o", "out"
    )
    assert code == 1 and "Traceback" not in errors
    inputs = [one for one in (ground.root / "in").iterdir() if one.name != "folder.jpg"]
    failed = {entry["input"]: entry["reason"] for entry in told["failed"]}
    assert len(failed) + len(told["outputs"]) == len(inputs)
    _are_sentences(reason.replace(name, "It") for name, reason in failed.items())
    assert memory < _BYTES
    assert seconds < _ALL
    assert ground.listing("here/out") == before


def test_zoo_identity_add_of_all_of_them(ground: Place) -> None:
    align = {"size": 64, "min_interocular": 30, "min_sharpness": 0.1, "min_difference": 2,
             "minimum_photos": 10, "advised_photos": 40}  # fmt: skip
    params = {"align": align, "recipe": "quick",
              "recipes": {"quick": {"phases": [{"resolution": 64}]}}}  # fmt: skip
    (ground.root / "here" / "params.yaml").write_text(yaml.safe_dump(params))
    (ground.root / "here" / "dvc.yaml").write_text("stages: {}\n")
    before = ground.listing("here")
    code, _, errors, seconds, memory = ground.run(
        "identity", "add", "eve", str(ground.root / "in"), "--basis", "synthetic", "--json"
    )
    (said,) = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert code == 1 and "Traceback" not in errors
    _are_sentences([said])
    assert memory < _BYTES
    assert seconds < _ALL
    assert ground.listing("here") == before


def test_the_server_with_all_of_them(ground: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(ground.root / "cache"))
    client = ask(ground.root / "ada.onnx")
    results = 0
    for name, content in corpus().items():
        started = time.process_time()
        answer = swap(client, content)
        assert time.process_time() - started < _SECONDS, name
        if answer.status_code != 200:
            _are_sentences([sentence(answer, 422)])
        results += answer.status_code == 200
    assert client.get("/health").status_code == 200
    assert results == 0


def test_difficult_photos(ground: Place, hard: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(ground.root / "cache"))
    client = ask(ground.root / "ada.onnx", max_bytes=25_000_000)
    codes = []
    for path in hard:
        started = time.process_time()
        answer = swap(client, path.read_bytes())
        assert time.process_time() - started < _SECONDS, path
        codes.append(answer.status_code)
        if answer.status_code != 200:
            _are_sentences([sentence(answer, 422)])
    assert codes.count(200) > len(hard) / 2


def _are_sentences(reasons: Iterable[str]) -> None:
    for reason in reasons:
        assert reason.endswith((".", ")")) and "\n" not in reason, reason
        assert "unexpected" not in reason and "Error:" not in reason, reason
        assert reason.isprintable(), reason
