"""Tags and model card of a registered version."""

import json
from collections.abc import Mapping
from typing import Any

from zoo.errors import RegistryError
from zoo.provenance.identities.identity import Identity
from zoo.registry.report_cards import by_sface
from zoo.registry.tags import SCORES, scores_in


def scores_of(report: Mapping[str, Any]) -> dict[str, float]:
    """The report's summary figures: every number at its top level."""
    return {
        name: float(value)
        for name, value in report.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    }


def tags_of(
    identity: Identity, receipt: Mapping[str, Any], resolution: int, sha256: str, report: Any
) -> dict[str, str]:
    """The tags of a version.

    Raises:
        RegistryError: the receipt does not say by which recipe and run the network was made.
    """
    missing = [key for key in ("digest", "recipe_name", "made_from") if key not in receipt]
    if missing:
        raise RegistryError(
            f"The receipt of {identity.name} lacks {', '.join(missing)}; train it again with "
            f"`zoo train {identity.name}`."
        )
    tags = {
        "recipe": str(receipt["recipe_name"]),
        "receipt": str(receipt["digest"]),
        "data_revision": data_revision(receipt),
        "basis": str(identity.basis),
        "resolution": str(resolution),
        "sha256": sha256,
    }
    if identity.evidence:
        tags["evidence"] = identity.evidence
    figures = {name: float(f"{value:.6g}") for name, value in scores_of(report).items()}
    tags[SCORES] = json.dumps(figures)
    return tags


def data_revision(receipt: Mapping[str, Any]) -> str:
    """Which state of the identity's photos a network was trained on: its aligned faces' SHA-256."""
    return str(receipt.get("made_from", {}).get("style", ""))


def model_card(identity: Identity) -> str:
    """Markdown for the registered model."""
    evidence = f" Evidence: {identity.evidence}" if identity.evidence else ""
    return (
        f"Face-swap networks for the identity **{identity.name}**: each turns an aligned face "
        f"into {identity.name}'s, with the pose, expression and light of the input.\n\n"
        f"Basis for using this face: **{identity.basis}**, recorded {identity.added}.{evidence}\n\n"
        f"```\nzoo swap --identity {identity.name} photo.jpg\n```\n"
    )


def version_card(
    identity: Identity, receipt: Mapping[str, Any], tags: Mapping[str, str], run_id: str
) -> str:
    """Markdown for one version; its pictures come from the run ``run_id``."""
    seconds = receipt.get("seconds")
    made = [
        ("recipe", tags["recipe"]),
        ("resolution", f"{tags['resolution']} × {tags['resolution']} px"),
        ("iterations", receipt.get("iterations")),
        ("training", f"{seconds:.0f} s" if isinstance(seconds, int | float) else None),
        ("basis", tags["basis"]),
        ("sha256", f"`{tags['sha256']}`"),
    ]
    rows = "\n".join(f"| {name} | {value} |" for name, value in made if value is not None)
    figures = "\n".join(
        f"| {name.replace('_', ' ')} | {value:.4g} |" for name, value in scores_in(tags).items()
    )
    judge = "SFace" if by_sface(scores_in(tags)) else "dlib's descriptor, the weaker recogniser"
    measured = ""
    if figures:
        head = f"| measured on held-out photos; likeness measured by {judge} | |"
        measured = f"\n{head}\n|---|---|\n{figures}\n"
    run = f"&run_uuid={run_id}"
    pictures = (
        f"![photos above, swaps below](get-artifact?path=preview.jpg{run})\n\n"
        f"![curves of the training](get-artifact?path=curves.png{run})\n\n"
        f"![how the figures are distributed](get-artifact?path=plots.png{run})\n\n"
        f"[All held-out photos and their swaps, the worst first](get-artifact?path=sheet.jpg{run})"
    )
    return (
        f"Turns a face into **{identity.name}**'s. Input `photo` and output `swapped`: aligned "
        f"faces, float32 [N, 3, {tags['resolution']}, {tags['resolution']}], RGB in 0..1.\n\n"
        f"| made by | |\n|---|---|\n{rows}\n{measured}\n{pictures}\n"
    )
