"""Talking to MLflow: quietly, and with errors that people can read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.errors import RegistryError, StorageError
from zoo.tracking import EXPERIMENT, connect, experiment_id, plain_registry_errors


def test_the_experiment_is_made_once_with_its_artifacts_beside_the_store(
    tmp_path: Path,
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = connect(uri, create=True)
    first = experiment_id(client, uri)
    assert experiment_id(client, uri) == first
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    assert experiment.artifact_location == (tmp_path / "mlartifacts").as_uri()
    client.delete_experiment(first)
    assert experiment_id(client, uri) == first


def test_a_store_that_was_moved_is_read_but_not_written_to(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    made = f"sqlite:///{there}/mlflow.db"
    first = experiment_id(connect(made, create=True), made)
    (there / "mlartifacts").mkdir()
    there.rename(here)
    uri = f"sqlite:///{here}/mlflow.db"
    assert experiment_id(connect(uri), uri) == first
    with pytest.raises(RegistryError, match=f"moved or .* looked for in {there}/mlartifacts"):
        connect(uri, create=True)
    assert not there.exists()
    there.mkdir()
    (there / "mlartifacts").symlink_to(here / "mlartifacts")  # as the error advises
    connect(uri, create=True)
    through = tmp_path / "through"
    through.symlink_to(here)
    connect(f"sqlite:///{through}/mlflow.db", create=True)


def test_processes_that_make_one_store_at_once_end_with_one_experiment(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    code = "import sys; from zoo.tracking import *; uri = sys.argv[1]"
    code += "; print(experiment_id(connect(uri, create=True), uri))"
    command = [sys.executable, "-W", "ignore", "-c", code, uri]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = {process.communicate()[0].strip() for process in both}
    assert found == {experiment_id(connect(uri), uri)}


def test_reading_does_not_make_a_store(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"No registry at .* yet; `dvc repro`"):
        connect(f"sqlite:///{tmp_path}/mlflow.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OSError(28, os.strerror(28)), StorageError, "The disk is full"),
        (TimeoutError("The read timed out"), RegistryError, "cannot be reached"),
        (ConnectionRefusedError(111, os.strerror(111)), RegistryError, "cannot be reached"),
        (PermissionError(13, "Permission denied", "x"), RegistryError, "failed: .*Permission"),
    ],
)
def test_every_failure_is_one_sentence(error: Exception, kind: type[Exception], words: str) -> None:
    with (
        pytest.raises(kind, match=words) as caught,
        plain_registry_errors("https://me:secret@registry.example"),
    ):
        raise error
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    client = connect("http://127.0.0.1:9")
    with (
        pytest.raises(RegistryError, match="cannot be reached"),
        plain_registry_errors("http://127.0.0.1:9"),
    ):
        client.search_registered_models()
