"""Outputs and mattes are averaged over frames that show the same, and over no others."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.faces.geometry.alignment import Aligned
from zoo.swapping.video.frames.temporal_averaging import FrameFace, averaged, denoised

SIDE = 32


def face(output: int, matte: float, shown: int, *, whole: bool = True) -> FrameFace:
    """A face of even values; ``whole`` if it is segmented and run through the network anyway."""
    crop = Aligned(np.zeros((SIDE, SIDE, 3), np.uint8), np.zeros((68, 2), np.float32), np.eye(2, 3))
    own = np.full((SIDE, SIDE), matte, np.float32)
    raw = np.full((2 * SIDE, 2 * SIDE, 3), output, np.uint8)
    return FrameFace(
        np.zeros((68, 2), np.float32),
        crop,
        denoised(np.full((SIDE, SIDE, 3), shown, np.uint8)),
        lambda: raw,
        lambda: own,
        raw if whole else None,
        own if whole else None,
    )


def test_frames_that_show_the_same_count_equally() -> None:
    near = [face(100, 0.2, 50), face(110, 0.5, 50), face(150, 0.8, 50)]
    made = averaged(near, 1)
    assert (made.raw == 120).all()
    assert np.allclose(made.matte, 0.5)


def test_frames_count_by_how_much_their_crops_differ() -> None:
    """By exp(-(d / 15)²), d being the difference over the three channels."""
    near = [None, face(100, 0.0, 50), face(200, 1.0, 55)]
    weight = np.exp(-3 * (5 / 15) ** 2)
    made = averaged(near, 1)
    assert abs(float(made.raw.mean()) - (100 + weight * 200) / (1 + weight)) < 0.6
    assert np.allclose(made.matte, weight / (1 + weight), atol=1e-4)


def test_a_moving_mouth_is_never_averaged() -> None:
    near = [face(0, 0.0, 50), face(100, 0.5, 150), face(0, 0.0, 50)]
    assert (averaged(near, 1).raw == 100).all()


def test_frames_beyond_one_without_the_face_do_not_count() -> None:
    near = [face(0, 0.0, 50), None, face(100, 0.5, 50), face(100, 0.5, 50), None]
    assert (averaged(near, 2).raw == 100).all()
    alone = averaged([None, near[2], None], 1)
    assert (alone.raw == 100).all()
    assert np.allclose(alone.matte, 0.5)


def test_neighbours_that_agree_tell_the_matte_of_a_frame_that_is_not_segmented() -> None:
    """Also where it looks like none of them: a mouth that opens is skin."""
    for shown in (50, 150):
        near = [face(0, 0.8, 50), face(0, 0.1, shown, whole=False), face(0, 0.9, 50)]
        assert np.allclose(averaged(near, 1).matte, 0.85, atol=1e-6)


def test_a_frame_that_looks_like_no_neighbour_is_segmented_where_they_disagree() -> None:
    """A hand that comes: before it all is skin, behind it nothing."""
    near = [face(0, 1.0, 50), face(0, 0.4, 100, whole=False), face(0, 0.0, 150)]
    assert np.allclose(averaged(near, 1).matte, 0.4, atol=1e-4)


def test_the_first_frame_of_a_face_is_segmented() -> None:
    near = [None, face(0, 0.3, 50, whole=False), face(0, 0.9, 50)]
    assert np.allclose(averaged(near, 1).matte, 0.6)


def test_halfway_between_two_frames_lies_the_output_too() -> None:
    near = [face(100, 0.5, 50), face(7, 0.5, 60, whole=False), face(200, 0.5, 70)]
    weight = np.exp(-3 * (10 / 15) ** 2)
    expected = (150 + weight * (100 + 200)) / (1 + 2 * weight)
    assert np.abs(averaged(near, 1).raw.astype(float) - expected).max() <= 0.5


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_frame_unlike_the_mean_of_its_neighbours_has_its_own_output(place: int) -> None:
    """A few pixels are enough: an eye that closes."""
    near = [face(100, 0.5, 50), face(7, 0.5, 50, whole=False), face(200, 0.5, 50)]
    blink = near[place]
    shown = blink.shown.copy()
    shown[4:6, 4:6] += 60
    near[place] = replace(blink, shown=shown)
    there, expected = averaged(near, 1).raw[8:12, 8:12], averaged(near, 1).raw[30, 30]
    assert (expected == round((7 + 100 + 200) / 3)).all()
    assert abs(int(there[1, 1, 0]) - {0: 103, 1: 7, 2: 53}[place]) <= 1


def test_without_a_frame_on_either_side_the_network_is_run() -> None:
    for near in ([None, face(7, 0.5, 50, whole=False), face(200, 0.5, 150)],
                 [face(200, 0.5, 150), face(7, 0.5, 50, whole=False), None]):  # fmt: skip
        assert (averaged(near, 1).raw == 7).all()
