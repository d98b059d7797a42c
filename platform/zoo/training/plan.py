"""What there is to train: identities whose network's receipt no longer matches its inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo import makers, receipts
from zoo.digests import digests
from zoo.errors import IdentityError, ZooError
from zoo.faces.models import DESCRIPTOR, model_file
from zoo.networks.perceptual import Perceptual, resolve_perceptual
from zoo.networks.shipped import LIGHT, START, shipped_sha256
from zoo.provenance.identity import Identity, find_identity, read_identity
from zoo.settings import Project, read_params
from zoo.storage import sha256_of
from zoo.training.recipes import Recipe, chosen_recipe

MAKER = makers.TRAIN

CONTENT = "content.safetensors"


@dataclass(frozen=True)
class Planned:
    """One identity to train, and all that its network is made from."""

    identity: Identity
    aligned: Path
    made_from: dict[str, Any]


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
    content = project.content / CONTENT
    if not content.is_file():
        raise IdentityError(f"{content} is missing: run 'dvc repro content' first.")
    perceptual = resolve_perceptual(chosen.perceptual)
    with digests(project) as known:
        shared = {
            "maker": MAKER,
            "content": known.of(content),
            "recipe": chosen.model_dump(mode="json"),
            "perceptual": {"name": perceptual.name, "sha256": perceptual.sha256},
            "light": shipped_sha256(LIGHT) if chosen.light_weight else None,
            "descriptor": descriptor_sha256(chosen.identity_weight),
            "start": shipped_sha256(START) if chosen.start == "shipped" else None,
        }
        stale, fresh = [], []
        for identity in found:
            aligned = project.aligned / f"{identity.name}.safetensors"
            if not aligned.is_file():
                failed[identity.name] = (
                    f"{aligned} is missing: run 'dvc repro align', which says why if it fails."
                )
                continue
            made_from = {**shared, "identity": identity.name, "style": known.of(aligned)}
            product = project.models / identity.name
            # A network names the basis it was trained on; with another one it is not registered.
            basis = receipts.read(product).get("basis", identity.basis)
            if receipts.is_fresh(product, made_from) and basis == identity.basis:
                fresh.append(identity.name)
            else:
                stale.append(Planned(identity, aligned, made_from))
    return Plan(recipe_name, chosen, perceptual, content, stale, fresh, failed)


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
