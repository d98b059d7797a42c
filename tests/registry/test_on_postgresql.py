"""The registry's tests once more, on an MLflow server over PostgreSQL with artifacts in S3."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.registry import test_concurrency
from tests.registry.local import test_pull
from tests.registry.promotion import test_gate
from tests.registry.publishing import test_publish
from tests.servers import BUCKET, KEYS, postgresql, postgresql_binaries, s3
from zoo.registry.maintenance.server import running_server
from zoo.tracking import connect

# Not all of them: each takes as long as fifty requests, and those left out ask for nothing new.
ALSO_HERE = {
    test_publish: """
        a_version_says_what_it_was_made_from_and_how_good_it_is
        a_version_carries_network_receipt_report_and_pictures
        the_same_training_is_published_once
        measured_again_a_version_gets_its_new_scores
        the_drivers_run_is_continued
        """,
    test_pull: """
        publishing_and_promoting_change_what_the_next_swap_uses
        removing_takes_all_versions_out
        """,
    test_gate: """
        going_back_twice_goes_back_two_steps
        """,
    test_concurrency: """
        two_networks_published_at_once_are_two_versions_with_the_better_one_champion
        one_network_published_twice_at_once_is_one_version
        a_lease_of_the_living_is_waited_for_and_one_of_the_dead_is_broken
        """,
}
for module, names in ALSO_HERE.items():
    for name in names.split():
        globals()[f"test_{name}"] = getattr(module, f"test_{name}")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An MLflow server; started once, since that takes seconds."""
    binaries = postgresql_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not on this machine: apt-get install postgresql")
    with postgresql(binaries) as database, s3() as address:
        environment = {**os.environ, **KEYS, "MLFLOW_S3_ENDPOINT_URL": address}
        with (
            mock.patch.dict(os.environ, environment),
            running_server(database, f"s3://{BUCKET}/artifacts", port=0) as (uri, _),
        ):
            yield uri


@pytest.fixture
def uri(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """That server's registry, emptied."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    client = connect(server)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    return server


def test_artifacts_are_in_s3_and_come_through_the_server(server: str) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
    networks = [key for key in keys if key.endswith("model.onnx")]
    assert networks and all(key.startswith("artifacts/") for key in networks)
    experiment = connect(server).get_experiment_by_name("faceswap-zoo")
    assert experiment is not None
    assert experiment.artifact_location.startswith("mlflow-artifacts:/")
