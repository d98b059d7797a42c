"""Parses swap options of the command line and of requests.

A face is ``largest``, ``left``, ``right``, a number (0 is the largest), or a photo of the person;
``all`` are all.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from zoo.errors import UsageError
from zoo.faces.masks.preserved_regions import PARTS, Part
from zoo.printable import printable
from zoo.swapping.options import PLACES, Portrait, Who

MOST = 100
"""Faces that may be chosen one by one."""

Read = Callable[[str], Portrait | None]
"""Whom a reference photo of this name shows; None when there is no such photo."""


def faces_of(texts: Sequence[str], read: Read) -> list[Who | Literal["all"]]:
    """The faces that ``texts`` name; each may be several numbers, as in ``0,2``.

    Raises:
        UsageError: one is no face.
        PhotoError: a reference photo cannot be read or does not show one person.
    """
    found: dict[Who | Literal["all"], None] = {}
    for text in texts:
        if text == "all":
            found["all"] = None
        elif re.fullmatch(r"\d{1,3}(,\d{1,3})+", text):
            found.update((int(number), None) for number in text.split(","))
        else:
            found[face_of(text, read)] = None
    if len(found) > MOST:
        raise UsageError(f"{len(found)} faces are chosen; choose at most {MOST}, or all.")
    return list(found)


def mapping_of(texts: Sequence[str], read: Read) -> list[tuple[Who, str]]:
    """Faces and the identities for them, of texts such as ``left=bruno``.

    Raises:
        UsageError: one is no such text, or two are of one face.
        PhotoError: see :func:`faces_of`.
    """
    if len(texts) > MOST:
        raise UsageError(f"{len(texts)} faces are mapped; map at most {MOST}.")
    found: dict[Who, str] = {}
    for text in texts:
        face, sign, identity = text.rpartition("=")  # the name of a photo may hold one
        if not (face and sign and identity):
            raise UsageError(
                f"{_short(text)} does not map a face to an identity; write FACE=IDENTITY, such as "
                "left=ada, 0=ada or photo-of-anna.jpg=ada."
            )
        who = face_of(face, read)
        if found.get(who, identity) != identity:
            raise UsageError(f"{_short(face)} is mapped to {found[who]} and to {identity}.")
        found[who] = identity
    return list(found.items())


def face_of(text: str, read: Read) -> Who:
    """The one face that ``text`` names.

    Raises:
        UsageError: it names none.
        PhotoError: see :func:`faces_of`.
    """
    for place in PLACES:
        if text == place:
            return place
    if re.fullmatch(r"\d{1,3}", text):
        return int(text)
    if (found := read(text)) is not None:
        return found
    raise UsageError(
        f"{_short(text)} is not a face; give all, largest, left, right, numbers such as 0,2 (0 "
        "is the "
        "largest), or an existing photo of the person."
    )


def parts_of(texts: Sequence[str]) -> tuple[Part, ...]:
    """The parts to keep, from texts such as ``mouth`` or ``mouth,eyes``.

    Raises:
        UsageError: one is none of the parts.
    """
    wanted = {part.strip() for text in texts for part in text.split(",") if part.strip()}
    if unknown := sorted(wanted - set(PARTS)):
        raise UsageError(f"{_short(unknown[0])} cannot be kept; give {', '.join(PARTS)}.")
    return tuple(part for part in PARTS if part in wanted)


def _short(text: str) -> str:
    return repr(printable(text)[:60])
