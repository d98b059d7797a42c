"""Smoothed landmarks against the least-squares solution, and flow on textures moved by hand."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.geometry.reference import REFERENCE, interocular
from zoo.faces.video.landmark_smoothing import advance, begin, flow, smoothed
from zoo.photos.image import Points

Floats = NDArray[np.float64]
FRAMES = 5


def posterior(
    measured: Floats, moved: Floats, noise: Floats, steps: Floats
) -> tuple[Floats, Floats]:
    """Mean and variance of a random walk about its flow, of all frames: dense least squares.

    Args:
        measured: of each frame.
        moved: the flow between two frames.
        noise: variances of the measurements.
        steps: of the walk's steps.
    """
    precision = np.diag(1 / noise)
    wanted = measured / noise
    for at, (shift, variance) in enumerate(zip(moved, steps, strict=True)):
        precision[at, at] += 1 / variance
        precision[at + 1, at + 1] += 1 / variance
        precision[at, at + 1] -= 1 / variance
        precision[at + 1, at] -= 1 / variance
        wanted[at] -= shift / variance
        wanted[at + 1] += shift / variance
    covariance = np.linalg.inv(precision)
    return covariance @ wanted, np.diag(covariance)


@pytest.mark.parametrize("every", [1, 2])
def test_filter_and_smoother_are_the_least_squares_solution(every: int) -> None:
    """Of measurements of every frame or of every other one."""
    chance = np.random.default_rng(2)
    seen = [(REFERENCE * 200 + 3 * at + chance.normal(0, 2, (68, 2))).astype(np.float32)
            for at in range(FRAMES)]  # fmt: skip
    flows = [chance.normal(3, 0.5, (68, 2)).astype(np.float32) for _ in range(FRAMES - 1)]
    doubts = [chance.uniform(0, 3, 68).astype(np.float32) for _ in range(FRAMES - 1)]
    states, sizes = [begin(seen[0])], [interocular(seen[0])]
    for at, (moved, doubt) in enumerate(zip(flows, doubts, strict=True), 1):
        measured = seen[at] if at % every == 0 else None
        states.append(advance(states[-1], moved, doubt, measured))
        sizes.append(interocular(states[-1].predicted if measured is None else measured))
    found = smoothed(states)
    assert len(found) == FRAMES and found[0].dtype == np.float32
    for point in (0, 8, 30, 67):
        noise = np.array(
            [(0.012 * size) ** 2 if at % every == 0 else np.inf for at, size in enumerate(sizes)]
        )
        steps = np.array([(0.003 * sizes[at + 1]) ** 2 + doubts[at][point] ** 2
                          for at in range(FRAMES - 1)])  # fmt: skip
        for axis in (0, 1):
            places = np.fromiter((one[point, axis] for one in seen), np.float64)
            flow_steps = np.fromiter((one[point, axis] for one in flows), np.float64)
            mean, variance = posterior(places, flow_steps, noise, steps)
            assert [one[point, axis] for one in found] == pytest.approx(mean, abs=2e-3)
            assert states[-1].estimate[point, axis] == pytest.approx(mean[-1], abs=2e-3)
            assert states[-1].variance[point] == pytest.approx(variance[-1], rel=1e-3)
    assert np.isinf(states[0].predicted_variance).all()
    assert np.array_equal(smoothed(states[:1])[0], seen[0])


def test_a_face_without_width_is_taken_to_have_a_pixel() -> None:
    assert begin(np.zeros((68, 2), np.float32)).variance == pytest.approx([0.012**2] * 68)


def texture(height: int, width: int, seed: int = 0, grain: float = 2) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(size=(height, width))
    return np.asarray((128 + 100 * grain * cv2.GaussianBlur(noise, (0, 0), grain)).clip(0, 255),
                      np.uint8)  # fmt: skip


def grid(left: int, top: int, step: int, count: int = 5) -> Points:
    x, y = np.meshgrid(np.arange(count), np.arange(count))
    return np.asarray(np.stack([left + step * x, top + step * y], -1).reshape(-1, 2), np.float32)


@pytest.mark.parametrize(("scale", "within"), [(1, 0.1), (8, 0.8)])
def test_what_moved_as_a_whole_is_followed_at_any_size(scale: int, within: float) -> None:
    small = texture(110, 130)
    after = np.roll(small, (2, -3), axis=(0, 1))
    a, b = (cv2.resize(one, None, fx=scale, fy=scale) for one in (small, after))
    points = (grid(40, 30, 11) + 0.5) * scale - 0.5
    moved, doubt = flow(a, b, np.asarray(points, np.float32))
    assert moved.dtype == doubt.dtype == np.float32
    assert np.abs(moved - np.array((-3, 2), "f4") * scale).max() < within
    assert doubt.max() < 0.1 * scale


def test_the_part_about_the_points_is_looked_at_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, ...]] = []
    follow = cv2.calcOpticalFlowPyrLK

    def spied(a: NDArray[np.uint8], *rest: object, **more: object) -> object:
        seen.append(a.shape)
        return follow(a, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(cv2, "calcOpticalFlowPyrLK", spied)
    picture = texture(200, 300)
    flow(picture, picture, grid(100, 80, 10))  # 40 wide, and a quarter more at each side
    assert seen[-1] == (61, 61)
    flow(picture, picture, grid(2, 5, 10))  # cut by the border
    assert seen[-1] == (56, 53)
    large = texture(700, 700)
    flow(large, large, grid(60, 60, 100))
    assert max(seen[-1]) == 561 // 2


def test_points_that_do_not_come_back_move_as_the_face_does() -> None:
    before = texture(130, 130)
    after = np.roll(before, (1, 4), axis=(0, 1))
    after[66:, 66:] = texture(64, 64, seed=9)  # a hand came in
    points = grid(30, 30, 14)
    moved, doubt = flow(before, after, points)
    hidden = (points > 70).all(axis=1)
    lost = doubt == np.float32(0.01 * 56)
    assert hidden.sum() == 4 and (lost & hidden).sum() >= 2 and not lost[:12].any()
    assert np.abs(moved[~hidden] - np.array((4, 1), "f4")).max() < 0.6
    assert np.abs(moved[lost] - np.array((4, 1), "f4")).max() < 0.3


@pytest.mark.parametrize("shape", [(100, 12), (12, 100), (100, 100)])
def test_without_enough_to_follow_nothing_is_known(shape: tuple[int, int]) -> None:
    flat = np.full(shape, 90, np.uint8)
    points = grid(1, 1, 2)
    moved, doubt = flow(flat, flat, points)
    assert not moved.any() and np.isinf(doubt).all() and len(doubt) == 25
    outside = flow(texture(40, 40), texture(40, 40), points + 500)
    assert not outside[0].any() and np.isinf(outside[1]).all()


def test_twelve_points_are_enough() -> None:
    before = texture(120, 120)
    after = np.roll(before, 2, axis=1)
    points = grid(30, 30, 12)
    for count, known in ((11, False), (12, True)):
        moved, doubt = flow(before, after, points[:count])
        assert bool(np.isfinite(doubt).all()) is known
        assert moved.any() == known
