"""The interface between the API and the workers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from zoo.serving.gallery import Gallery
from zoo.serving.live_frames import Following, Frame
from zoo.serving.upload_swapping import Found, Result, SwapRequest


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

    async def swap(self, photo: bytes, chosen: Sequence[Chosen], wish: SwapRequest) -> Result: ...

    def frame(
        self, jpeg: bytes, chosen: Chosen, following: Following | None
    ) -> AsyncIterator[Following | Frame]:
        """First what the next frame needs, as soon as it is known; then this frame's answer."""
