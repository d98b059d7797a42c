"""Parses the tags of a registry as untrusted data.

Whoever can reach the registry can write any tag. A malformed tag is reported for its own identity
only.
"""

import math
import re
from collections.abc import Mapping

from zoo.errors import SlugError
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.names import check_name
from zoo.untrusted import parse_json

SCORES = "scores"
"""The tag that holds the report's figures, as JSON: MLflow reads every tag of what it lists, and
forty of them per version made lists four times as slow."""

_MOST_SCORES = 1000
_LARGEST = 65536  # pixels


class TagError(ValueError):
    """A tag that zoo cannot have written, with its name and value."""


def resolution_in(tags: Mapping[str, str]) -> int:
    """The side of the faces that the network takes, pixels; 0 when no tag says.

    Raises:
        TagError: the tag is no such number.
    """
    said = tags.get("resolution", "0")
    if said.isascii() and said.isdigit() and len(said) <= 5 and int(said) <= _LARGEST:
        return int(said)
    raise TagError(f"its tag 'resolution' is {said[:40]!r}, which is not a number of pixels")


def scores_in(tags: Mapping[str, str]) -> dict[str, float]:
    """The figures back from a version's tags; none when others wrote them.

    What is no finite number counts as not measured.
    """
    try:
        return _figures(tags)
    except TagError:
        return {}


def problem_in(tags: Mapping[str, str]) -> str:
    """The error in a version's tags, in words; empty if there is none."""
    try:
        resolution_in(tags)
        _figures(tags)
    except TagError as error:
        return str(error)
    digest = tags.get("sha256", "")
    if not is_sha256(digest):
        return f"its tag 'sha256' is {digest[:40]!r}, which is not a SHA-256"
    basis = tags.get("basis", "")
    if basis and basis not in set(Basis):
        return f"its tag 'basis' is {basis[:40]!r}, which is not a basis"
    return ""


def is_sha256(text: str) -> bool:
    """Whether it is a SHA-256 in hex, and so may be part of a file's name."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def is_identity(name: str) -> bool:
    """Whether a registered model has a name that an identity can have."""
    try:
        return check_name(name) == name
    except SlugError:
        return False


def _figures(tags: Mapping[str, str]) -> dict[str, float]:
    if SCORES not in tags:
        return {}
    try:
        found = parse_json(tags[SCORES])
        if not isinstance(found, dict) or len(found) > _MOST_SCORES:
            raise TagError(f"its tag '{SCORES}' is not a table of figures")
        figures = {str(name): float(value) for name, value in found.items()}
    except (ValueError, TypeError, OverflowError) as error:
        raise TagError(f"its tag '{SCORES}' is not a table of figures") from error
    return {name: value for name, value in figures.items() if math.isfinite(value)}
