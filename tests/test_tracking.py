"""Talking to MLflow: quietly, and with errors that people can read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.registry.conftest import Trained
from zoo.errors import RegistryError, StorageError
from zoo.tracking import EXPERIMENT, connect, experiment_id, plain_registry_errors

Make = Callable[..., Trained]


def test_the_experiment_is_made_once_with_its_artifacts_beside_the_store(
    uri: str, tmp_path: Path
) -> None:
    client = connect(uri)
    first = experiment_id(client, uri)
    assert experiment_id(client, uri) == first
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    assert experiment.artifact_location == (tmp_path / "project" / "mlartifacts").as_uri()
    client.delete_experiment(first)
    assert experiment_id(client, uri) == first


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


def test_making_a_store_and_publishing_say_nothing(trained: Make, tmp_path: Path) -> None:
    ada = trained()
    code = f"""
from pathlib import Path
from zoo import receipts
from zoo.provenance.identity import new_identity
from zoo.registry.publish import publish
model, report = Path({str(ada.model)!r}), Path({str(ada.report)!r})
identity = new_identity("ada", "synthetic")
publish("ada", model, report, receipts.read(model), identity, "sqlite:///{tmp_path}/new.db")
"""
    environment = {**os.environ, "ZOO_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert list((tmp_path / "mlartifacts").rglob("model.onnx"))
