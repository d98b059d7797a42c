"""Parses a swap request and builds its response."""

import re
from collections.abc import Sequence
from pathlib import Path

from fastapi import Response

from zoo.errors import UsageError
from zoo.serving.deployment.backend import Backend, Chosen
from zoo.serving.upload_swapping import Result

_MOST_LETTERS = 400  # of a face and an identity


async def choose(
    backend: Backend, most: int, identity: str | None, maps: Sequence[str]
) -> tuple[list[Chosen], tuple[tuple[str, int], ...]]:
    """The networks, each once, and the faces that ``maps`` name with the numbers of theirs.

    Args:
        backend: knows them.
        most: networks in one photo.
        identity: whose is the first, if anybody's.
        maps: texts such as ``left=bruno``; what is no face is found out later.

    Raises:
        UsageError: none is asked for, too many are, or a text is no map.
        ZooError: what else the backend raises.
    """
    pairs = [_pair(text) for text in maps]
    named = ([identity] if identity is not None else []) + [name for _, name in pairs]
    if not named:
        raise UsageError("Name the identity to swap in with 'identity' or 'map'.")
    if len(set(named)) > most:
        raise UsageError(
            f"{len(set(named))} identities are named; this server takes {most} in one photo."
        )
    chosen: list[Chosen] = []
    numbers: dict[str, int] = {}
    for name in dict.fromkeys(named):
        one = await backend.choose(name)
        chosen += [one] if one not in chosen else []
        numbers[name] = chosen.index(one)
    return chosen, tuple((face, numbers[name]) for face, name in pairs)


def answer(result: Result, chosen: Sequence[Chosen], name: str | None) -> Response:
    """The response with the swapped photo, under the upload's ``name``, and its headers."""
    suffix = result.media_type.partition("/")[2].replace("jpeg", "jpg")
    used = [one for one, faces in zip(chosen, result.by, strict=True) if faces]
    tail = "-".join(dict.fromkeys(one.identity for one in used))
    networks = (f"{one.key}; sha256={one.sha256}; basis={one.basis}" for one in used)
    return Response(
        result.encoded,
        media_type=result.media_type,
        headers={
            "Content-Disposition": f'inline; filename="{_stem(name)}-{tail}.{suffix}"',
            "Server-Timing": f"swap;dur={result.seconds * 1000:.1f}",
            "Zoo-Faces": str(result.faces),
            **({"Zoo-Dropped": ", ".join(result.dropped)} if result.dropped else {}),
            **({"Zoo-Missing": _ascii(", ".join(result.missing))} if result.missing else {}),
            "Zoo-Network": ", ".join(networks),
        },
    )


def _pair(text: str) -> tuple[str, str]:
    face, _, name = text[:_MOST_LETTERS].rpartition("=")
    if not face or not name:
        raise UsageError(
            f"{text[:40]!r} does not map a face to an identity; send FACE=NAME, such as left=ada."
        )
    return face, name


def _ascii(text: str) -> str:
    """For a header, which holds no more: what names hold beyond it becomes a question mark."""
    return text.encode("ascii", "replace").decode()


def _stem(name: str | None) -> str:
    stem = Path((name or "photo").replace("\\", "/")).stem
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._-")[:80] or "photo"
