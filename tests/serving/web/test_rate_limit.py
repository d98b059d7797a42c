"""Token buckets, on a clock that the test moves."""

from zoo.serving.web.rate_limit import FailedAttempts, RateLimit


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


def test_guesses_are_slowed_down_and_an_old_token_shown_again_is_none() -> None:
    now = 0.0
    guesses = FailedAttempts(rate=1.0, burst=2, clock=lambda: now)
    for _ in range(5):
        guesses.wrong("a", "old")
    assert guesses.wait("a") == 0
    guesses.wrong("a", "another")
    assert guesses.wait("a") == 1
    assert guesses.wait("b") == 0
    now = 1.0
    assert guesses.wait("a") == 0
