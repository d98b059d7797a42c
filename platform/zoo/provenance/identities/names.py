"""Names of identities: slugs, because they become folders, URLs and registered models."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

from zoo.errors import SlugError

MAX_LENGTH = 63
_SLUG = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{MAX_LENGTH - 1}}}")


def check_name(name: str) -> str:
    """``name`` itself, when it is a slug: lower-case letters, digits and hyphens, at most 63.

    Raises:
        SlugError: it is not; the sentence proposes one that is.
    """
    if _SLUG.fullmatch(name):
        return name
    proposal = _slug_like(name)
    example = f", for example {proposal!r}" if proposal else ""
    raise SlugError(
        f"{name[:80]!r} is not a valid name: use 1 to {MAX_LENGTH} lower-case letters, digits "
        f"and hyphens, starting with a letter or digit{example}."
    )


def near_names(name: str, known: Iterable[str]) -> str:
    """`` (did you mean ada or bruno?)``, or nothing when no known name is near."""
    near = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _slug_like(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_LENGTH].strip("-")
