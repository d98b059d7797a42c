"""How often one client may ask: a token bucket each."""

import time
from collections.abc import Callable

_MOST_CLIENTS = 10_000


class RateLimit:
    """Allows ``burst`` requests at once and ``rate`` per second in the long run."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when

    def wait(self, client: str) -> float:
        """Counts a request; 0 when it may pass, else in how many seconds the next one may."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - then) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[client] = (tokens - 1 if not wait else tokens, now)
        if len(self._buckets) > _MOST_CLIENTS:  # those who asked longest ago stand first
            del self._buckets[next(iter(self._buckets))]
        return wait
