"""What the interface asks of whoever does the work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from zoo.faces.blending import Method
from zoo.faces.tracking import Tracker
from zoo.serving.gallery import Gallery
from zoo.serving.live import Frame
from zoo.serving.work import Found, Kind, Result


@dataclass(frozen=True)
class Wish:
    """How a photo is to be swapped."""

    faces: Literal["all", "largest"] | Sequence[int] = "all"
    method: Method = "feather"
    kind: Kind = "same"


@dataclass(frozen=True)
class Chosen:
    """One version of an identity, whose file and basis have been checked."""

    identity: str
    version: int
    sha256: str
    basis: str

    @property
    def key(self) -> str:
        """Under which a worker keeps the network."""
        return f"{self.identity}:{self.version}"


class Backend(Protocol):
    """Finds networks and uses them; every method raises :class:`zoo.errors.ZooError`."""

    async def gallery(self) -> Gallery: ...

    async def preview(self, name: str, version: int) -> bytes | None: ...

    async def choose(self, reference: str) -> Chosen: ...

    async def find(self, photo: bytes) -> Found: ...

    async def swap(self, photo: bytes, chosen: Chosen, wish: Wish) -> Result: ...

    async def frame(self, jpeg: bytes, chosen: Chosen, tracker: Tracker | None) -> Frame: ...
