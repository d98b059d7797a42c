"""The files of a version in MLflow: the network, its curves and pictures, its report."""

import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import RegistryError
from zoo.registry.maintenance.lineage import LINEAGE
from zoo.registry.publishing.curves import Row, draw_curves, metrics
from zoo.registry.publishing.model_card import scores_of
from zoo.storage import write_json
from zoo.swapping.network_files.inspection import INPUT, OUTPUT
from zoo.tracking import (
    experiment_id,
    without_warnings,
)

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient


NETWORK = "network.onnx"
WEIGHTS = "network.safetensors"
PICTURES = ("preview.jpg", "curves.png")
REPORT_FILES = ("report.json", "sheet.jpg", "plots.png")
_LARGEST_BATCH = 1000  # metrics in one call, MLflow's limit


@dataclass(frozen=True)
class StoredNetwork:
    """A network whose files are in the registry, but which is no version yet."""

    run_id: str
    source: str
    model_id: str


@contextmanager
def version_files(
    name: str,
    model_folder: Path,
    report_folder: Path,
    rows: list[Row],
    traced: Mapping[str, Any],
) -> Iterator[dict[str, Path]]:
    """All that a version carries, by file name; the curves are drawn here."""
    files = {
        path.name: path
        for path in (
            *(model_folder / file for file in (NETWORK, WEIGHTS, "receipt.json", "curves.csv")),
            model_folder / "preview.jpg",
            *(report_folder / file for file in REPORT_FILES),
        )
    }
    for path in files.values():
        if not path.is_file():
            raise RegistryError(f"{path} is missing, so {name} is not registered; run `dvc repro`.")
    with tempfile.TemporaryDirectory() as folder:
        files["curves.png"] = Path(folder) / "curves.png"
        draw_curves(rows, name, files["curves.png"])
        files[LINEAGE] = Path(folder) / LINEAGE
        write_json(files[LINEAGE], traced)
        yield files


def run_of(
    client: "MlflowClient", uri: str, name: str, receipt: Mapping[str, Any], rows: list[Row]
) -> "Run":
    """The training's run; a new one with the same curves when that is gone."""
    from mlflow.exceptions import MlflowException

    if run_id := receipt.get("run_id"):
        try:
            run = client.get_run(str(run_id))
            if run.info.lifecycle_stage == "active":
                return run
        except MlflowException:  # made in another registry, or deleted
            pass
    run = client.create_run(experiment_id(client, uri), run_name=name)
    points = metrics(rows, int(time.time() * 1000))
    for start in range(0, len(points), _LARGEST_BATCH):
        client.log_batch(run.info.run_id, points[start : start + _LARGEST_BATCH])
    client.log_param(run.info.run_id, "recipe", receipt["recipe_name"])
    client.set_terminated(run.info.run_id)
    return run


def store_network(
    client: "MlflowClient", run: "Run", files: Mapping[str, Path], resolution: int
) -> StoredNetwork:
    """Stores the network in MLflow's ONNX flavour, and its pictures where its run is looked at.

    As ``mlflow.onnx.log_model`` does, which also starts and ends the run and copies its metrics.
    """
    with without_warnings():
        import mlflow.onnx
        import numpy as np
        import onnx
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model, ModelSignature
        from mlflow.types import Schema, TensorSpec

    shape = (-1, 3, resolution, resolution)
    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.float32), shape, INPUT)]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), shape, OUTPUT)]),
    )
    run_id = str(run.info.run_id)
    stored = client.create_logged_model(
        run.info.experiment_id, "network", run_id, params=dict(run.data.params)
    )
    with without_warnings(), tempfile.TemporaryDirectory() as folder:
        mlflow.onnx.save_model(
            onnx.load(files[NETWORK]),
            folder,
            mlflow_model=Model(
                artifact_path=stored.artifact_location,
                run_id=run_id,
                model_uuid=stored.model_id,
                model_id=stored.model_id,
            ),
            signature=signature,
            # Without them MLflow starts a process to find them out: 12 to 23 s.
            pip_requirements=[f"onnxruntime=={installed('onnxruntime')}"],
            onnx_execution_providers=["CPUExecutionProvider"],
            save_as_external_data=False,
            extra_files=[str(path) for file, path in files.items() if file != NETWORK],
        )
        client.log_model_artifacts(stored.model_id, folder)
    client.finalize_logged_model(stored.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(stored.model_id, step=0)])
    for picture in PICTURES:
        client.log_artifact(run_id, str(files[picture]))
    return StoredNetwork(run_id, str(stored.model_uri), str(stored.model_id))


def log_report(
    client: "MlflowClient", run_id: str, report: Mapping[str, Any], folder: Path
) -> None:
    """The scores as metrics, so that MLflow compares runs by them, and what is looked at."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [
        Metric(f"score/{name}", value, now, 0)
        for name, value in scores_of(report).items()
        if math.isfinite(value)
    ]
    client.log_batch(run_id, points)
    for file in REPORT_FILES:
        client.log_artifact(run_id, str(folder / file))
