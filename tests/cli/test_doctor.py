"""``zoo doctor``: what works is called so, what is broken is named with a way out, in time."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.conftest import Zoo
from zoo.cli.diagnostics import Check, State, folders, installed, run
from zoo.cli.diagnostics.check import SECONDS
from zoo.errors import StorageError
from zoo.settings import Project


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch takes seconds to import, and is looked at in one test alone."""
    torch = Check("pytorch", State.OK, "computes on the CPU")
    monkeypatch.setattr(installed, "pytorch", lambda: torch)
    for variable in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS", "ZOO_ASSETS", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if "sick" in self.path else 404)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_working_machine_has_nothing_broken(zoo: Zoo, project: Project) -> None:
    ended = zoo("doctor", "--json")
    found = {check["name"]: check for check in json.loads(ended.out)}
    assert ended.code == 0, found
    assert found["onnx runtime"]["found"].startswith("runs on") or found["onnx runtime"]["fix"]
    assert "CPU" in found["onnx runtime"]["found"]
    assert found["face models"]["state"] == "ok"
    assert str(project.root) in found["project"]["found"]
    assert found["dvc remote"]["state"] == "note"
    assert all(check["seconds"] < SECONDS for check in found.values())


def test_what_is_broken_is_named_with_what_to_do(
    zoo: Zoo, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:1")
    monkeypatch.setenv("ZOO_ASSETS", "/nowhere")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    (project.root / ".dvc").mkdir()
    (project.root / ".dvc" / "config").write_text(
        "[core]\n    remote = far\n['remote \"far\"']\n    url = /nowhere/else\n"
    )
    ended = zoo("doctor")
    assert ended.code == 1
    assert "secret" not in ended.out
    assert "5 of" in ended.err or "4 of" in ended.err
    for words in (
        "127.0.0.1:1 does not answer",
        "correct or unset RAY_ADDRESS",
        "unset MLFLOW_TRACKING_URI",
        "ZOO_ASSETS=/nowhere is not a folder",
        "/nowhere/else is not a folder",
    ):
        assert words in ended.out
    assert set(zoo("doctor", "-q").out.split("\n")) >= {"weights", "dvc remote", "registry", "ray"}


def test_a_server_that_refuses_is_there_and_one_that_fails_is_broken(
    zoo: Zoo, server: str, monkeypatch: pytest.MonkeyPatch, project: Project
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{server}/sick")
    found = {check["name"]: check for check in json.loads(zoo("doctor", "--json").out)}
    assert found["s3"]["state"] == "ok"
    assert (found["registry"]["state"], "HTTP 503" in found["registry"]["found"]) == (
        "broken",
        True,
    )


def test_a_check_that_hangs_is_given_up() -> None:
    begun = time.monotonic()

    def sleep() -> Check:
        time.sleep(30)
        return Check("slow", State.OK, "")

    found = run("slow", sleep, seconds=0.2)
    assert time.monotonic() - begun < 5
    assert (found.state, found.found) == (State.BROKEN, "no answer in 0 seconds")


def test_whatever_a_check_raises_is_a_finding() -> None:
    def fail() -> Check:
        raise StorageError("The disk is full.")

    assert run("disk", fail).found == "The disk is full."
    assert run("odd", lambda: Check("odd", State.OK, str(1 / 0))).found.startswith("ZeroDivision")


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file" / "cache"))
    assert run("cache", folders.cache).state is State.BROKEN
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(folders, "LEAST_FREE", 1e18)
    assert run("cache", folders.cache).state is State.BROKEN


def test_an_execution_provider_that_falls_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"CUDAExecutionProvider": "CPUExecutionProvider", "CPUExecutionProvider": '
    answer += '"CPUExecutionProvider"}'
    monkeypatch.setattr(installed, "python", lambda code, *arguments: answer)
    found = installed.onnx_runtime()
    assert found.state is State.NOTE
    assert "CUDAExecutionProvider is installed, but falls back to the CPU" in found.found
    assert found.fix
