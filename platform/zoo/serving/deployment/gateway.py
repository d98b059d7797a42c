"""Calls Ray for the API, with a retry when one of them has died.

Every worker gives the same answer, so a request whose worker was killed goes to another one, or
waits for its replacement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
from ray.exceptions import ObjectLostError, RayActorError, RayTaskError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    ReplicaUnavailableError,
)
from ray.serve.handle import DeploymentHandle

from zoo.errors import ZooError
from zoo.serving.deployment.backend import Chosen
from zoo.serving.gallery import Gallery
from zoo.serving.live_frames import Following, Frame
from zoo.serving.upload_swapping import Found, Result, SwapRequest
from zoo.serving.web.problems import BusyError

_ATTEMPTS = 3
"""Few: what kills one worker after the other shall not go on."""

_SECONDS_BETWEEN = 0.2
_PARTS = 2  # of a frame's answer
_DEATHS = (
    RayActorError,
    ObjectLostError,  # an answer that its worker took along
    ReplicaUnavailableError,
    DeploymentUnavailableError,
    grpc.aio.AioRpcError,
    asyncio.CancelledError,  # by a worker that ends in order
)

_FAILURES = (BackPressureError, RayTaskError, *_DEATHS)


class Gateway:
    """Asks the library and the workers; a :class:`.backend.Backend`."""

    def __init__(self, worker: DeploymentHandle[Any], library: Any) -> None:
        """:mod:`.application`'s deployment and actor."""
        self._worker, self._library = worker, library
        self._asking: set[asyncio.Task[None]] = set()

    async def gallery(self) -> Gallery:
        gallery: Gallery = await _answer(lambda: self._library.ask.remote("gallery"))
        return gallery

    async def preview(self, name: str, version: int) -> bytes | None:
        picture: bytes | None = await _answer(
            lambda: self._library.ask.remote("preview", name, version)
        )
        return picture

    async def choose(self, reference: str) -> Chosen:
        chosen: Chosen = await _answer(lambda: self._library.ask.remote("choose", reference))
        return chosen

    async def find(self, photo: bytes) -> Found:
        found: Found = await _answer(lambda: self._worker.find.remote(photo))
        return found

    async def swap(self, photo: bytes, chosen: Sequence[Chosen], wish: SwapRequest) -> Result:
        worker = self._worker.options(multiplexed_model_id=chosen[0].key)
        result: Result = await _answer(lambda: worker.swap.remote(photo, chosen, wish))
        return result

    async def frame(
        self, jpeg: bytes, chosen: Chosen, following: Following | None
    ) -> AsyncIterator[Following | Frame]:
        parts: asyncio.Queue[Following | Frame | Exception] = asyncio.Queue()
        # In a task of its own, which goes on if the camera leaves: Serve keeps in memory what was
        # begun and is not taken.
        asking = asyncio.create_task(self._ask_for(parts, jpeg, chosen, following))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        part = None
        while not isinstance(part, Frame):
            part = await parts.get()
            if isinstance(part, Exception):
                raise part
            yield part

    async def _ask_for(
        self,
        parts: "asyncio.Queue[Following | Frame | Exception]",
        jpeg: bytes,
        chosen: Chosen,
        following: Following | None,
    ) -> None:
        """Puts what a worker makes of a frame into ``parts``, or why it makes nothing."""
        # Over Serve's gRPC: a frame is small, and Ray's object store takes longer for it.
        worker: Any = self._worker.options(
            multiplexed_model_id=chosen.key, stream=True, _by_reference=False
        )
        given = 0  # parts; one that died after the first is not asked for it again
        try:
            for attempts_left in reversed(range(_ATTEMPTS)):
                try:
                    made = 0
                    async for part in worker.frame.remote(jpeg, chosen, following):
                        made += 1
                        if made > given:
                            given = made
                            parts.put_nowait(part)
                    if given == _PARTS:
                        return
                except _FAILURES as error:
                    _raise_unless_it_died(error, attempts_left)
                await asyncio.sleep(_SECONDS_BETWEEN)
            raise BusyError("The workers of this request gave no whole answer; try again.")
        except Exception as error:
            parts.put_nowait(error)


async def _answer(ask: Callable[[], Any]) -> Any:
    """Awaits an answer.

    Raises:
        ZooError: what was raised there, itself.
        BusyError: too many wait already, or one after the other died of it.
    """
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            return await ask()
        except _FAILURES as error:
            _raise_unless_it_died(error, attempts_left)
        await asyncio.sleep(_SECONDS_BETWEEN)
    raise AssertionError  # the last attempt returns or raises


def _raise_unless_it_died(error: BaseException, attempts_left: int) -> None:
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error  # whoever asked has gone
    if isinstance(error, BackPressureError):
        raise BusyError("The server's queue is full; try again.") from error
    if isinstance(error, RayTaskError):
        if isinstance(error.cause, ZooError):
            raise error.cause from None
        raise error
    if not attempts_left:
        raise BusyError("The workers of this request have died; try again.") from error
