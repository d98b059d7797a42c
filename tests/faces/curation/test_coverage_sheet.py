"""Where the sheet shows what: each photo is a colour of its own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.curation import coverage_sheet as module
from zoo.faces.curation.assessment import Assessed, Assessment
from zoo.faces.curation.coverage import Traits, cell, coverage, lit_from
from zoo.faces.curation.coverage_sheet import coverage_sheet
from zoo.faces.curation.illumination import Illumination
from zoo.faces.curation.photo_selection import Dropped, Reason
from zoo.faces.recognition.descriptors import OUTLIER

SIDE, STEP = 96, 102
LEFT, TOP = 96, 100  # of the poses
LIGHTS = LEFT + 5 * STEP + 40
PAPER, EMPTY, WARN = (255, 255, 255), (238, 240, 244), (192, 57, 43)


def photo(name: str, colour: tuple[int, int, int], **more: float) -> Assessed:
    given = {"yaw": 0.0, "pitch": 0.0, "mouth": 0.02, "side": 0.0} | more
    light = Illumination(given["side"], 55.0)
    face = Traits(given["yaw"], given["pitch"], given["mouth"], light, 80.0)
    thumbnail = np.full((SIDE, SIDE, 3), colour, np.uint8)
    return Assessed(name, None, face, thumbnail, given.get("distance"))


def sheet_of(*photos: Assessed, advice: tuple[str, ...] = ()) -> NDArray[np.uint8]:
    faces = [one.traits for one in photos if one.traits and one.usable]
    return coverage_sheet("ada", Assessment(list(photos), coverage(faces), list(advice)))


def at(sheet: NDArray[np.uint8], left: int, top: int) -> tuple[int, ...]:
    """The colour of a picture that begins there, if it fills its place and no more."""
    colour = sheet[top + SIDE - 1, left + SIDE - 1]
    assert (sheet[top + 30 : top + SIDE, left : left + SIDE] == colour).all()
    assert (sheet[top, left : left + SIDE] == colour).all() or tuple(colour) in (PAPER, WARN)
    for around in (sheet[top + SIDE, left + SIDE - 9 :][:9], sheet[top - 1, left + SIDE - 9 :][:9]):
        assert (around == PAPER).all()
    return tuple(colour.tolist())


def test_every_photo_lies_in_the_field_of_its_pose_and_light() -> None:
    red, green, blue, grey = (200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)
    sheet = sheet_of(
        photo("a", red, yaw=-30, pitch=20, side=-1, mouth=0.3),
        photo("b", green, mouth=0.1),
        photo("c", green, mouth=0.2),
        photo("d", blue, yaw=30, pitch=-20, side=0.9),
        photo("e", grey, yaw=12),
    )
    assert sheet.shape == (110 + 3 * STEP + 24, 2 * 20 + 76 + 8 * STEP + 40, 3)
    poses = {(0, 0): red, (1, 2): green, (2, 4): blue, (1, 3): grey}
    for row in range(3):
        for column in range(5):
            left, top = LEFT + column * STEP, TOP + row * STEP
            if (row, column) in poses:
                assert at(sheet, left, top) == poses[row, column]
                assert (sheet[top + 9 : top + 18, left + 5] == (30, 33, 40)).all()  # how many
            else:
                assert tuple(sheet[top + 90, left + 48]) == EMPTY
                field = sheet[top : top + SIDE, left : left + SIDE].astype(int)
                assert (field[..., 0] - field[..., 2] > 60).any()  # a red 0
            assert tuple(sheet[top + 50, left + SIDE + 2]) == PAPER
    assert [at(sheet, LIGHTS + i * STEP, TOP) for i in range(3)] == [red, green, blue]
    mouths = [at(sheet, LIGHTS + i * STEP, TOP + STEP + 42) for i in range(3)]
    assert mouths == [blue, green, red]  # from closed to open, and in between


def test_of_several_in_one_light_the_middle_one_is_shown_and_all_mouths_are_sorted() -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    sides, mouths = (0.9, 0.5, 0.7), (0.1, 0.3, 0.2)
    given = zip("abc", colours, sides, mouths, strict=True)
    sheet = sheet_of(*(photo(n, c, side=side, mouth=mouth) for n, c, side, mouth in given))
    assert at(sheet, LIGHTS + 2 * STEP, TOP) == colours[2]
    shown = [at(sheet, LIGHTS + i * STEP, TOP + STEP + 42) for i in range(3)]
    assert shown == [colours[0], colours[2], colours[1]]
    badge = sheet[TOP + 3 : TOP + 24, LIGHTS + 2 * STEP + 3 : LIGHTS + 2 * STEP + 23]
    assert (badge[10, [0, -1]] == (30, 33, 40)).all()  # 19 wide, for one digit
    assert (badge.astype(int).min(axis=2) > 200).any()  # the digit


def test_each_heading_stands_where_it_belongs() -> None:
    sheet = sheet_of(photo("a", (200, 0, 0)), photo("who", (1, 1, 1), distance=OUTLIER + 0.1),
                     advice=("more",))  # fmt: skip
    below = 110 + 3 * STEP + 14
    advice = below + 30 + SIDE + 40 + 10
    headings = ((20, 14), (LEFT, 50), (LIGHTS, 50), (20, below), (20, advice), (20, advice + 28))
    titles = [(LEFT + i * STEP, 76) for i in range(5)] + [(LIGHTS + i * STEP, 76) for i in range(3)]
    rows = [(20, TOP + i * STEP + SIDE // 2 - 8) for i in range(3)]
    for x, y in (*headings, *titles, *rows, (LIGHTS, TOP + STEP + 14)):
        assert (sheet[y + 2 : y + 18, x : x + 60] < 160).any()  # dark words
        assert (sheet[y - 4 : y - 1, x : x + 30] > 200).all()  # and none above them
    zero = sheet[TOP + SIDE // 2 - 12 : TOP + SIDE // 2 + 12, LEFT : LEFT + SIDE].astype(int)
    _, columns = np.nonzero(zero[..., 0] - zero[..., 2] > 60)
    assert columns.min() >= SIDE // 2 - 5 and columns.max() <= SIDE // 2 + 6  # in the middle


def test_what_is_not_usable_stands_below_with_its_reason_and_the_advice_under_it() -> None:
    pink, brown = (250, 100, 150), (120, 80, 40)
    good = photo("good", (0, 200, 0))
    stranger = photo("who", pink, distance=OUTLIER + 0.1)
    rejected = [
        Assessed(f"folder/{number}.jpg", Dropped(f"{number}.jpg", Reason.NO_FACE, ""), None,
                 None if number == 9 else np.full((SIDE, SIDE, 3), brown, np.uint8))
        for number in range(10)
    ]  # fmt: skip
    sheet = sheet_of(good, stranger, *rejected, advice=("word " * 60, "more"))
    top = 110 + 3 * STEP + 14 + 30
    per_row = (2 * 20 + 76 + 8 * STEP + 40 - 2 * 20) // STEP
    assert per_row == 9
    assert sheet.shape[0] == 110 + 3 * STEP + 24 + 2 * (SIDE + 40) + 44 + 4 * 20 + 44
    frame = sheet[top : top + SIDE, 20 : 20 + SIDE]
    assert (frame[3:-3, 3:-3] == pink).all() and (frame[:3] == WARN).all()
    assert [at(sheet, 20 + i * STEP, top) for i in range(1, 9)] == [brown] * 8
    below = top + SIDE + 40
    assert at(sheet, 20, below) == brown and at(sheet, 20 + STEP, below) == EMPTY
    for row, under in ((top, SIDE + 2), (top, SIDE + 16), (below, SIDE + 2)):  # words under each
        assert (sheet[row + under : row + under + 14, 20 : 20 + SIDE] != 255).any()
    advice = below + SIDE + 40 + 10 + 28
    assert (sheet[advice : advice + 80, 20:400] != 255).any()
    assert (sheet[advice + 80 :] == 255).all()
    assert (sheet_of(good)[110 + 3 * STEP + 14 :] == 255).all()


def test_more_than_sixteen_are_counted_and_not_shown() -> None:
    dropped = [Assessed(f"{n}.jpg", Dropped(f"{n}.jpg", Reason.NO_FACE, "")) for n in range(20)]
    sheet = sheet_of(*dropped)
    assert sheet.shape[0] == 110 + 3 * STEP + 24 + 2 * (SIDE + 40) + 44
    below = 110 + 3 * STEP + 14 + 30 + SIDE + 40
    assert [at(sheet, 20 + i * STEP, below) for i in (5, 6, 7)] == [EMPTY, EMPTY, PAPER]


def test_names_and_advice_are_made_to_fit() -> None:
    assert module._short("a/b/photo-12345.jpg") == "photo-12345.jpg"
    assert module._short("a/photo-123456.jpg") == "photo-…3456.jpg"
    assert len(module._short("x" * 40)) == 15
    lines = module._wrapped("word " * 60)
    assert lines[0].startswith("- word word") and lines[1].startswith("    word")
    assert all(100 < len(line) <= 123 for line in lines[:-1])
    assert " ".join(lines).replace("-", "").split() == ["word"] * 60
    one, two, three = (photo(name, (0, 0, 0)) for name in "abc")
    assert module._spread([one, two, three], 3) == [one, two, three]
    assert module._spread([one], 3) == [one] * 3 and module._spread([], 3) == []


@pytest.mark.parametrize(("yaw", "column"), [(-22.5, 0), (-21.5, 1), (-8.5, 1), (-7.5, 2), (7.5, 2),
                                             (8.5, 3), (21.5, 3), (22.5, 4)])  # fmt: skip
def test_where_one_kind_of_photo_ends(yaw: float, column: int) -> None:
    def face(pitch: float, side: float) -> Traits:
        return Traits(yaw, pitch, 0.0, Illumination(side, 55.0), 80.0)

    assert [cell(face(pitch, 0), 2.0) for pitch in (10.5, 9.5, -5.5, -6.5)] == [
        (0, column), (1, column), (1, column), (2, column),
    ]  # fmt: skip
    assert [lit_from(face(0, side)) for side in (-0.46, -0.44, 0.44, 0.46)] == [0, 1, 1, 2]
