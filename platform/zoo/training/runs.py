"""MLflow runs: one per training, made by the driver; a retried or resumed one goes on in it."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.storage import write_json
from zoo.training.checkpoint import Row

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def start_run(
    client: "MlflowClient", experiment: str, name: str, folder: Path, digest: str,
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
        experiment, run_name=name, tags={"identity": name, "receipt": digest}
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
