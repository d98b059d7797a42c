"""MLflow runs: one per training, made by the driver; a retried or resumed one goes on in it."""

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.settings import Project, tracking_uri
from zoo.storage import write_json
from zoo.training.checkpoint import Row

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "faceswap-zoo"


def connect(project: Project) -> "MlflowClient":
    """A client of the project's MLflow store (see :func:`zoo.settings.tracking_uri`)."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow
    from mlflow.tracking import MlflowClient

    for chatty in ("alembic", "mlflow.store.db.utils", "mlflow.tracking.fluent"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    uri = tracking_uri(project)
    mlflow.set_tracking_uri(uri)
    return MlflowClient(uri)


def experiment_id(client: "MlflowClient", project: Project) -> str:
    """The experiment of all trainings; made at first use.

    With a local store its artifacts go into ``mlartifacts/`` in the project; a server has its
    own place.
    """
    if experiment := client.get_experiment_by_name(EXPERIMENT):
        return str(experiment.experiment_id)
    local = tracking_uri(project).startswith("sqlite:")
    location = (project.root / "mlartifacts").as_uri() if local else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def start_run(
    client: "MlflowClient", project: Project, name: str, folder: Path, digest: str,
    parameters: Mapping[str, Any],
) -> str:  # fmt: skip
    """The id of the run for this training: the one in ``folder`` if it has this digest, or new."""
    from mlflow.exceptions import MlflowException

    record = folder / "run.json"
    if record.is_file():
        run = json.loads(record.read_text(encoding="utf-8"))
        if run["digest"] == digest:
            try:
                client.update_run(run["run_id"], status="RUNNING")
            except MlflowException:
                pass
            else:
                return str(run["run_id"])
    run_id = client.create_run(
        experiment_id(client, project), run_name=name, tags={"identity": name, "receipt": digest}
    ).info.run_id
    for key, value in parameters.items():
        client.log_param(run_id, key, value)
    write_json(record, {"run_id": run_id, "digest": digest})
    return str(run_id)


def log_curves(client: "MlflowClient", run_id: str, rows: Iterable[Row]) -> None:
    """Logs points of the curves, by step."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [
        Metric(f"loss/{key}" if key != "total" else "loss", value, now, int(row["step"]))
        for row in rows
        for key, value in row.items()
        if key != "step"
    ]
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics[start : start + 1000])


def end_run(client: "MlflowClient", run_id: str, *, failed: bool = False) -> None:
    """Closes the run."""
    client.set_terminated(run_id, "FAILED" if failed else "FINISHED")
