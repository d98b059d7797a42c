"""A real SQLite registry, and what the stages leave for it to register."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.networks_on_disk import SIZE, write_network
from zoo.products import receipts
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity
from zoo.registry.publishing.publish import publish
from zoo.storage import sha256_of
from zoo.tracking import connect, settle

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

SHA = "0123456789abcdef" * 4
GOOD = {"nearest_rate": 0.95, "landmark_difference": 4.0, "luminance_correlation": 0.8}


@dataclass(frozen=True)
class Trained:
    """What the stages train and evaluate leave for one identity."""

    identity: Identity
    model: Path
    report: Path

    @property
    def receipt(self) -> dict[str, Any]:
        return receipts.read(self.model)

    def publish(self, uri: str) -> int:
        return publish(
            self.identity.name, self.model, self.report, self.receipt, self.identity, uri
        )


def rows_of(figures: dict[str, float], photos: int = 20) -> list[dict[str, Any]]:
    """Photos that have these figures on average, the first ones nearest to the identity."""
    nearest = round(photos * figures["nearest_rate"])
    return [
        {
            "photo": f"photo-{number}",
            "unswapped_distance": 0.8 + number / 100,
            "finished": {
                "distance": 0.3 if number < nearest else 0.6,
                "nearest_other": "the person in the photo",
                "distance_to_other": 0.5,
                "landmark_difference": figures["landmark_difference"],
                "luminance_correlation": figures["luminance_correlation"],
            },
        }
        for number in range(photos)
    ]


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., Trained]:
    """Makes an identity's products; ``factor`` tells trainings apart."""

    def make(
        name: str = "ada", factor: float = 1.0, folder: str = "project", **scores: float
    ) -> Trained:
        model = tmp_path / folder / "models" / name
        report = tmp_path / folder / "reports" / name
        write_network(model / "network.onnx", factor, identity=name)
        (model / "network.safetensors").write_bytes(b"weights")
        steps = range(0, 200, 10)
        lines = [f"{step},{2 / (1 + step)},{1 / (1 + step)}" for step in steps]
        (model / "curves.csv").write_text("\n".join(["step,total,content", *lines]) + "\n")
        picture = np.full((32, 64, 3), 90, np.uint8)
        cv2.imwrite(str(model / "preview.jpg"), picture)
        report.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(report / "sheet.jpg"), picture)
        cv2.imwrite(str(report / "plots.png"), picture)
        figures = {**GOOD, **scores}
        network = {"sha256": sha256_of(model / "network.onnx"), "recipe": "quick"}
        card = {**figures, "network": network, "gallery": ["bruno"], "rows": rows_of(figures)}
        (report / "report.json").write_text(json.dumps(card))
        made_from = {"style": f"faces of {name}", "factor": factor}
        receipts.write(
            model, made_from, recipe_name="quick", resolution=SIZE, iterations=200, seconds=9.0
        )
        identity = Identity(name=name, basis=Basis.synthetic, person=name, added=date(2026, 1, 1))
        return Trained(identity, model, report)

    return make


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite registry without models: making its tables takes seconds, copying it does not."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}", create=True).search_experiments()
    settle(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_uri(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A registry of this test's own, with its files in ``project``, and a cache of its own."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "project" / "mlflow.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(empty_store.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def uri(sqlite_uri: str) -> str:
    """An empty registry; tests that ask for this one pass on a server too."""
    return sqlite_uri


def register(client: "MlflowClient", name: str, versions: int = 1, **tags: str) -> None:
    """Registers ``versions`` more networks of ``name`` that have tags and no files."""
    if not client.search_registered_models(f"name = '{name}'", max_results=1):
        client.create_registered_model(name)
    for _ in range(versions):
        client.create_model_version(name, "file:///nowhere", tags={"sha256": SHA, **tags})


@pytest.fixture(scope="session")
def plain_uri(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registry that is filled once and only read.

    ada: 12 versions, champion and candidate 2, old 1; bea: candidate 1 of 2; eve: aliases of
    others; carl: no alias; nobody: no version; a name that no identity has; a lease.
    """
    path = tmp_path_factory.mktemp("plain") / "mlflow.db"
    path.write_bytes(empty_store.read_bytes())
    client = connect(uri := f"sqlite:///{path}")
    scores = json.dumps({"cosine": 0.5, "x": float("nan")})
    register(client, "ada", resolution="x")
    register(client, "ada", recipe="quick", resolution="64", basis="synthetic", scores=scores,
             receipt="r", data_revision="d")  # fmt: skip
    register(client, "ada", 10)
    register(client, "bea", 2)
    register(client, "eve", 2)
    register(client, "carl", receipt="r")
    for name in ("nobody", "Ada B", "ada.lease"):
        client.create_registered_model(name)
    move = {"at": "", "who": "", "alias": "champion", "before": None, "after": 2, "why": "better"}
    client.set_registered_model_tag("ada", "history.0001", json.dumps(move))
    for name, alias, version in (
        ("ada", "champion", 2), ("ada", "candidate", 2), ("ada", "old", 1),
        ("bea", "candidate", 1), ("eve", "b", 2), ("eve", "a", 1),
    ):  # fmt: skip
        client.set_registered_model_alias(name, alias, str(version))
    return uri
