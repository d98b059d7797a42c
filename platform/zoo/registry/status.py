"""How far each identity is on its way from photos to the registry, and why it is not further.

A product is stale when what its receipt says it was made from is no longer what is there, or
when what it was made from is stale itself. Settings are compared as they stand in
``params.yaml``; a default that only the code knows is left to ``dvc repro``, which has the last
word.
"""

import fcntl
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from zoo import failures, makers, receipts
from zoo.assets import locate
from zoo.digests import Digests, digests
from zoo.errors import PhotoError, ZooError
from zoo.faces.models import DESCRIPTOR, model_file
from zoo.photos.reading import find_photos
from zoo.provenance.identity import PHOTOS, Identity, read_identity
from zoo.settings import Project, read_params
from zoo.untrusted import opened

STEPS = {"aligned": "align", "trained": "train", "evaluated": "evaluate", "registered": "register"}
"""An identity's products, and the stages that make them."""

_WORDS = {
    "maker": "code changed",
    "photos": "photos changed",
    "settings": "settings changed",
    "style": "aligned faces changed",
    "content": "content changed",
    "recipe": "recipe changed",
    "perceptual": "perceptual network changed",
    "light": "light network changed",
    "descriptor": "descriptor network changed",
    "start": "start network changed",
    "recogniser": "recogniser changed",
    "network": "network changed",
    "descriptors": "photos changed",
    "held_out": "held-out photos changed",
    "report": "report changed",
    "gate": "gate changed",
    "identity": "record changed",
}
_RECENT_SECONDS = 600.0  # since a line was written about a training that runs


class State(StrEnum):
    """Of one product."""

    fresh = "fresh"
    stale = "stale"
    missing = "missing"
    failed = "failed"


@dataclass(frozen=True)
class Status:
    """Of one identity.

    Attributes:
        name: the identity.
        basis: for using its face.
        photos: how many it has.
        aligned: its faces.
        trained: its network.
        evaluated: its report card.
        registered: its version in the registry.
        version: that version.
        why: for each step that is not fresh, the reason.
        training: how far a training that runs, or was interrupted, has come.
        problem: what is wrong with its record, if anything is.
    """

    name: str
    basis: str
    photos: int
    aligned: State
    trained: State
    evaluated: State
    registered: State
    version: int | None
    why: Mapping[str, str] = field(default_factory=dict)
    training: str | None = None
    problem: str | None = None


def project_status(project: Project) -> list[Status]:
    """Of every identity, by name.

    Raises:
        ProjectError: ``params.yaml`` is wrong.
    """
    params = read_params(project)
    with digests(project) as known:
        shared = _Shared.of(project, params, known)
        folders = sorted(project.identities.glob("[!.]*/"))
        return [_status(project, params, shared, folder) for folder in folders]


@dataclass(frozen=True)
class _Shared:
    """What is the same for all identities."""

    known: Digests
    content: str
    held_out: str
    perceptual: dict[str, str]
    light: str
    descriptor: str | None
    start: str | None
    recogniser: str | None
    failed: Mapping[str, Mapping[str, str]]
    trains: bool
    """Whether a process of this machine trains in the project now."""

    @classmethod
    def of(cls, project: Project, params: Mapping[str, Any], known: Digests) -> "_Shared":
        choice = _recipe(params).get("perceptual", "auto")
        vgg = locate("vgg19") if choice in {"auto", "vgg19"} else None
        judge = _mapping(params.get("evaluate")).get("recogniser", "auto")
        sface = locate("sface") if judge in {"auto", "sface"} else None
        dlib = model_file(DESCRIPTOR) if _recipe(params).get("identity_weight") else None
        shipped = files("zoo") / "networks"
        with (
            as_file(shipped / "compact.safetensors") as compact,
            as_file(shipped / "light.safetensors") as light,
            as_file(shipped / "start.safetensors") as start,
        ):
            return cls(
                known=known,
                content=_digest(known, project.content / "content.safetensors"),
                held_out=_digest(known, project.content / "held_out.json"),
                perceptual={
                    "name": "vgg19" if vgg else "compact",
                    "sha256": _digest(known, vgg or compact),
                },
                light=_digest(known, light),
                descriptor=_digest(known, dlib) if dlib else None,
                start=_digest(known, start) if _recipe(params).get("start") == "shipped" else None,
                recogniser=_digest(known, sface) if sface else None,
                failed={stage: failures.of_stage(project, stage) for stage in failures.STAGES},
                trains=_trains(project),
            )


def _status(project: Project, params: Mapping[str, Any], shared: _Shared, folder: Path) -> Status:
    name, identity, problem = folder.name, None, None
    try:
        identity = read_identity(folder)
    except ZooError as error:
        problem = str(error)
    known = shared.known
    photos = _photos(project, name, known)
    pack = project.aligned / f"{name}.safetensors"
    network = _digest(known, project.models / name / "network.onnx")
    inputs: dict[str, tuple[Path, dict[str, Any]]] = {
        "aligned": (
            pack,
            {"maker": makers.ALIGN, "photos": photos, "settings": params.get("align")},
        ),
        "trained": (
            project.models / name,
            {
                "maker": makers.TRAIN,
                "style": _digest(known, pack),
                "content": shared.content,
                "recipe": _recipe(params),
                "perceptual": shared.perceptual,
                "light": shared.light if _recipe(params).get("light_weight", 1) else None,
                "descriptor": shared.descriptor,
                "start": shared.start,
            },
        ),
        "evaluated": (
            project.reports / name,
            {
                "maker": makers.EVALUATE,
                "network": network,
                "descriptors": _digest(known, project.aligned / f"{name}.descriptors.npy"),
                "held_out": shared.held_out,
                "recogniser": shared.recogniser,
                "settings": params.get("evaluate"),
            },
        ),
        "registered": (
            project.root / "registered" / f"{name}.json",
            {
                "maker": makers.REGISTER,
                "network": network,
                "report": _digest(known, project.reports / name / "report.json"),
                "identity": identity.model_dump(mode="json") if identity else None,
                "gate": params.get("gate"),
            },
        ),
    }
    states: dict[str, State] = {}
    why: dict[str, str] = {}
    before, reason = _rendered(project, params, identity)
    for step, (product, made_from) in inputs.items():
        state, words = _state(product, made_from)
        if step == "trained" and state is State.fresh and not _same_basis(product, identity):
            state, words = State.stale, "basis changed"
        if state is State.fresh and before is not State.fresh:
            state, words = State.stale, reason
        if state is not State.fresh and (said := shared.failed[STEPS[step]].get(name)):
            state, words = State.failed, said
        if state is not State.fresh:
            why[step] = words
        states[step] = before = state
        reason = f"to be {step} again first"
    receipt = receipts.read(inputs["registered"][0])
    return Status(
        name=name,
        basis=str(identity.basis) if identity else "",
        photos=len(photos),
        aligned=states["aligned"],
        trained=states["trained"],
        evaluated=states["evaluated"],
        registered=states["registered"],
        version=receipt.get("version"),
        why=why,
        training=_training(project, name, shared.trains),
        problem=problem,
    )


def _recipe(params: Mapping[str, Any]) -> dict[str, Any]:
    recipes, name = _mapping(params.get("recipes")), params.get("recipe")
    return _mapping(recipes.get(name)) if isinstance(name, str) else {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rendered(
    project: Project, params: Mapping[str, Any], identity: Identity | None
) -> tuple[State, str]:
    """The photos of an identity that is a rendered person; others have none to render."""
    if identity is None or identity.person is None:
        return State.fresh, ""
    settings = dict(_mapping(params.get("render")))
    if identity.renders:
        settings["photos"] = identity.renders
    made_from = {"maker": makers.RENDER, "person": identity.person, **settings}
    state, why = _state(project.rendered / identity.name, made_from)
    return state, f"to be rendered: {why}"


def _photos(project: Project, name: str, known: Digests) -> dict[str, str]:
    """SHA-256 of the identity's own and rendered photos, by path in the project."""
    folders = [project.identities / name / PHOTOS, project.rendered / name]
    try:
        found = find_photos([folder for folder in folders if folder.is_dir()])
    except PhotoError:  # none yet
        return {}
    return {path.relative_to(project.root).as_posix(): known.of(path) for path in found}


def _state(product: Path, inputs: Mapping[str, Any]) -> tuple[State, str]:
    """Whether ``product`` was made from ``inputs``, and what differs; settings may hold more."""
    made_from = receipts.read(product).get("made_from")
    if not made_from or not product.exists():
        return State.missing, "not made yet"
    changed = [key for key, value in inputs.items() if not _agrees(made_from.get(key), value)]
    if not changed:
        return State.fresh, ""
    words = dict.fromkeys(_WORDS.get(key, "settings changed") for key in changed)
    return State.stale, ", ".join(words)


def _agrees(made: Any, now: Any) -> bool:
    """``photos`` must be the same altogether; of settings, what ``params.yaml`` says."""
    if isinstance(made, dict) and isinstance(now, dict):
        if any("/" in key for key in made):
            return made == now
        return all(_agrees(made.get(key), value) for key, value in now.items())
    if isinstance(made, list) and isinstance(now, list):
        return len(made) == len(now) and all(map(_agrees, made, now))
    return bool(made == now)


def _same_basis(product: Path, identity: Identity | None) -> bool:
    """A network names the basis it was trained on; with another one it is not registered."""
    return identity is None or receipts.read(product).get("basis", identity.basis) == identity.basis


def _training(project: Project, name: str, trains: bool) -> str | None:
    """The last iteration that a training without an end has told of."""
    if not (project.root / "checkpoints" / name).is_dir():
        return None
    log = project.root / "logs" / f"{name}.log"
    said = ""
    try:
        recent = time.time() - log.stat().st_mtime < _RECENT_SECONDS
        with opened(log) as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
        said = next((line for line in reversed(lines) if " iteration " in line), "")
    except OSError:
        recent = False
    words = f"at iteration {said.split(' iteration ')[1].split()[0]}" if said else "begun"
    return f"training, {words}" if trains and recent else f"interrupted, {words}"


def _trains(project: Project) -> bool:
    """Whether somebody holds the lock that a training of the project takes."""
    try:
        handle = os.open(project.root / "checkpoints", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _digest(known: Digests, path: Path) -> str:
    try:
        return known.of(path)
    except OSError:
        return ""
