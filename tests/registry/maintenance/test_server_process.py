"""The server's process: what it is told, when it counts as started, and that it ends.

A small program stands in MLflow's place: it answers as that does, notes what it was given, and can
die, be slow or refuse to end. MLflow itself is started by ``tests/registry/test_server_faults.py``.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.servers import free_port
from zoo.errors import RegistryError, UsageError
from zoo.registry.maintenance import server
from zoo.registry.maintenance.server import running_server, stop

PROGRAM = """
import http.server, json, os, signal, subprocess, sys, time

given = dict(zip(sys.argv[4::2], sys.argv[5::2]))
note = {"argv": sys.argv[1:], "environment": dict(os.environ), "group": os.getpgid(0)}
for word in os.environ["SAYS"].split("|"):
    print(word, file=sys.stderr, flush=True)
if os.environ["DOES"] == "die":
    sys.exit(1)
if os.environ["DOES"] == "stay":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([os.environ["PYTHON"], "-c", "import time; time.sleep(600)"])
asked = 0

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        well = self.path == "/health" and asked > int(os.environ["SLOW"])
        self.send_response(200 if well else 204 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass

with http.server.HTTPServer((given["--host"], int(given["--port"])), Answer) as serving:
    note["child"] = child.pid
    with open(os.environ["NOTE"] + ".new", "w") as file:
        json.dump(note, file)
    os.replace(os.environ["NOTE"] + ".new", os.environ["NOTE"])
    serving.serve_forever()
"""


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts the program in place; where it notes what it was given."""
    (tmp_path / "program.py").write_text(PROGRAM)
    python, command = sys.executable, tmp_path / "python"
    command.write_text(f'#!/bin/sh\nexec "{python}" "{tmp_path}/program.py" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(command))
    for name, value in (("NOTE", tmp_path / "note"), ("PYTHON", python), ("SAYS", ""),
                        ("DOES", ""), ("SLOW", 0)):  # fmt: skip
        monkeypatch.setenv(name, str(value))
    return tmp_path / "note"


def read(note: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(note.read_text())
    return found


def is_alive(pid: int) -> bool:
    """Whether it runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends(pid: int) -> bool:
    for _ in range(200):
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_the_server_is_told_where_and_what_to_serve_and_ends_with_the_block(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://another")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")  # the user's own holds
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")  # but not this one
    monkeypatch.setenv("SLOW", "2")
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "AWS_RETRY_MODE",
                 "MLFLOW_SERVER_ENABLE_JOB_EXECUTION"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    with running_server("sqlite:///x.db", "s3://bucket/a", port=0, workers=3) as (address, process):
        found = read(note)
        port = int(address.rpartition(":")[2])
        assert address == f"http://127.0.0.1:{port}" and 1024 <= port < 65536
        assert urlopen(f"{address}/health", timeout=5).status == 200
        assert process.poll() is None and found["group"] == process.pid != os.getpgid(0)
    assert found["argv"] == [
        "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///x.db",
        "--artifacts-destination", "s3://bucket/a", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "3", "--uvicorn-opts", "--log-level warning",
    ]  # fmt: skip
    told = found["environment"]
    assert "MLFLOW_TRACKING_URI" not in told
    assert {name: told.get(name) for name in (
        "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION",
        "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION",
    )} == {
        "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "3", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    }  # fmt: skip
    assert process.returncode == -signal.SIGTERM and ends(found["child"])
    with pytest.raises(URLError):
        urlopen(f"{address}/health", timeout=5)


def test_an_object_store_is_waited_for_unless_the_user_says_otherwise(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)
    with running_server("sqlite:///x.db", "a", port=0):
        assert read(note)["environment"]["AWS_MAX_ATTEMPTS"] == "8"
        assert read(note)["argv"][11:13] == ["--workers", "1"]


def test_a_server_for_everybody_has_this_machines_name(note: Path) -> None:
    with running_server("sqlite:///x.db", "a", host="0.0.0.0", port=0) as (address, _):
        port = address.rpartition(":")[2]
        assert address == f"http://{socket.gethostname()}:{port}"
        assert read(note)["argv"][8:12] == ["0.0.0.0", "--port", port, "--workers"]


@pytest.mark.parametrize(
    ("says", "words"),
    [("one|the disk is full ", "the disk is full"), ("", "without a message")],
)
def test_a_server_that_dies_is_told_of_in_its_last_words_without_the_password(
    note: Path, monkeypatch: pytest.MonkeyPatch, says: str, words: str
) -> None:
    monkeypatch.setenv("DOES", "die")
    monkeypatch.setenv("SAYS", says)
    begin = time.monotonic()
    with (
        pytest.raises(
            RegistryError,
            match=f"^The MLflow server for postgresql://host/x did not start: {words}$",
        ),
        running_server("postgresql://me:secret@host/x", "a", port=0),
    ):
        pytest.fail("it did not start")
    assert time.monotonic() - begin < 60


def test_a_server_that_never_answers_is_given_up_and_ended(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "1000000")
    monkeypatch.setattr(server, "_START_SECONDS", 1.0)
    with (
        pytest.raises(RegistryError, match="did not start: without a message"),
        running_server("sqlite:///x.db", "a", port=0),
    ):
        pytest.fail("it did not start")
    assert not note.exists() or ends(read(note)["child"])


@pytest.mark.parametrize("kill", [False, True])
def test_a_server_that_will_not_end_is_killed_with_what_it_started(
    note: Path, monkeypatch: pytest.MonkeyPatch, kill: bool
) -> None:
    monkeypatch.setenv("DOES", "stay")
    monkeypatch.setattr(server, "_STOP_SECONDS", 1.0)
    with running_server("sqlite:///x.db", "a", port=0) as (_, process):
        child = read(note)["child"]
        begin = time.monotonic()
        stop(process, kill=kill)
        assert process.returncode == -signal.SIGKILL
        assert (time.monotonic() - begin >= 1.0) is not kill
        assert ends(child)


def test_a_process_that_is_gone_already_is_stopped_without_a_word() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    gone.wait()
    for kill in (False, True):
        stop(gone, kill=kill)
    assert gone.returncode == 0


def test_a_port_that_is_taken_is_named_before_anything_starts(note: Path) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with (
            pytest.raises(UsageError, match=f"Port {port} of 127.0.0.1 cannot be used"),
            running_server("sqlite:///x.db", "a", port=port),
        ):
            pytest.fail("it started")
    assert not note.exists() and server.PORT == 5000
