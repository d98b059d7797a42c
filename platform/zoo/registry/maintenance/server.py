"""Runs an MLflow server over a registry."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from zoo.errors import RegistryError, UsageError
from zoo.settings import without_password

LOOPBACK = "127.0.0.1"
PORT = 5000
_START_SECONDS = 300.0  # the first start makes the tables, which takes long on a busy machine
_STOP_SECONDS = 10.0


@contextmanager
def running_server(
    backend: str, artifacts: str, *, host: str = LOOPBACK, port: int = PORT, workers: int = 1
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A running MLflow server; it ends with the block.

    Clients send and fetch artifacts through it, so that they need no access to the place.

    Args:
        backend: where runs and versions are kept: ``sqlite:///…`` or ``postgresql://…``.
        artifacts: where networks and pictures are kept: a folder or ``s3://…``.
        host: the interface; whoever reaches it can change the registry.
        port: 0 for any that is free.
        workers: processes that answer.

    Yields:
        Its address, as ``MLFLOW_TRACKING_URI`` takes it, and its process.

    Raises:
        UsageError: the port is taken.
        RegistryError: it did not start; says its own last words.
    """
    port = _free(host, port)
    command = [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--backend-store-uri", backend, "--artifacts-destination", artifacts),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--uvicorn-opts", "--log-level warning"),
    ]
    environment = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        # Its runners of generative-AI jobs are eight processes that a registry has no use for.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # An object store that is away for half a minute is waited for; see docs/registry.md.
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "8",
        **os.environ,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    }
    environment.pop("MLFLOW_TRACKING_URI", None)  # it would take itself for a client
    everywhere = host == "0.0.0.0"
    address = f"http://{socket.gethostname() if everywhere else host}:{port}"
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=environment, stdout=said, stderr=said, start_new_session=True
        )
        try:
            _wait(
                process, f"http://{LOOPBACK if host == '0.0.0.0' else host}:{port}", backend, said
            )
            yield address, process
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]", *, kill: bool = False) -> None:
    """Ends the server and the processes it started; at once, without any clean-up, if ``kill``."""
    for number in (signal.SIGKILL,) if kill else (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait(_STOP_SECONDS)


def default_artifacts(backend: str, folder: Path) -> str:
    """Beside an SQLite store as everywhere in a project; else ``mlartifacts`` in ``folder``."""
    if backend.startswith("sqlite:///"):
        folder = Path(backend.removeprefix("sqlite:///")).absolute().parent
    return str(folder / "mlartifacts")


def _free(host: str, port: int) -> int:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise UsageError(
            f"Port {port} of {host} cannot be used ({error.strerror}); choose another with --port."
        ) from error


def _wait(process: "subprocess.Popen[bytes]", address: str, backend: str, said: IO[bytes]) -> None:
    """Returns when the server answers."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    raise RegistryError(
        f"The MLflow server for {without_password(backend)} did not start: "
        f"{lines[-1].strip() if lines else 'without a message'}"
    )
