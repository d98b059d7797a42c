"""Rate limits per client, for requests and wrong tokens: token buckets."""

import hashlib
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
        tokens = self._tokens(client, now)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets.pop(client, None)
        self._buckets[client] = (tokens - 1 if not wait else tokens, now)
        if len(self._buckets) > _MOST_CLIENTS:  # those who asked longest ago stand first
            del self._buckets[next(iter(self._buckets))]
        return wait

    def look(self, client: str) -> float:
        """The result of :meth:`wait`, without counting."""
        tokens = self._tokens(client, self._clock())
        return 0.0 if self._rate <= 0 or tokens >= 1 else (1 - tokens) / self._rate

    def _tokens(self, client: str, now: float) -> float:
        tokens, then = self._buckets.get(client, (float(self._burst), now))
        return min(float(self._burst), tokens + (now - then) * self._rate)


class FailedAttempts:
    """Slows down who shows one wrong token after another.

    The same one again is no guess: a browser that remembers an old one shows it with each request.
    """

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = RateLimit(rate, burst, clock)
        self._last: dict[str, bytes] = {}

    def wait(self, client: str) -> float:
        """Seconds until the client's next token is checked; 0 for now."""
        return self._limit.look(client)

    def wrong(self, client: str, shown: str) -> None:
        """Counts a wrong token."""
        digest = hashlib.sha256(shown.encode()).digest()
        if self._last.pop(client, None) != digest:
            self._limit.wait(client)
        self._last[client] = digest
        if len(self._last) > _MOST_CLIENTS:
            del self._last[next(iter(self._last))]
