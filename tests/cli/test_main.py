"""The command line as such: quick, quiet, and one sentence for whatever goes wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Zoo
from zoo import __version__
from zoo.errors import StorageError


def test_the_version(zoo: Zoo) -> None:
    assert zoo("--version").out == f"faceswap-zoo {__version__}\n"


def test_help_names_every_command(zoo: Zoo) -> None:
    ended = zoo("--help")
    assert ended.code == 0
    for command in ("swap", "identity", "train", "status", "evaluate", "list", "show", "pull",
                    "promote", "rm"):  # fmt: skip
        assert f" {command} " in ended.out


@pytest.mark.parametrize("command", ["swap", "promote", "pull", "identity add", "train"])
def test_help_has_examples(zoo: Zoo, command: str) -> None:
    ended = zoo(*command.split(), "--help")
    assert ended.code == 0
    assert f"zoo {command}" in ended.out.split("Examples:")[1]


@pytest.mark.parametrize(
    "arguments",
    [["fly"], ["swap", "--fly"], ["swap", "a.jpg"], ["swap", "-i", "ada", "--faces", "2"]],
)
def test_wrong_usage_is_code_2(zoo: Zoo, arguments: list[str]) -> None:
    assert zoo(*arguments).code == 2


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (StorageError("The disk is full."), 1, "error: The disk is full."),
        (
            ValueError("what\nnow"),
            1,
            "error: unexpected ValueError: what now (a bug in faceswap-zoo",
        ),
    ],
)
def test_whatever_goes_wrong_is_one_line(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    def fail(uri: object, refresh: bool) -> None:
        raise error

    monkeypatch.setattr("zoo.registry.listing.list_models", fail)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/mlflow.db")
    ended = zoo("list")
    assert (ended.code, ended.out) == (code, "")
    assert ended.error.startswith(words)


def test_a_reader_that_stops_reading_is_no_error() -> None:
    command = f"{sys.executable} -m zoo.cli.main --help | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['zoo', '--help']\n"
        "from zoo.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'ray', 'mlflow', 'dvc', 'numpy', 'cv2', 'onnxruntime', 'yaml'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


def test_every_command_says_where_it_needs_a_project(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_PROJECT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for arguments in (["identity", "list"], ["status"], ["promote", "ada"], ["evaluate", "ada"]):
        ended = zoo(*arguments)
        assert ended.code == 2
        assert "is not inside a faceswap-zoo project" in ended.error
    assert "MLFLOW_TRACKING_URI" in zoo("list").error


def test_help_comes_at_once() -> None:
    def seconds(*arguments: str) -> float:
        """Of processor time: unlike the clock's, it does not depend on who else is at work."""
        before = os.times()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])

    # Against another import, because processors slow down when their neighbours are busy.
    torch = min(seconds("-c", "import torch") for _ in range(2))
    assert min(seconds("-m", "zoo.cli.main", "--help") for _ in range(5)) <= 0.25 * torch
