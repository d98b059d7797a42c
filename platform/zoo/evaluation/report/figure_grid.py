"""A page of pictures in rows with captions, as used by the figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from zoo.evaluation.report.sheet import tile
from zoo.photos.image import Image

SIDE, GAP, LABEL, LINE = 160, 4, 150, 20
_INK, _GREY = (20, 20, 20), (110, 110, 110)


@dataclass(frozen=True)
class GridRow:
    """A row: words at its left, pictures, and words below them (none, or one per picture)."""

    label: str
    pictures: Sequence[Image]
    captions: Sequence[str] = field(default_factory=tuple)


def page(title: str, words: str, strips: Sequence[GridRow]) -> Image:
    """Rows of pictures under a title and a sentence.

    Args:
        title: one line.
        words: what there is to see, one line.
        strips: at least one.
    """
    columns = max(len(strip.pictures) for strip in strips)
    heights = [SIDE + GAP + (LINE if strip.captions else 0) for strip in strips]
    width = LABEL + columns * (SIDE + GAP) + GAP
    sheet = Pillow.new("RGB", (width, 3 * LINE + sum(heights) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(17), ImageFont.load_default(13)
    draw.text((2 * GAP, GAP), title, _INK, large)
    draw.text((2 * GAP, GAP + 1.4 * LINE), words, _GREY, small)
    top = 3 * LINE
    for strip, height in zip(strips, heights, strict=True):
        draw.multiline_text((2 * GAP, top + SIDE // 3), strip.label, _INK, small)
        for column, picture in enumerate(strip.pictures):
            left = LABEL + column * (SIDE + GAP)
            sheet.paste(tile(picture, SIDE), (left, top))
            if strip.captions:
                draw.text((left, top + SIDE + 2), strip.captions[column], _GREY, small)
        top += height
    return np.asarray(sheet)
