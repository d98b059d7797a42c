"""The C2PA manifest: how an output was made.

Plain data, from the standard library; :mod:`.signing` binds it to a file. No path, no file name
and no name of a person or machine goes in.

Source: C2PA Technical Specification 2.2, Actions and Ingredient assertions
(https://spec.c2pa.org/specifications/specifications/2.2/specs/C2PA_Specification.html).

Of an input's own manifests the chain of what was done may travel on: actions, hashes, ingredients,
and which networks were used. Everything else is redacted as C2PA provides for: places, owners,
serial numbers, and thumbnails, which would still show the face that was there. What was signed as a
part of a claim itself, such as a title, stays.

Source: C2PA Technical Specification 2.2, Redaction of Assertions.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from zoo import __version__
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking

SWAP = "faceswap-zoo.swap"
"""The label of the assertion that names identity, network, basis, input and settings."""

INPUT = "input"

Setting = str | int | float | bool


@dataclass(frozen=True)
class Made:
    """How an output was made: the content of its manifest.

    Attributes:
        by: the identity, its network and the basis for using the face.
        source: the input, as a path or its bytes. It becomes the parent ingredient: its SHA-256
            is kept, and the manifest that it carries itself, but neither its name nor its pixels.
        settings: with which options, such as ``{"faces": "all", "method": "feather"}``.
    """

    by: Marking
    source: Path | bytes | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


def definition(
    made: Made, input_sha256: str | None, redactions: Sequence[str] = ()
) -> dict[str, Any]:
    """The manifest for ``made``, without its ingredient, as c2pa's builder takes it.

    ``redactions`` are JUMBF addresses of what is withheld of the input's own manifests.
    """
    software = {"name": "faceswap-zoo", "version": __version__}
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "softwareAgent": software,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "description": made.by.sentence,
    }
    first: dict[str, Any] = {
        "action": "c2pa.opened",
        "parameters": {"ingredientIds": [INPUT]},
    }
    if input_sha256 is None:
        first = {"action": "c2pa.created", "digitalSourceType": DIGITAL_SOURCE_TYPE}
    swap: dict[str, Any] = {
        **made.by.facts,
        "settings": dict(made.settings),
    }
    if made.by.also:
        swap["also"] = [one.facts for one in made.by.also]
    if input_sha256 is not None:
        swap["input_sha256"] = input_sha256
    withheld = [
        {
            "action": "c2pa.redacted",
            "reason": "c2pa.PII.present",
            "parameters": {"redacted": address},
            "description": "Private data of the input's manifest was redacted.",
        }
        for address in redactions
    ]
    return {
        "claim_generator_info": [software],
        "redactions": list(redactions),
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [first, *withheld, edited]}},
            {"label": SWAP, "data": swap},
        ],
    }


def ingredient() -> dict[str, str]:
    """The input, as the parent of the output."""
    return {"label": INPUT, "relationship": "parentOf", "title": "the input"}


_KEPT = ("c2pa.actions", "c2pa.hash.", "c2pa.ingredient", SWAP)
_READING = {
    "core": {"allowed_network_hosts": []},
    "verify": {"verify_after_reading": False, "remote_manifest_fetch": False},
}


def private_assertions(source: BinaryIO, kind: str) -> list[str]:
    """JUMBF addresses of what is to be redacted of the manifests in ``source``, of type ``kind``.

    Raises:
        c2pa.C2paError: its manifests are damaged.
    """
    import c2pa

    source.seek(0)
    try:
        with (
            c2pa.Context.from_dict(_READING) as context,
            c2pa.Reader(kind, source, None, context) as reader,
        ):
            manifests = json.loads(reader.detailed_json()).get("manifests")
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return []
    if not manifests:  # c2pa gives the reason in their place
        raise c2pa.C2paError("the manifests of the input are damaged")
    return [
        f"self#jumbf=/c2pa/{label}/c2pa.assertions/{assertion}"
        for label, manifest in manifests.items()
        for assertion in manifest["assertion_store"]
        if not assertion.startswith(_KEPT)
    ]
