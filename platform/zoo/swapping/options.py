"""Swap options: which faces get which network, and how they are composited.

One value, made once from a command line or a request (:mod:`.option_parsing`) and handed on whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from zoo.errors import UsageError
from zoo.faces.compositing.blending import Method
from zoo.faces.masks.preserved_regions import PARTS, Part
from zoo.provenance.credentials.marking import Marking

Place = Literal["largest", "left", "right"]

PLACES: tuple[Place, ...] = ("largest", "left", "right")


@dataclass(frozen=True)
class Portrait:
    """Someone, as a reference photo shows them.

    Attributes:
        descriptor: see :mod:`zoo.faces.recognition.descriptors`; 128 numbers.
        sha256: of the photo.
        name: of the photo, for messages; no manifest has it.
    """

    descriptor: tuple[float, ...]
    sha256: str
    name: str = field(compare=False)


Who = Place | int | Portrait
"""A face of a picture, or a person of a video: by place, by number (0 is the largest), by photo."""


@dataclass(frozen=True)
class FaceSelection:
    """Who gets which network's face.

    Attributes:
        who: ``"all"`` are those that no other choice means.
        network: its number among the networks of a swap.
        yields: whether it gives way to another choice that means the same face.
    """

    who: Who | Literal["all"]
    network: int = 0
    yields: bool = False


@dataclass(frozen=True)
class CompositingOptions:
    """How a swapped face is put in.

    Attributes:
        method: how the seam is closed.
        keep: what of the photo's own face stays.
        strength: 0 to 1, how much of the swapped face there is, over the photo's own.
    """

    method: Method = "feather"
    keep: tuple[Part, ...] = ()
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:  # NaN too
            raise UsageError(f"The strength is {self.strength:g}; give 0 to 1.")
        if unknown := set(self.keep) - set(PARTS):
            raise UsageError(f"{sorted(unknown)[0]!r} cannot be kept; give {', '.join(PARTS)}.")


@dataclass(frozen=True)
class SwapOptions:
    """All of it."""

    choices: tuple[FaceSelection, ...] = (FaceSelection("all"),)
    look: CompositingOptions = CompositingOptions()
    camera: bool = False  # whether a photo's camera data are kept (zoo.photos.metadata)

    @property
    def tells_apart(self) -> bool:
        """Whether it matters who a face is."""
        return any(one.who != "all" for one in self.choices)

    @property
    def for_all(self) -> int | None:
        """The number of the network for all faces without another choice, or None."""
        return next((one.network for one in self.choices if one.who == "all"), None)

    @property
    def persons(self) -> list[FaceSelection]:
        """The choices that mean one face each, those that yield last."""
        return sorted((one for one in self.choices if one.who != "all"), key=lambda one: one.yields)


def only(*who: Who | Literal["all"], **look: object) -> SwapOptions:
    """The faces ``who``, by the only network there is."""
    return SwapOptions(tuple(map(FaceSelection, who)), CompositingOptions(**look))  # type: ignore[arg-type]


def settings_of(options: SwapOptions, mark: Marking) -> dict[str, str]:
    """What a manifest keeps of the options.

    Reference photos are there by their SHA-256, not their names; a network by its identity, and
    by its version too where ``mark`` names several versions of that identity.
    """
    names = _names((mark, *mark.also))
    faces = [_words(one.who) for one in options.choices if one.network == 0]
    mapped = [f"{_words(one.who)}={names[one.network]}" for one in options.choices if one.network]
    look = options.look
    given = {
        "faces": " ".join(faces),
        "map": " ".join(mapped),
        "method": look.method,
        "keep": " ".join(sorted(look.keep)),
        "strength": "" if look.strength == 1 else f"{look.strength:g}",
        "camera": "kept" if options.camera else "",
    }
    return {name: value for name, value in given.items() if value}


def described(who: Who | Literal["all"]) -> str:
    """In words for people."""
    if isinstance(who, Portrait):
        return f"the person in {who.name}"
    return f"face {who}" if isinstance(who, int) else f"'{who}'"


def check_networks(options: SwapOptions, networks: Sequence[object]) -> None:
    """Raises ValueError where a choice means a network that is not given."""
    if any(not 0 <= one.network < len(networks) for one in options.choices):
        raise ValueError("a selected face names a network that is missing")


def _names(marks: Sequence[Marking]) -> list[str]:
    """What tells the networks of one swap from each other."""
    identities = [one.identity for one in marks]
    return [
        one.identity if identities.count(one.identity) == 1 else f"{one.identity}:{one.version}"
        for one in marks
    ]


def _words(who: Who | Literal["all"]) -> str:
    return f"photo:{who.sha256}" if isinstance(who, Portrait) else str(who)
