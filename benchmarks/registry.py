"""Time of the registry's operations with ten and with ten thousand identities.

Fills SQLite registries through MLflow's own tables, then times `zoo` as people run it and the
functions beneath it. Usage:

    python benchmarks/registry.py [--models 10000] [--repeats 3] [--json]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import onnx
from machine import machine
from onnx import TensorProto, helper
from PIL import Image as Pillow

from zoo.products import receipts
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity
from zoo.registry.browse import find_version, show_model
from zoo.registry.local import cache
from zoo.registry.publishing.publish import publish
from zoo.registry.references import parse_reference
from zoo.storage import sha256_of, write_json
from zoo.tracking import connect, experiment_id

FIGURES = {f"figure_{number}": 0.123456 for number in range(41)}
SCORES = {"nearest_rate": 0.95, "landmark_difference": 4.0, "luminance_correlation": 0.9}


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (10, arguments.models):
            found |= measure(Path(folder) / str(count), count, arguments.repeats)
    few, many = (f"zoo list, {count} models" for count in (10, arguments.models))
    found["zoo list, ratio"] = found[many] / found[few]
    if arguments.json:
        print(json.dumps({"machine": machine(), **found}))
        return
    print(machine())
    for name, value in found.items():
        print(f"{name:48} {value:8.3f}{'' if 'ratio' in name else ' s'}")


def measure(folder: Path, count: int, repeats: int) -> dict[str, float]:
    """Seconds, the median of ``repeats``, with ``count`` identities."""
    folder.mkdir(parents=True)
    os.environ["ZOO_CACHE"] = str(folder / "cache")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    fill(uri, count)
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}

    def zoo(*arguments: str) -> None:
        command = [sys.executable, "-m", "zoo.cli.main", *arguments]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)

    def median(call: Callable[[], object]) -> float:
        taken = []
        for _ in range(repeats):
            begin = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begin)
        return statistics.median(taken)

    found = {}
    begin = time.perf_counter()
    zoo("list")
    found["zoo list, the first time"] = time.perf_counter() - begin
    found["zoo list"] = median(lambda: zoo("list"))
    fill_cache(uri, count)
    for _ in range(2):  # the index takes in what has not changed for two seconds
        zoo("list", "--cached")
    found["zoo list --cached"] = median(lambda: zoo("list", "--cached"))
    client = connect(uri)
    name = f"person-{count // 2:05}"
    find_version(client, uri, parse_reference(name))  # opens the store
    found["resolve NAME"] = median(lambda: find_version(client, uri, parse_reference(name)))
    found["show NAME"] = median(lambda: show_model(uri, name))
    made = [products(folder / "made", number) for number in range(repeats + 1)]
    register(made[0], uri)  # imports
    waiting = iter(made[1:])
    found["register one network"] = median(lambda: register(next(waiting), uri))
    return {f"{key}, {count} models": value for key, value in found.items()}


def fill(uri: str, count: int) -> None:
    """``count`` registered models of one version, as publishing leaves them."""
    experiment_id(connect(uri, create=True), uri)
    from mlflow.store.model_registry.dbmodels import models as tables
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    now = int(time.time() * 1000) - 10 * count * 1000
    move = {"at": "2026-01-01 00:00:00Z", "who": "ann@box", "before": None, "after": 1}
    model_tags = {
        "basis": "synthetic",
        "history.0001": json.dumps({**move, "alias": "candidate", "why": "published"}),
        "history.0002": json.dumps({**move, "alias": "champion", "why": "passed the gate"}),
    }
    version_tags = {
        "recipe": "quick",
        "receipt": "a" * 64,
        "data_revision": "b" * 64,
        "basis": "synthetic",
        "resolution": "64",
        "sha256": "c" * 64,
        "scores": json.dumps({**SCORES, **FIGURES}),
    }
    rows = []
    for number in range(count):
        key = {"workspace": "default", "name": f"person-{number:05}"}
        at = {"creation_time": now + 10_000 * number, "last_updated_time": now + 10_000 * number}
        rows.append(tables.SqlRegisteredModel(**key, **at, description="d" * 400))
        rows.append(
            tables.SqlModelVersion(
                **key,
                **at,
                version=1,
                current_stage="None",
                status="READY",
                source="models:/m-" + "0" * 32,
                storage_location="nowhere",
                run_id="0" * 32,
                description="d" * 2500,
            )
        )
        rows += [
            tables.SqlRegisteredModelTag(**key, key=tag, value=value)
            for tag, value in model_tags.items()
        ]
        rows += [
            tables.SqlModelVersionTag(**key, version=1, key=tag, value=value)
            for tag, value in version_tags.items()
        ]
        rows += [
            tables.SqlRegisteredModelAlias(**key, alias=alias, version=1)
            for alias in ("candidate", "champion")
        ]
    order = (
        tables.SqlRegisteredModel,
        tables.SqlModelVersion,
        tables.SqlRegisteredModelTag,
        tables.SqlModelVersionTag,
        tables.SqlRegisteredModelAlias,
    )
    with SqlAlchemyStore(uri).ManagedSessionMaker(read_only=False) as session:  # type: ignore[no-untyped-call]
        for table in order:  # what others refer to comes first
            session.bulk_save_objects([row for row in rows if isinstance(row, table)])


def fill_cache(uri: str, count: int) -> None:
    """As many pulled networks, of a few bytes each."""

    def fetch(path: Path) -> None:
        path.write_bytes(b"network")

    for number in range(count):
        card = {
            "identity": f"person-{number:05}",
            "version": 1,
            "sha256": "c" * 64,
            "basis": "synthetic",
            "recipe": "quick",
            "resolution": 64,
            "scores": {**SCORES, **FIGURES},
        }
        cache.store(uri, card, fetch)
        cache.remember_aliases(uri, str(card["identity"]), {"champion": 1, "candidate": 1})


def products(folder: Path, number: int) -> tuple[Identity, Path, Path]:
    """What training and evaluation leave, with a tiny network of its own."""
    name = f"new-{number}"
    model, report = folder / "models" / name, folder / "reports" / name
    model.mkdir(parents=True)
    report.mkdir(parents=True)
    shape: list[str | int | None] = ["N", 3, 64, 64]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["photo", "factor"], ["swapped"])],
        "tiny",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("swapped", TensorProto.FLOAT, shape)],
        [helper.make_tensor("factor", TensorProto.FLOAT, [], [float(number)])],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(network, model / "network.onnx")
    (model / "network.safetensors").write_bytes(b"0" * 350_000)
    lines = [f"{step},{1 / (1 + step)},{1 / (2 + step)}" for step in range(0, 800, 10)]
    (model / "curves.csv").write_text("\n".join(["step,total,content", *lines]) + "\n")
    for picture in (model / "preview.jpg", report / "sheet.jpg", report / "plots.png"):
        Pillow.fromarray(np.zeros((256, 512, 3), np.uint8)).save(picture)
    digest = {"sha256": sha256_of(model / "network.onnx")}
    write_json(report / "report.json", {**SCORES, **FIGURES, "network": digest, "rows": []})
    receipts.write(model, {"number": number}, recipe_name="quick", resolution=64)
    identity = Identity(name=name, basis=Basis.synthetic, person="ada", added=date(2026, 1, 1))
    return identity, model, report


def register(made: tuple[Identity, Path, Path], uri: str) -> int:
    """Publishes what :func:`products` made."""
    identity, model, report = made
    return publish(identity.name, model, report, receipts.read(model), identity, uri)


if __name__ == "__main__":
    main()
