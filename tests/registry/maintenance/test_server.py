"""Where a server's files stand by default, and which port it takes."""

import socket
from pathlib import Path

import pytest

from zoo.errors import UsageError
from zoo.registry.maintenance import server


def test_artifacts_stand_beside_an_sqlite_store_and_else_in_the_folder(tmp_path: Path) -> None:
    for backend, folder in (
        ("sqlite:////data/x/mlflow.db", "/data/x"), ("sqlite:///mlflow.db", Path.cwd()),
        ("postgresql://x/y", tmp_path),
    ):  # fmt: skip
        assert server.default_artifacts(backend, tmp_path) == f"{folder}/mlartifacts"


def test_a_free_port_is_found_and_a_taken_one_is_named() -> None:
    port = server._free("127.0.0.1", 0)
    assert 1024 <= port < 65536 and server._free("127.0.0.1", port) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"^Port {port} of 127\.0\.0\.1 cannot be used \("):
            server._free("127.0.0.1", port)
