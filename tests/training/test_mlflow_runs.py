"""Runs on a real SQLite store: one per training, whatever happens to the driver."""

import pytest

from zoo import tracking
from zoo.errors import RegistryError
from zoo.training import mlflow_runs as runs_module
from zoo.training.mlflow_runs import Runs

PARAMETERS = {"recipe": "tiny", "filters": 4}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('runs') / 'mlflow.db'}"


def rows(*steps: int) -> list[dict[str, float]]:
    return [{"step": float(step), "total": 1.0 / (1 + step), "style": 0.5} for step in steps]


def open_runs(uri: str, said: list[str] | None = None) -> Runs:
    runs = Runs(uri, PARAMETERS, (said if said is not None else []).append)
    runs.connect()
    return runs


def test_the_next_driver_continues_the_run_of_a_killed_one_and_logs_each_point_once(
    uri: str,
) -> None:
    first = open_runs(uri)
    run_id = first.start("ada", "digest-ada")
    first.log("ada", rows(0, 1, 2))  # and then it is killed

    second = open_runs(uri)
    assert second.start("ada", "digest-ada") == run_id
    second.log("ada", rows(2, 3))
    second.finish("ada", rows(0, 1, 2, 3, 4))

    client = tracking.connect(uri)
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [0, 1, 2, 3, 4]
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"recipe": "tiny", "filters": "4"}
    assert run.data.tags["identity"] == "ada"
    assert open_runs(uri).start("ada", "digest-ada") != run_id  # what is finished stays so


def test_interrupted_and_failed_runs_are_continued_too(uri: str) -> None:
    first = open_runs(uri)
    killed, failed = first.start("bruno", "digest-bruno"), first.start("carol", "digest-carol")
    first.fail("carol")
    first.kill()
    client = tracking.connect(uri)
    assert client.get_run(killed).info.status == "KILLED"
    assert client.get_run(failed).info.status == "FAILED"
    second = open_runs(uri)
    assert second.start("bruno", "digest-bruno") == killed
    assert second.start("carol", "digest-carol") == failed
    assert client.get_run(killed).info.status == "RUNNING"


def test_a_run_whose_network_stands_is_closed_once(uri: str) -> None:
    run_id = open_runs(uri).start("dave", "digest-dave")
    open_runs(uri).close(run_id)
    assert tracking.connect(uri).get_run(run_id).info.status == "FINISHED"
    open_runs(uri).close("no such run")


def test_a_store_that_is_away_loses_nothing(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "SEND_SECONDS", 0.0)
    said: list[str] = []
    runs = open_runs(uri, said)
    run_id = runs.start("erin", "digest-erin")
    client = runs._client
    send, left = type(client).log_batch, [3]

    def away(*arguments: object, **more: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise ConnectionError("connection refused")
        send(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(client), "log_batch", away)
    runs.log("erin", rows(0, 1))
    runs.log("erin", rows(2))
    assert left == [2]  # not asked again at once
    runs.finish("erin", rows(0, 1, 2, 3))
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [0, 1, 2, 3]
    assert len(said) == 2 and "Trying again" in said[0] and said[1].endswith("is available again.")

    left[0] = 1000
    monkeypatch.setattr(runs_module, "RETRY_SECONDS", 0.3)
    with pytest.raises(RegistryError, match="cannot be reached"):
        runs.start("fred", "digest-fred")
