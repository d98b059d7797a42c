"""Status of each identity by stage, with the reason why a product is not fresh.

A product is stale when the inputs in its receipt differ from its stage's present inputs, or when
one of its inputs is stale.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from zoo.errors import IdentityError, ZooError
from zoo.products import failures, receipts
from zoo.products.digests import Digests, digests
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import Identity, read_identity
from zoo.settings import Project, read_params
from zoo.stages import align, evaluate, register, render, train
from zoo.training.logs import Logs
from zoo.training.stage import is_training


class Stage(Protocol):
    """What each module of a stage with a product per identity offers."""

    NAME: str

    def product(self, project: Project, name: str) -> Path: ...

    def inputs(
        self, project: Project, known: Digests
    ) -> Callable[[Identity], Mapping[str, Any]]: ...


STAGES: dict[str, Stage] = {
    "aligned": align,
    "trained": train,
    "evaluated": evaluate,
    "registered": register,
}
"""The stages by what an identity is after each."""

STEPS = tuple(STAGES)

_WORDS = {
    "maker": "code changed",
    "photos": "photos changed",
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
    "person": "record changed",
    "registry": "registry changed",
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
    read_params(project)
    with digests(project) as known:
        shared = _Shared(project, known)
        folders = sorted(project.identities.glob("[!.]*/"))
        return [_status(project, shared, folder) for folder in folders]


class _Shared:
    """Inputs that all identities share."""

    def __init__(self, project: Project, known: Digests) -> None:
        self.failed = {stage: failures.of_stage(project, stage) for stage in failures.STAGES}
        self.rendered_from = render.inputs(project, known)
        self.made_from = {step: _inputs(of, project, known) for step, of in STAGES.items()}
        self.trains = is_training(project)


def _inputs(
    stage: Stage, project: Project, known: Digests
) -> Callable[[Identity], Mapping[str, Any]]:
    """The stage's; where it cannot say what it needs at all, that is why each identity waits."""
    try:
        return stage.inputs(project, known)
    except ZooError as error:
        reason = str(error)

        def unknown(identity: Identity) -> Made:
            raise IdentityError(reason)

        return unknown


def _status(project: Project, shared: _Shared, folder: Path) -> Status:
    name, identity, problem = folder.name, None, None
    try:
        identity = read_identity(folder)
    except ZooError as error:
        problem = str(error)
    states: dict[str, State] = {}
    why: dict[str, str] = {}
    before, reason = _rendered(project, shared, identity)
    for step, stage in STAGES.items():
        product = stage.product(project, name)
        state, words = _state(product, shared.made_from[step], identity)
        network = step == "trained" and state is State.fresh
        if network and identity is not None and not train.same_basis(project, identity):
            state, words = State.stale, "basis changed"
        if state in {State.fresh, State.stale} and before is not State.fresh:
            state, words = State.stale, reason
        if state is not State.fresh and (said := shared.failed[stage.NAME].get(name)):
            state, words = State.failed, said
        if state is not State.fresh:
            why[step] = words
        states[step] = before = state
        reason = f"to be {step} again first"
    return Status(
        name=name,
        basis=str(identity.basis) if identity else "",
        photos=_photos(project, name),
        aligned=states["aligned"],
        trained=states["trained"],
        evaluated=states["evaluated"],
        registered=states["registered"],
        version=receipts.read(register.product(project, name)).get("version"),
        why=why,
        training=_training(project, name, trains=shared.trains),
        problem=problem,
    )


def _rendered(project: Project, shared: _Shared, identity: Identity | None) -> tuple[State, str]:
    """The photos of an identity that is a rendered person; others have none to render."""
    made_from = shared.rendered_from(identity) if identity else None
    if identity is None or made_from is None:
        return State.fresh, ""
    product = render.product(project, identity.name)
    state, why = _state(product, lambda _: made_from, identity)
    return state, f"to be rendered: {why}"


def _state(
    product: Path, made_from_of: Callable[[Identity], Made], identity: Identity | None
) -> tuple[State, str]:
    """Whether ``product`` was made from its present inputs, and what differs."""
    before = receipts.read(product).get("made_from")
    if not before or not product.exists():
        return State.missing, "not made yet"
    if identity is None:
        return State.stale, "record changed"
    try:
        now = made_from_of(identity)
    except ZooError as error:
        return State.stale, str(error)
    if receipts.is_fresh(product, now):
        return State.fresh, ""
    changed = receipts.changes(before, now)
    return State.stale, ", ".join(
        dict.fromkeys(_WORDS.get(key, "settings changed") for key in changed)
    )


def _photos(project: Project, name: str) -> int:
    with suppress(IdentityError):
        return len(align.photos_of(project, name))
    return 0


def _training(project: Project, name: str, *, trains: bool) -> str | None:
    """The last reported iteration of an unfinished training."""
    if not (project.root / "checkpoints" / name).is_dir():
        return None
    try:
        iteration, seconds = Logs(project).last_iteration(name)
    except OSError:
        iteration, seconds = None, _RECENT_SECONDS
    words = f"at iteration {iteration}" if iteration else "begun"
    return f"training, {words}" if trains and seconds < _RECENT_SECONDS else f"interrupted, {words}"
