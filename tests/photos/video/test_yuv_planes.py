"""Changed pixels: what is written back stands in the same light as what was not changed."""

import av
import numpy as np
import pytest

from zoo.photos.image import AnyArray
from zoo.photos.video.frames import orientation, paste, to_rgb, workable
from zoo.photos.video.yuv_planes import _add, numbers, plane_of

FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"]


def _skin(format: str, size: tuple[int, int] = (96, 64), matrix: int = 1) -> av.VideoFrame:
    """A frame of noise about a skin's colour."""
    frame = av.VideoFrame(*size, format)
    frame.colorspace, frame.color_range = matrix, 1
    rng = np.random.default_rng(0)
    for index, level in enumerate((130, 110, 150)):
        plane = plane_of(workable(frame, size, format), index)
        scale = 4 if plane.dtype == np.uint16 else 1
        plane[...] = scale * np.clip(rng.normal(level, 5, plane.shape), 16, 235)
    return frame


def _luma(frame: av.VideoFrame) -> AnyArray:
    return plane_of(frame, 0).astype(int)


@pytest.mark.parametrize("matrix", [1, 5, 7, 9])
@pytest.mark.parametrize("format", FORMATS)
def test_three_passes_take_nothing_off_a_face(format: str, matrix: int) -> None:
    """Each pass changes every pixel by one level, up or down, so that the mean must stay."""
    frame, rng = _skin(format, matrix=matrix), np.random.default_rng(1)
    before = _luma(frame)
    for _ in range(3):
        old = to_rgb(frame, orientation(None))
        steps = rng.permuted(np.tile([-1, 1], 32 * 24)).reshape(32, 48)
        new = old.copy()
        new[16:48, 24:72] = np.clip(old[16:48, 24:72].astype(int) + steps[..., None], 0, 255)
        paste(frame, old, new, orientation(None), (24, 16, 72, 48))
    change = (_luma(frame) - before) / (4 if format.endswith("le") else 1)
    assert np.abs(change[16:48, 24:72]).mean() > 0.5
    assert abs(change[16:48, 24:72].mean()) < 0.05  # of 219; it was -1.2 a pass
    change[16:48, 24:72] = 0
    assert (change == 0).all()


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (10, np.uint16)])
def test_what_goes_beyond_a_planes_numbers_stops_there(bits: int, kind: type) -> None:
    most = 2**bits - 1
    plane: AnyArray = np.array([[most - 5, 5, 100], [most - 5, 5, 100]], kind)
    _add(plane, np.array([[20, -20, 20, 9], [5, -5, -0.6, 9]], np.float32), bits)
    assert plane.tolist() == [[most, 0, 120], [most, 0, 99]]


@pytest.mark.parametrize("format", FORMATS)
def test_a_change_is_as_large_as_it_should_be(format: str) -> None:
    frame = _skin(format)
    old = to_rgb(frame, orientation(None))
    new = old.copy()
    new[16:48, 24:72] = (170, 120, 95)
    paste(frame, old, new, orientation(None), (24, 16, 72, 48))
    seen = to_rgb(frame, orientation(None))[16:48, 24:72].astype(int)
    assert np.abs(seen.mean(axis=(0, 1)) - (170, 120, 95)).max() < 1.0
    exact = 255 * numbers(frame, (24, 16, 72, 48)).mean(axis=(0, 1))
    assert np.abs(exact - (170, 120, 95)).max() < 1.6  # the quick way to RGB is a level off


@pytest.mark.parametrize("matrix", [(0, 1, 0, -1, 0), (-1, 0, 0, 0, 1), (0, -1, 0, -1, 0)])
def test_turned_and_odd_pictures_change_where_they_should(matrix: tuple[int, ...]) -> None:
    """An odd part of a picture of odd sides, up to its last row and column, and none beyond."""
    turned = orientation(matrix)
    frame = _skin("yuv420p", (67, 45))
    before = [plane_of(frame, index).copy() for index in range(3)]
    old = to_rgb(frame, turned)
    new = old.copy()
    high, wide = old.shape[:2]
    new[21:, 13:] = np.clip(new[21:, 13:].astype(int) + np.array([20, 0, 20]), 0, 255)
    paste(frame, old, new, turned, (13, 21, wide, high))
    inside = np.zeros((high, wide), bool)
    inside[21:, 13:] = True
    changed = plane_of(frame, 0) != before[0]
    assert (changed == turned.stored(inside)).all()
    stored = np.pad(turned.stored(inside), ((0, 1), (0, 1)), mode="edge")
    blocks = stored[: len(stored) // 2 * 2, : stored.shape[1] // 2 * 2]
    touched = blocks[::2, ::2] | blocks[1::2, ::2] | blocks[::2, 1::2] | blocks[1::2, 1::2]
    for index in (1, 2):
        change = plane_of(frame, index) != before[index]
        assert change.any() and not (change & ~touched).any()
    seen = to_rgb(frame, turned).astype(int)
    assert np.abs((seen - old)[23:, 15:].mean(axis=(0, 1)) - (20, 0, 20)).max() < 1
