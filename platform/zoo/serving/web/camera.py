"""Live video over a WebSocket: JPEG frames in, swapped JPEG frames out.

The client sends binary messages, a number (4 bytes, big-endian) and a JPEG. Each is answered by a
binary message: the same number, the milliseconds that the server took (2 bytes), what became of it
(1 byte, :class:`Outcome`), and the swapped JPEG, if there is one. When frames come faster than they
can be swapped, all but the newest are passed over: they are answered at once, and so before those
that came before them. Errors are sent as a text message (a problem, as everywhere) before the
socket closes; frames after the one that it is about are not answered.
"""

import asyncio
import json
import struct
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import cast

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from zoo.errors import PhotoError, ZooError
from zoo.serving.deployment.backend import Backend, Chosen
from zoo.serving.live_frames import MAX_BYTES, MAX_PIXELS, Following, Frame
from zoo.serving.options import Options
from zoo.serving.web.metrics import Metrics
from zoo.serving.web.problems import BusyError, status_of

__all__ = ["MAX_PIXELS", "add"]

SECONDS_IDLE = 60.0
_SECONDS_TO_CLOSE = 5.0
_FRAMES_UNDER_WAY = 3
"""One is swapped, one tracked, and one waits for whichever ends first."""

_NUMBER = struct.Struct(">I")
_ANSWER = struct.Struct(">IHB")


class Outcome(IntEnum):
    """What became of a frame."""

    NO_FACE = 0
    SWAPPED = 1
    PASSED_OVER = 2


def add(app: FastAPI, backend: Backend, options: Options, metrics: Metrics) -> None:
    """Adds ``/api/live`` to ``app``."""
    cameras = 0

    @app.websocket("/api/live")
    async def live(socket: WebSocket, identity: str) -> None:
        nonlocal cameras
        await socket.accept()
        if cameras >= options.live:
            await _refuse(socket, BusyError("The server's limit of cameras is reached; try again."))
            return
        cameras += 1
        metrics.cameras.set(cameras)
        try:
            await _Session(socket, backend, await backend.choose(identity), metrics).run()
        except ZooError as error:
            await _refuse(socket, error)
        except (WebSocketDisconnect, TimeoutError):
            await _close(socket, 1000)
        finally:
            cameras -= 1
            metrics.cameras.set(cameras)


@dataclass(frozen=True)
class _UnderWay:
    """A frame that has been tracked; ``parts`` will give its answer."""

    message: bytes
    parts: AsyncIterator[Following | Frame]
    started: float


class _Session:
    """One camera: the newest frame is kept, tracked, swapped and answered.

    While one frame is swapped the next one is tracked. An error takes the way of the frame that it
    is about, so that those before it are answered.
    """

    def __init__(
        self, socket: WebSocket, backend: Backend, chosen: Chosen, metrics: Metrics
    ) -> None:
        self._socket = socket
        self._backend = backend
        self._chosen = chosen
        self._metrics = metrics
        self._newest: asyncio.Queue[bytes | ZooError] = asyncio.Queue()  # a frame, then an error
        self._tracked: asyncio.Queue[_UnderWay | ZooError] = asyncio.Queue()
        self._room = asyncio.Semaphore(_FRAMES_UNDER_WAY)

    async def run(self) -> None:
        """Serves the client until it leaves, is idle for a minute, or sends an invalid frame."""
        tasks = [asyncio.create_task(part()) for part in (self._read, self._track, self._answer)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
        for task in done:
            task.result()

    async def _read(self) -> None:
        valid = True
        while True:
            async with asyncio.timeout(SECONDS_IDLE):
                event = await self._socket.receive()
            if event["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(event.get("code", 1000))
            if not valid:
                continue  # what follows an invalid frame is not looked at
            message = event.get("bytes") or b""
            if not _NUMBER.size < len(message) <= MAX_BYTES:
                valid = False
                error = PhotoError(
                    f"A frame is a binary message of at most {MAX_BYTES} bytes; this one has "
                    f"{len(message)}."
                )
                self._newest.put_nowait(error)
                continue
            if not self._newest.empty():
                await self._pass_over(self._newest.get_nowait())
            self._newest.put_nowait(message)

    async def _pass_over(self, older: bytes | ZooError) -> None:
        assert isinstance(older, bytes)  # nothing is read after an error
        self._metrics.frames.labels("passed over").inc()
        async with asyncio.timeout(SECONDS_IDLE):  # for a client that sends and does not read
            await self._socket.send_bytes(_encoded(older, Outcome.PASSED_OVER))

    async def _track(self) -> None:
        following: Following | None = None
        while True:
            await self._room.acquire()
            message = await self._newest.get()
            if isinstance(message, ZooError):
                self._tracked.put_nowait(message)
                return
            started = time.perf_counter()
            parts = self._backend.frame(message[_NUMBER.size :], self._chosen, following)
            try:
                following = cast(Following, await anext(parts))
            except ZooError as error:
                self._tracked.put_nowait(error)
                return
            self._tracked.put_nowait(_UnderWay(message, parts, started))

    async def _answer(self) -> None:
        while True:
            one = await self._tracked.get()
            if isinstance(one, ZooError):
                raise one
            frame = cast(Frame, await anext(one.parts))
            self._room.release()
            seconds = time.perf_counter() - one.started
            self._metrics.frame_seconds.observe(seconds)
            self._metrics.frames.labels("swapped" if frame.jpeg else "without a face").inc()
            outcome = Outcome.SWAPPED if frame.jpeg else Outcome.NO_FACE
            answer = _encoded(one.message, outcome, seconds) + (frame.jpeg or b"")
            await self._socket.send_bytes(answer)


def _encoded(message: bytes, outcome: Outcome, seconds: float = 0.0) -> bytes:
    (number,) = _NUMBER.unpack_from(message)
    milliseconds = min(65535, round(seconds * 1000))
    return _ANSWER.pack(number, milliseconds, outcome)


async def _refuse(socket: WebSocket, error: ZooError) -> None:
    status = status_of(error)
    problem = json.dumps({"status": status, "detail": str(error)})
    await _close(socket, 1013 if status == 503 else 1008, problem)


async def _close(socket: WebSocket, code: int, last: str | None = None) -> None:
    """Closes it, after a last message; a client that does not read is not waited for."""
    with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):  # closed already
        async with asyncio.timeout(_SECONDS_TO_CLOSE):
            if last is not None:
                await socket.send_text(last)
            await socket.close(code)
