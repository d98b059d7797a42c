"""Which frames of a video are looked at, which are kept, and what they are called."""

import statistics
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zoo.faces.video import frame_extraction
from zoo.faces.video.frame_extraction import _Candidate, _choose, _clock, _wanted


def chosen(candidates: list[_Candidate]) -> set[int]:
    """One after the other: the farthest from all that are kept, its distance times its sharpness.

    How much sharper than usual it is counts from a half to one and a half.
    """
    usual = statistics.median(one.sharpness for one in candidates)
    kept = [max(range(len(candidates)), key=lambda n: candidates[n].sharpness)]
    while len(kept) < min(60, len(candidates)):
        distances = [
            min(float(np.linalg.norm(one.features - candidates[k].features)) for k in kept)
            for one in candidates
        ]
        worth = [
            far * min(max(one.sharpness / usual, 0.5), 1.5)
            for far, one in zip(distances, candidates, strict=True)
        ]
        best = worth.index(max(worth))
        if distances[best] < 0.5:
            break
        kept.append(best)
    return set(kept)


@pytest.mark.parametrize("spread", [0.05, 0.3, 0.6, 3.0])
@pytest.mark.parametrize("count", [1, 9, 80])
def test_the_sharpest_is_kept_and_what_is_far_from_it_while_it_is_new(
    spread: float, count: int
) -> None:
    chance = np.random.default_rng(count)
    candidates = [
        _Candidate(Path(f"{n}.jpg"), float(chance.lognormal(0, 1)), chance.normal(0, spread, 4))
        for n in range(count)
    ]
    found = _choose(candidates)
    assert found == chosen(candidates)
    if spread == 3.0:
        assert len(found) == min(count, 60)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "00m00s000"), (-0.2, "00m00s000"), (0.0126, "00m00s013"), (59.9996, "01m00s000"),
     (192.48, "03m12s480"), (6000.5, "100m00s500")],
)  # fmt: skip
def test_frames_are_called_by_their_time(seconds: float, words: str) -> None:
    assert _clock(seconds) == words


@pytest.mark.parametrize(("count", "of"), [(1, "times"), (150, "times"), (151, "times"),
                                          (6000, "times"), (6001, "keys")])  # fmt: skip
def test_at_most_150_frames_are_looked_at_evenly_and_of_long_videos_keyframes(
    count: int, of: str
) -> None:
    times, keys = np.arange(count) * 40, np.arange(0, count, 10) * 40
    video: Any = SimpleNamespace(times=times, keys=keys)
    found = _wanted(video)
    source = {"times": times, "keys": keys}[of]
    assert len(found) == min(150, count) and set(found) <= set(source)
    assert (found[0], found[-1]) == (source[0], source[-1])
    steps = np.diff(found) / (source[-1] / max(len(found) - 1, 1))
    assert len(steps) == 0 or np.abs(steps - 1).max() * (found[-1] / len(steps)) <= source[1]
    assert frame_extraction.MOST == 60
