"""The training plan: identities whose network's receipt does not match its inputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zoo.errors import IdentityError, ZooError
from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.networks.perceptual import Perceptual, resolve_perceptual
from zoo.networks.shipped import LIGHT, START, shipped_sha256
from zoo.products import receipts
from zoo.products.digests import Digests, digests
from zoo.provenance.identities.identity import Identity, find_identity, read_identity
from zoo.settings import Project, read_params
from zoo.storage import sha256_of
from zoo.training.recipes import Recipe, chosen_recipe

VERSION = "train-9"
"""A part of every network's receipt; raised when the same inputs give another network."""

CONTENT = "content.safetensors"


@dataclass(frozen=True)
class Planned:
    """One identity to train, and all that its network is made from."""

    identity: Identity
    recipe: Recipe
    """With the identity's own style weight."""
    aligned: Path
    made_from: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        """Of ``made_from``: what identifies the training."""
        return receipts.digest(self.made_from)


@dataclass(frozen=True)
class Plan:
    """The trainings of one run of the stage."""

    recipe_name: str
    recipe: Recipe
    perceptual: Perceptual
    content: Path
    stale: list[Planned]
    fresh: list[str]
    failed: dict[str, str]
    """Identities that cannot be trained, with the reason."""


def plan(project: Project, names: Sequence[str] = (), recipe: str | None = None) -> Plan:
    """What to train, of ``names`` or of all identities.

    Raises:
        ProjectError: ``params.yaml`` is wrong.
        UnknownIdentityError: one of ``names`` is not an identity of the project.
        IdentityError: there is no content pack.
        AssetError: the recipe's perceptual network cannot be had.
    """
    recipe_name, chosen = chosen_recipe(read_params(project), recipe)
    found, failed = _identities(project, names)
    content = _content(project)
    with digests(project) as known:
        perceptual = resolve_perceptual(chosen.perceptual, known.of)
        made_from_of = _inputs(project, known, chosen, perceptual)
        stale, fresh = [], []
        for identity in found:
            try:
                made_from = made_from_of(identity)
            except IdentityError as error:
                failed[identity.name] = str(error)
                continue
            product = project.models / identity.name
            if receipts.is_fresh(product, made_from) and same_basis(
                receipts.read(product), identity
            ):
                fresh.append(identity.name)
            else:
                own = chosen.with_style_weight(identity.style_weight)
                stale.append(Planned(identity, own, _aligned(project, identity), made_from))
    return Plan(recipe_name, chosen, perceptual, content, stale, fresh, failed)


def inputs(project: Project, known: Digests) -> Callable[[Identity], dict[str, Any]]:
    """What an identity's network is made from, by the recipe in use; downloads nothing.

    Raises:
        ProjectError: ``params.yaml`` is wrong.
        IdentityError: there is no content pack; by the function, no aligned faces.
        AssetError: the recipe's perceptual network is not at hand.
    """
    _, recipe = chosen_recipe(read_params(project))
    perceptual = resolve_perceptual(recipe.perceptual, known.of, download=False)
    return _inputs(project, known, recipe, perceptual)


def same_basis(receipt: Mapping[str, Any], identity: Identity) -> bool:
    """A network names the basis it was trained on; with another one it is not registered."""
    return bool(receipt.get("basis", identity.basis) == identity.basis)


def _inputs(
    project: Project, known: Digests, recipe: Recipe, perceptual: Perceptual
) -> Callable[[Identity], dict[str, Any]]:
    shared = {
        "maker": VERSION,
        "content": known.of(_content(project)),
        "perceptual": {"name": perceptual.name, "sha256": perceptual.sha256},
        "light": shipped_sha256(LIGHT) if recipe.light_weight else None,
        "descriptor": descriptor_sha256(recipe.identity_weight),
        "start": shipped_sha256(START) if recipe.start == "shipped" else None,
    }

    def of(identity: Identity) -> dict[str, Any]:
        style = known.of(_aligned(project, identity))
        own = recipe.with_style_weight(identity.style_weight)
        # Which perceptual network was chosen counts, not in which words.
        values = own.model_dump(mode="json", exclude={"perceptual"})
        return {**shared, "recipe": values, "identity": identity.name, "style": style}

    return of


def _content(project: Project) -> Path:
    content = project.content / CONTENT
    if not content.is_file():
        raise IdentityError(f"{content} is missing: run 'dvc repro content' first.")
    return content


def _aligned(project: Project, identity: Identity) -> Path:
    aligned = project.aligned / f"{identity.name}.safetensors"
    if not aligned.is_file():
        raise IdentityError(
            f"{aligned} is missing: run 'dvc repro align', which says why if it fails."
        )
    return aligned


def descriptor_sha256(identity_weight: float) -> str | None:
    """SHA-256 of dlib's descriptor network; None for a recipe without an identity term.

    Raises:
        AssetError: its file is missing.
    """
    return sha256_of(model_file(DESCRIPTOR)) if identity_weight else None


def _identities(project: Project, names: Sequence[str]) -> tuple[list[Identity], dict[str, str]]:
    """The records asked for; with no ``names`` a damaged record fails its identity only."""
    if names:
        return [find_identity(project, name) for name in names], {}
    found, failed = [], {}
    for folder in sorted(project.identities.glob("[!.]*/")):
        try:
            found.append(read_identity(folder))
        except ZooError as error:
            failed[folder.name] = str(error)
    return found, failed
