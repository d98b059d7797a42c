"""A whole sheet against one laid out by hand, pixel by pixel: what stands where, and nothing else.

The photos' fields form a grid of 102 pixels that begins at (96, 100) for poses, at (646, 100) for
light; each title stands 24 pixels above its column or in the middle of its row.
"""

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from tests.faces.curation.test_coverage_sheet import EMPTY, PAPER, SIDE, STEP, WARN, photo, sheet_of
from zoo.faces.curation.assessment import Assessed
from zoo.faces.curation.photo_selection import Dropped, Reason
from zoo.faces.recognition.descriptors import OUTLIER
from zoo.photos.text_rendering import render_text

INK, QUIET = (30, 33, 40), (110, 116, 128)
RED, GREEN, BLUE, BROWN = (200, 0, 0), (0, 200, 0), (0, 0, 200), (120, 80, 40)
Colour = tuple[int, int, int]


class Paper:
    def __init__(self, width: int, height: int) -> None:
        self.paper = Pillow.new("RGB", (width, height), PAPER)
        self.pen = ImageDraw.Draw(self.paper)

    def words(self, x: int, y: int, text: str, size: int = 14, colour: Colour = INK) -> None:
        shown, font = render_text(text, size)
        self.pen.text((x, y), shown, colour, font)

    def field(self, x: int, y: int, colour: Colour | None, count: int = 0) -> None:
        """A square of one colour with a number on it; without a colour a red zero."""
        right, bottom = x + SIDE - 1, y + SIDE - 1
        if colour is None:
            self.pen.rounded_rectangle((x, y, right, bottom), 6, EMPTY)
            self.words(x + 44, y + 38, "0", 16, WARN)
            return
        self.pen.rectangle((x, y, right, bottom), colour)
        if count:
            wide = 19 if count < 10 else 28
            self.pen.rounded_rectangle((x + 3, y + 3, x + 3 + wide, y + 23), 5, INK)
            self.words(x + 8, y + 4, str(count), 15, PAPER)


def test_a_sheet_is_its_fields_titles_rejected_photos_and_advice() -> None:
    shown = [
        *(photo(f"left {n}", RED, yaw=-30, side=-1, mouth=0.3) for n in range(12)),
        photo("front", GREEN, pitch=20),
        photo("right", BLUE, yaw=30, pitch=-20, side=0.9, mouth=0.1),
    ]
    stranger = photo("folder/an-unusually-long-name.jpg", (250, 100, 150), distance=OUTLIER + 0.1)
    thumbnail = np.full((SIDE, SIDE, 3), BROWN, np.uint8)
    reasons = [Reason.SEVERAL, Reason.SMALL, *[Reason.NO_FACE] * 16]
    dropped = [
        Assessed(f"{n}.jpg", Dropped("", why), None, None if n == 3 else thumbnail)
        for n, why in enumerate(reasons)
    ]
    sheet = sheet_of(*shown, stranger, *dropped, advice=("word " * 30, "more"))

    assert sheet.shape == (110 + 306 + 24 + 2 * 136 + 44 + 3 * 20 + 44, 972, 3)
    paper = Paper(972, sheet.shape[0])
    paper.words(20, 14, "ada: 14 of 33 photos are usable", 20)
    paper.words(96, 50, "Turn of the head", 16)
    paper.words(646, 50, "Light", 16)
    fields: dict[tuple[int, int], tuple[Colour, int]] = {
        (1, 0): (RED, 12), (0, 2): (GREEN, 1), (2, 4): (BLUE, 1),
    }  # fmt: skip
    for column, title in enumerate(("left", "half left", "front", "half right", "right")):
        paper.words(96 + column * STEP, 76, title, colour=QUIET)
        for row in range(3):
            colour, count = fields.get((row, column), (None, 0))
            paper.field(96 + column * STEP, 100 + row * STEP, colour, count)
    for row, title in enumerate(("raised", "level", "lowered")):
        paper.words(20, 140 + row * STEP, title, colour=QUIET)
    lights = (("from the left", RED, 12), ("even", GREEN, 1), ("from the right", BLUE, 1))
    for column, (title, colour, count) in enumerate(lights):
        paper.words(646 + column * STEP, 76, title, colour=QUIET)
        paper.field(646 + column * STEP, 100, colour, count)
    paper.words(646, 216, "Mouth, from closed to open", 16)
    for column, colour in enumerate((GREEN, RED, RED)):
        paper.field(646 + column * STEP, 244, colour)

    paper.words(20, 430, "19 not usable (the first 16)", 16)
    paper.field(20, 460, (250, 100, 150))
    paper.pen.rectangle((20, 460, 115, 555), outline=WARN, width=3)
    paper.words(20, 558, "someone else?", 12, WARN)
    paper.words(20, 572, "an-unu…name.jpg", 11, QUIET)
    words = ("several faces", "face too small", *["no face"] * 13)
    for place, reason in enumerate(words, 1):
        x, y = 20 + place % 9 * STEP, 460 + place // 9 * 136
        paper.field(x, y, EMPTY if place == 4 else BROWN)
        paper.words(x, y + 98, reason, 12)
        paper.words(x, y + 112, f"{place - 1}.jpg", 11, QUIET)
    paper.words(20, 742, "To do better", 16)
    paper.words(20, 770, "- " + "word " * 22 + "word")
    paper.words(20, 790, "    " + "word " * 6 + "word")
    paper.words(20, 810, "- more")
    apart = np.argwhere((sheet != np.asarray(paper.paper)).any(axis=2))
    assert not len(apart), apart[:5].tolist()
