"""Token buckets, on a clock that the test moves."""

from zoo.serving.rate import RateLimit


def test_a_burst_passes_and_then_one_each_interval() -> None:
    now = [0.0]
    limit = RateLimit(rate=2, burst=3, clock=lambda: now[0])
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("b") == 0  # another client has its own
    now[0] = 0.5
    assert limit.wait("a") == 0
    assert limit.wait("a") == 0.5
    now[0] = 100
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]  # never more than the burst


def test_a_rate_of_nothing_is_no_limit() -> None:
    limit = RateLimit(rate=0, burst=1)
    assert not any(limit.wait("a") for _ in range(100))
