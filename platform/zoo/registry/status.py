"""How far each identity is on its way from photos to the registry, from receipts alone.

A product is stale when what its receipt says it was made from is no longer what is there, or
when what it was made from is stale itself. Only inputs are compared, not the code's version:
``dvc repro``, which compares both, has the last word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from zoo import receipts
from zoo.errors import PhotoError, ZooError
from zoo.photos.reading import find_photos
from zoo.provenance.identity import PHOTOS, read_identity
from zoo.settings import Project, read_params
from zoo.storage import sha256_of


class State(StrEnum):
    """Of one product."""

    fresh = "fresh"
    stale = "stale"
    missing = "missing"


@dataclass(frozen=True)
class Status:
    """Of one identity. ``problem`` says what is wrong with its record, if anything is."""

    name: str
    basis: str
    photos: int
    aligned: State
    trained: State
    evaluated: State
    registered: State
    version: int | None
    problem: str | None = None


def project_status(project: Project) -> list[Status]:
    """Of every identity, by name.

    Raises:
        ProjectError: ``params.yaml`` is wrong.
    """
    params = read_params(project)
    shared = {
        "content": _digest(project.content / "content.safetensors"),
        "held_out": _digest(project.content / "held_out.json"),
    }
    folders = sorted(project.identities.glob("[!.]*/"))
    return [_status(project, params, shared, folder) for folder in folders]


def _status(
    project: Project, params: Mapping[str, Any], shared: Mapping[str, str], folder: Path
) -> Status:
    name, basis, problem = folder.name, "", None
    try:
        basis = str(read_identity(folder).basis)
    except ZooError as error:
        problem = str(error)
    photos = _photos(project, name)
    pack = project.aligned / f"{name}.safetensors"
    network = project.models / name / "network.onnx"
    report = project.reports / name / "report.json"
    entry = project.root / "registered" / f"{name}.json"

    recipe = params.get("recipes", {}).get(params.get("recipe"), {})
    aligned = _state(pack, {"photos": photos, "settings": params.get("align")})
    trained = _state(
        project.models / name,
        {"style": _digest(pack), "content": shared["content"], "recipe": recipe},
        aligned,
    )
    evaluated = _state(
        project.reports / name,
        {
            "network": _digest(network),
            "descriptors": _digest(project.aligned / f"{name}.descriptors.npy"),
            "held_out": shared["held_out"],
            "settings": params.get("evaluate"),
        },
        trained,
    )
    registered = _state(
        entry,
        {"network": _digest(network), "report": _digest(report), "gate": params.get("gate")},
        evaluated,
    )
    version = receipts.read(entry).get("version")
    return Status(
        name, basis, len(photos), aligned, trained, evaluated, registered, version, problem
    )


def _photos(project: Project, name: str) -> dict[str, str]:
    """SHA-256 of the identity's own and rendered photos, by path in the project."""
    folders = [project.identities / name / PHOTOS, project.rendered / name]
    try:
        found = find_photos([folder for folder in folders if folder.is_dir()])
    except PhotoError:  # none yet
        return {}
    return {path.relative_to(project.root).as_posix(): sha256_of(path) for path in found}


def _state(product: Path, inputs: Mapping[str, Any], before: State = State.fresh) -> State:
    """Whether ``product`` was made from ``inputs``; settings may hold defaults besides."""
    made_from = receipts.read(product).get("made_from", {})
    if not product.exists() or not made_from:
        return State.missing
    same = all(_agrees(made_from.get(key), value) for key, value in inputs.items())
    return State.fresh if same and before is State.fresh else State.stale


def _agrees(made: Any, now: Any) -> bool:
    if isinstance(made, dict) and isinstance(now, dict):
        return all(made.get(key) == value for key, value in now.items())
    return bool(made == now)


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""
