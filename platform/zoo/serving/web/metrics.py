"""Metrics of a server for Prometheus."""

import time

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)


class Metrics:
    """One server's counters."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "zoo_requests", "Answered requests.", ("route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "zoo_request_seconds",
            "From request to response, including the wait.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.swap_seconds = Histogram(
            "zoo_swap_seconds",
            "A worker's time for a photo, without waiting.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.faces = Counter(
            "zoo_swapped_faces", "Faces swapped in photos.", ("identity",), registry=registry
        )
        self.waiting = Gauge(
            "zoo_waiting_bytes", "Uploads that are being worked on or wait.", registry=registry
        )
        self.cameras = Gauge("zoo_live_sessions", "Open cameras.", registry=registry)
        self.frames = Counter("zoo_live_frames", "Frames of cameras.", ("kind",), registry=registry)
        self.frame_seconds = Histogram(
            "zoo_live_frame_seconds",
            "A frame from arrival to answer.",
            buckets=_SECONDS,
            registry=registry,
        )

    def text(self) -> bytes:
        """In Prometheus' own format."""
        return generate_latest(self._registry)


class Counted:
    """ASGI middleware: counts each request by its route and the status of its answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)
