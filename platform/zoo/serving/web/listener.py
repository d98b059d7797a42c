"""The uvicorn server, with limits on connections.

uvicorn ends a connection that is idle between two requests, but waits for ever for the rest of a
request's headers and for a client that does not take its answer.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from zoo.serving.options import Options

SECONDS_FOR_HEADERS = 20.0
"""From a connection's first moment, or a request's first byte, to the end of the headers."""

SECONDS_TO_TAKE = 60.0
"""Longest that a client may leave an answer waiting in full buffers."""

MOST_CONNECTIONS = 1000
"""With one more, the one that has waited longest for its request's headers is closed."""

_SECONDS_IDLE = 60
_SECONDS_TO_END = 2
_BACKLOG = 1024


class Listener:
    """Answers clients in the running event loop, from :meth:`open` to :meth:`close`."""

    def __init__(self, app: ASGIApp, options: Options, bound: socket.socket) -> None:
        for name in ("uvicorn.error", "python_multipart"):  # clients do not write our log
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._bound = bound
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Connection,
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                ws_per_message_deflate=False,  # JPEGs get no smaller
                timeout_keep_alive=_SECONDS_IDLE,
                timeout_graceful_shutdown=_SECONDS_TO_END,
                backlog=_BACKLOG,
                ssl_certfile=options.certificate,
                ssl_keyfile=options.key,
            )
        )
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Returns when clients can come in."""
        self._running = asyncio.create_task(self._server.serve([self._bound]))
        while not self._server.started and not self._running.done():
            await asyncio.sleep(0.01)
        if self._running.done():
            self._running.result()

    async def close(self) -> None:
        """Sends what is ready to be sent, and ends all connections."""
        assert self._running is not None
        self._server.should_exit = True
        await self._running


def bind(options: Options) -> socket.socket:
    """The bound socket of the options' address, not yet listening.

    Raises:
        OSError: it is taken, or none of this machine.
    """
    host = options.host.strip("[]")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, options.port))
    except OSError:
        bound.close()
        raise
    return bound


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # whoever opened it decides when it ends


class _Connection(H11Protocol):
    """Waits for nothing without end."""

    _headers_due: asyncio.TimerHandle | None = None
    _taken_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._headers_due = self._later(SECONDS_FOR_HEADERS, self._drop)
        if len(self.connections) > MOST_CONNECTIONS:
            waiting = [
                one
                for one in self.connections
                if isinstance(one, _Connection) and one._headers_due and not one._busy
            ]
            min(waiting, key=lambda one: one._due, default=self)._drop()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._busy or self.transport.get_protocol() is not self:  # it has become a WebSocket
            self._stop("_headers_due")
        elif self._headers_due is None and not self.transport.is_closing():
            self._headers_due = self._later(SECONDS_FOR_HEADERS, self._drop)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken_due = self._taken_due or self._later(SECONDS_TO_TAKE, self._drop)

    def resume_writing(self) -> None:
        self._stop("_taken_due")
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop("_headers_due")
        self._stop("_taken_due")
        super().connection_lost(exc)

    @property
    def _busy(self) -> bool:
        """Whether a request's headers have come and it is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _due(self) -> float:
        return self._headers_due.when() if self._headers_due else float("inf")

    def _later(self, seconds: float, then: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, then)

    def _stop(self, name: str) -> None:
        timer = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)

    def _drop(self) -> None:
        self.transport.abort()
