"""Publishing: one version per training, whole, with all that a reader of the registry needs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.networks_on_disk import SIZE, write_network
from tests.registry.conftest import Trained
from zoo.errors import AssetError, BasisError, RegistryError
from zoo.products import receipts
from zoo.registry.browse import show_model
from zoo.registry.publishing.publish import publish
from zoo.storage import sha256_of
from zoo.tracking import connect, experiment_id

Make = Callable[..., Trained]


def artifacts(place: str) -> set[str]:
    from mlflow.artifacts import list_artifacts

    return {item.path for item in list_artifacts(artifact_uri=place)}


def test_a_version_says_what_it_was_made_from_and_how_good_it_is(trained: Make, uri: str) -> None:
    ada = trained()
    assert ada.publish(uri) == 1

    model = show_model(uri, "ada")
    (version,) = model.versions
    assert version.aliases == ("candidate",)
    assert (version.recipe, version.resolution, version.basis) == ("quick", SIZE, "synthetic")
    assert version.receipt == ada.receipt["digest"]
    assert version.data_revision == "faces of ada"
    assert version.sha256 == sha256_of(ada.model / "network.onnx")
    assert version.scores == {
        "nearest_rate": 0.95,
        "landmark_difference": 4.0,
        "luminance_correlation": 0.8,
    }
    assert "version 1 became candidate: published" in str(model.history[0])


def test_a_version_carries_network_receipt_report_and_pictures(trained: Make, uri: str) -> None:
    trained().publish(uri)
    client = connect(uri)
    version = client.get_model_version("ada", "1")
    model = client.get_model_version_download_uri("ada", "1")

    assert {"model.onnx", "MLmodel"} <= {path.split("/")[-1] for path in artifacts(model)}
    carried = {path.split("/")[-1] for path in artifacts(f"{model}/extra_files")}
    assert carried == {
        "network.safetensors",
        "receipt.json",
        "lineage.json",
        "report.json",
        "curves.csv",
        "curves.png",
        "preview.jpg",
        "sheet.jpg",
        "plots.png",
    }
    run = client.get_run(str(version.run_id))
    shown = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert shown == {"preview.jpg", "sheet.jpg", "plots.png", "curves.png", "report.json"}
    assert run.data.metrics["score/nearest_rate"] == 0.95
    assert run.data.metrics["loss"] == pytest.approx(2 / 191)
    assert len(client.get_metric_history(run.info.run_id, "loss/content")) == 20
    assert "zoo swap --identity ada" in client.get_registered_model("ada").description
    assert "nearest rate | 0.95" in str(version.description)


def test_the_stored_network_serves_through_mlflow_with_its_signature(
    trained: Make, uri: str
) -> None:
    import mlflow.pyfunc

    trained(factor=0.5).publish(uri)
    connect(uri)
    model = mlflow.pyfunc.load_model("models:/ada@candidate")
    photos = np.ones((2, 3, SIZE, SIZE), np.float32)
    assert np.allclose(model.predict({"photo": photos})["swapped"], 0.5)
    (photo,) = model.metadata.signature.inputs.inputs
    assert (photo.name, photo.shape, photo.type) == ("photo", (-1, 3, SIZE, SIZE), np.float32)
    assert model.metadata.signature.outputs.input_names() == ["swapped"]


def test_the_same_training_is_published_once(trained: Make, uri: str) -> None:
    assert trained().publish(uri) == 1
    assert trained().publish(uri) == 1
    assert trained(factor=0.5).publish(uri) == 2
    assert len(show_model(uri, "ada").versions) == 2


def test_a_training_repeated_to_another_network_is_another_version(trained: Make, uri: str) -> None:
    ada = trained()
    ada.publish(uri)
    write_network(ada.model / "network.onnx", 0.75)
    assert ada.publish(uri) == 2
    newest, oldest = show_model(uri, "ada").versions
    assert newest.receipt == oldest.receipt
    assert newest.sha256 == sha256_of(ada.model / "network.onnx") != oldest.sha256


def test_going_back_to_an_earlier_training_makes_it_the_candidate_again(
    trained: Make, uri: str
) -> None:
    trained().publish(uri)
    trained(factor=0.5).publish(uri)
    assert trained().publish(uri) == 1
    newest, oldest = show_model(uri, "ada").versions
    assert (newest.aliases, oldest.aliases) == ((), ("candidate",))
    moved = show_model(uri, "ada").history[-1]
    assert (moved.alias, moved.before, moved.after) == ("candidate", 2, 1)


def test_measured_again_a_version_gets_its_new_scores(trained: Make, uri: str) -> None:
    trained().publish(uri)
    ada = trained(nearest_rate=0.97)
    assert ada.publish(uri) == 1
    version = show_model(uri, "ada").versions[0]
    assert version.scores["nearest_rate"] == 0.97
    assert connect(uri).get_run(version.run_id).data.metrics["score/nearest_rate"] == 0.97
    assert "0.97" in str(connect(uri).get_model_version("ada", "1").description)


def test_the_drivers_run_is_continued(trained: Make, uri: str) -> None:
    client = connect(uri)
    run = client.create_run(experiment_id(client, uri), run_name="ada")
    client.log_metric(run.info.run_id, "loss", 0.25, step=7)
    ada = trained()
    publish(
        "ada", ada.model, ada.report, {**ada.receipt, "run_id": run.info.run_id}, ada.identity, uri
    )

    assert show_model(uri, "ada").versions[0].run_id == run.info.run_id
    assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")] == [0.25]


def test_a_run_that_is_gone_is_made_again(trained: Make, uri: str) -> None:
    ada = trained()
    receipt = {**ada.receipt, "run_id": "0" * 32}
    assert publish("ada", ada.model, ada.report, receipt, ada.identity, uri) == 1
    assert show_model(uri, "ada").versions[0].run_id != "0" * 32


def test_artifacts_stand_beside_the_database(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    assert list((tmp_path / "project" / "mlartifacts").rglob("model.onnx"))


def test_without_a_recorded_basis_nothing_is_registered(trained: Make, uri: str) -> None:
    ada = trained()
    with pytest.raises(BasisError, match=r"identities/ada/identity\.yaml"):
        publish("ada", ada.model, ada.report, ada.receipt, None, uri)
    with pytest.raises(BasisError):
        publish("bruno", ada.model, ada.report, ada.receipt, ada.identity, uri)
    assert not connect(uri).search_registered_models()


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda ada: (ada.model / "network.onnx").write_bytes(b"no"), AssetError, "damaged"),
        (lambda ada: (ada.model / "network.onnx").unlink(), AssetError, "cannot be read"),
        (lambda ada: (ada.model / "network.safetensors").unlink(), RegistryError, "is missing"),
        (lambda ada: (ada.model / "curves.csv").write_text("a,b\n1,2\n"), RegistryError, "step"),
        (lambda ada: (ada.report / "report.json").write_text("{"), RegistryError, "damaged"),
        (lambda ada: (ada.report / "report.json").write_text("[]"), RegistryError, "not a report"),
        (lambda ada: (ada.report / "sheet.jpg").unlink(), RegistryError, "is missing"),
        (lambda ada: receipts.receipt_path(ada.model).unlink(), RegistryError, "lacks digest"),
    ],
)
def test_damaged_products_are_refused_before_anything_is_registered(
    trained: Make,
    uri: str,
    spoil: Callable[[Trained], Any],
    error: type[Exception],
    words: str,
) -> None:
    ada = trained()
    spoil(ada)
    with pytest.raises(error, match=words):
        ada.publish(uri)
    assert not connect(uri).search_registered_models()


def test_a_store_that_is_no_database_is_refused_at_once(trained: Make, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    begin = time.monotonic()
    with pytest.raises(RegistryError, match=r"broken\.db is not an SQLite database") as caught:
        trained().publish(f"sqlite:///{broken}")
    assert time.monotonic() - begin < 10  # MLflow itself tries for 100 s
    assert "\n" not in str(caught.value)
    assert broken.read_bytes() == b"this is no database" * 100


def test_evidence_stands_in_the_registry(trained: Make, uri: str) -> None:
    ada = trained()
    identity = ada.identity.model_copy(update={"evidence": "made by this project"})
    replace(ada, identity=identity).publish(uri)
    client = connect(uri)
    assert client.get_model_version("ada", "1").tags["evidence"] == "made by this project"
    assert "made by this project" in client.get_registered_model("ada").description


def test_making_a_store_and_publishing_say_nothing(trained: Make, tmp_path: Path) -> None:
    ada = trained()
    code = f"""
from pathlib import Path
from zoo.products import receipts
from zoo.provenance.identities.identity import new_identity
from zoo.registry.publishing.publish import publish
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


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"identity": "bruno"}, "the network of 'bruno', not of 'ada'"),
        ({"identity": "ada", "basis": "research"}, "'research', not 'synthetic'"),
    ],
)
def test_a_network_that_says_otherwise_than_the_record_is_not_registered(
    trained: Make, uri: str, words: dict[str, str], why: str
) -> None:
    ada = trained()
    write_network(ada.model / "network.onnx", **words)  # type: ignore[arg-type]
    with pytest.raises(AssetError, match=why):
        ada.publish(uri)
