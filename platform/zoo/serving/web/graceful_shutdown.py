"""Graceful shutdown: requests in progress are answered, new ones are refused."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from zoo.serving.web.problems import problem

SECONDS_TO_ANSWER = 15.0
"""Longest wait for what is under way."""


class GracefulShutdown:
    """Counts requests in progress, and refuses new ones after the shutdown began."""

    def __init__(self) -> None:
        self._begun = False
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def wait(self, seconds: float = SECONDS_TO_ANSWER) -> int:
        """Refuses new requests and waits for the others; returns how many remain."""
        self._begun = True
        if self._under_way:
            try:
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
            except TimeoutError:
                return self._under_way
        return 0

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The application, counted and, once the end has begun, closed.

        Cameras go on until their server is gone: they have no end of their own.
        """

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            if self._begun:
                refusal = problem(
                    503, "The server is shutting down; try again.", {"Retry-After": "30"}
                )
                await refusal(scope, receive, send)
                return
            self._under_way += 1
            self._idle.clear()
            try:
                await app(scope, receive, send)
            finally:
                self._under_way -= 1
                if not self._under_way:
                    self._idle.set()

        return wrapped
