"""Matrices, ranges and formats of frames, against the numbers of ITU-T H.273."""

import av
import numpy as np
import pytest

from zoo.photos.video.frames import Orientation, orientation, plain_format
from zoo.photos.video.yuv_planes import FULL, LIMITED, _to_yuv, colours


@pytest.mark.parametrize(
    ("matrix", "range_", "bits", "rows"),
    [  # BT.709 and BT.601 as every table has them; BT.2020 of 10 bits
        (1, LIMITED, 8, [[0.18259, 0.61423, 0.06201], [-0.10064, -0.33857, 0.43922],
                         [0.43922, -0.39894, -0.04027]]),
        (5, FULL, 8, [[0.299, 0.587, 0.114], [-0.16874, -0.33126, 0.5], [0.5, -0.41869, -0.08131]]),
        (9, LIMITED, 10, [[0.90246, 2.32913, 0.20371], [-0.49063, -1.26624, 1.75686],
                          [1.75686, -1.61557, -0.14130]]),
        (4, FULL, 8, [[0.30, 0.59, 0.11], [-0.16854, -0.33146, 0.5], [0.5, -0.42143, -0.07857]]),
        (7, FULL, 8, [[0.212, 0.701, 0.087], [-0.11610, -0.38390, 0.5], [0.5, -0.44480, -0.05520]]),
    ],
)  # fmt: skip
def test_changes_of_colour_become_changes_of_planes(
    matrix: int, range_: int, bits: int, rows: list[list[float]]
) -> None:
    assert _to_yuv(matrix, range_, bits) == pytest.approx(np.array(rows), abs=2e-4)


def _frame(format: str, height: int = 64, space: int = 2, range_: int = 0) -> av.VideoFrame:
    frame = av.VideoFrame(64, height, format)
    frame.colorspace, frame.color_range = space, range_
    return frame


def test_what_a_frame_does_not_say_of_its_colours_is_guessed_as_players_do() -> None:
    assert colours(_frame("yuv420p", 720)) == (1, LIMITED)
    assert colours(_frame("yuv420p", 718)) == (5, LIMITED)
    assert colours(_frame("yuvj420p")) == (5, FULL)
    assert colours(_frame("rgb24")) == (5, FULL)
    assert colours(_frame("yuv420p", range_=2)) == (5, FULL)
    said = {space: colours(_frame("yuv420p", space=space))[0] for space in (1, 4, 5, 6, 7, 9, 10)}
    assert said == {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        *((name, name) for name in ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p12le")),
        ("yuvj444p", "yuv444p"),
        ("yuv410p", "yuv420p"),
        *((name, "yuv420p10le") for name in ("yuv420p9le", "gray12be", "gray14le", "gray16le",
                                             "rgb48le", "rgba64be", "p010le")),
        *((name, "yuv420p") for name in ("gray", "gray8a", "rgb24", "yuv420p16")),
    ],
)  # fmt: skip
def test_the_nearest_planes_are_written_to(name: str, plain: str) -> None:
    assert plain_format(name) == plain


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("flip_x", [False, True])
@pytest.mark.parametrize("flip_y", [False, True])
def test_a_part_is_stored_where_its_pixels_are(
    transposed: bool, flip_x: bool, flip_y: bool
) -> None:
    turned = Orientation(transposed, flip_x, flip_y)
    upright = np.zeros((40, 60), int)
    upright[10:16, 20:50] = 1
    left, top, right, bottom = turned.stored_part((20, 10, 50, 16), upright.shape)
    stored = turned.stored(upright)
    assert stored[top:bottom, left:right].all() and stored.sum() == 6 * 30
    assert (turned.upright(stored) == upright).all()


def test_a_display_matrix_is_the_nearest_turn() -> None:
    one = 1 << 16
    assert orientation(None) == orientation((one, 0, 0, 0, one)) == Orientation()
    assert orientation((-one, 9, 0, 9, -one)) == Orientation(False, True, True)
    assert orientation((-one, 0, 0, 0, one)) == Orientation(False, True, False)
    assert orientation((0, one, 0, -one, 0)) == Orientation(True, True, False)
    assert orientation((0, -one, 0, one, 0)) == Orientation(True, False, True)
    assert orientation((one, one, 0, one, one)) == Orientation()  # 45°: as it is stored
