"""The picture sheet: all photos, the worst first."""

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from zoo.evaluation.comparison import Example
from zoo.evaluation.report.report_card import Row
from zoo.photos.image import Image

TILE = 144
CAPTION = 18
BLOCKS = 2
"""Photos side by side."""
GAP = 12
COLUMNS = ("photo", "swapped", "network's output", "the target")
_PAPER, _INK, _GREY, _RED = (255, 255, 255), (20, 20, 20), (110, 110, 110), (190, 30, 30)


def sheet(examples: Sequence[Example], target: Image, title: str) -> Image:
    """All examples in the order given, each as photo | swapped | raw | target, with figures.

    Args:
        examples: at least one.
        target: an aligned photo of the person who should be seen [S, S, 3].
        title: one line for the head.
    """
    rows = -(-len(examples) // BLOCKS)
    width = BLOCKS * len(COLUMNS) * TILE + (BLOCKS + 1) * GAP
    height = 2 * GAP + 2 * CAPTION + rows * (TILE + CAPTION + GAP)
    page = Pillow.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(13)
    draw.text((GAP, GAP // 2), title, _INK, font)
    for block in range(min(BLOCKS, len(examples))):
        for column, name in enumerate(COLUMNS):
            draw.text((_left(block, column), GAP + CAPTION), name, _GREY, font)
    for index, example in enumerate(examples):
        block, line = index % BLOCKS, index // BLOCKS
        top = 2 * GAP + 2 * CAPTION + line * (TILE + CAPTION + GAP)
        for column, image in enumerate((example.photo, example.finished, example.raw, target)):
            page.paste(tile(image, TILE), (_left(block, column), top))
        colour = _INK if example.row.finished.shows_target else _RED
        words = _fitted(draw, caption(example.row), font)
        draw.text((_left(block, 0), top + TILE + 1), words, colour, font)
    return np.asarray(page)


def caption(row: Row) -> str:
    """The photo's name and figures: likeness by SFace if it was used, else by dlib's descriptor."""
    shown = row.finished
    if shown.cosine is not None:
        likeness = (
            f"cosine to target {shown.cosine:.2f}, to {shown.nearest_other_by_cosine} "
            f"{shown.cosine_to_other:.2f}"
        )
    else:
        likeness = (
            f"distance to target {shown.distance:.2f}, to {shown.nearest_other} "
            f"{shown.distance_to_other:.2f}"
        )
    return (
        f"{row.photo}:  {likeness};  landmarks {shown.landmark_difference:.1f} %;  "
        f"light {shown.luminance_correlation:.2f}"
    )


def tile(image: Image, side: int) -> Pillow.Image:
    """``image`` fitted into a white square of ``side`` pixels."""
    picture = Pillow.fromarray(image)
    scale = side / max(picture.size)
    fitted = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
        Pillow.Resampling.BICUBIC,
    )
    square = Pillow.new("RGB", (side, side), _PAPER)
    square.paste(fitted, ((side - fitted.width) // 2, (side - fitted.height) // 2))
    return square


def _left(block: int, column: int) -> int:
    return GAP + block * (len(COLUMNS) * TILE + GAP) + column * TILE


def _fitted(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont
) -> str:
    """``text`` cut at the front where it is too long for its block."""
    room = len(COLUMNS) * TILE - 4
    while draw.textlength(text, font) > room:
        text = "…" + text[2:]
    return text
