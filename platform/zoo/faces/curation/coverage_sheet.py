"""An assessment as one small picture: poses, light, and what was rejected, with faces.

It shows the person, so it belongs beside the identity's products, never into version control.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from zoo.faces.curation.assessment import THUMBNAIL, Assessed, Assessment
from zoo.faces.curation.coverage import NODS, SIDES, TURNS, cell, lit_from, usual_pitch
from zoo.photos.image import Image
from zoo.photos.text_rendering import render_text

_GAP, _MARGIN, _LABEL = 6, 20, 76
_WIDTH = 2 * _MARGIN + _LABEL + (len(TURNS) + len(SIDES)) * (THUMBNAIL + _GAP) + 40
_PAPER, _INK, _QUIET, _EMPTY = (255, 255, 255), (30, 33, 40), (110, 116, 128), (238, 240, 244)
_WARN = (192, 57, 43)
_LINE = 20
_MOST_REJECTED = 16


def coverage_sheet(name: str, assessment: Assessment) -> Image:
    """The picture [H, W, 3]: pose by light on top, rejected photos and advice below."""
    usable, others = assessment.usable, [*assessment.outliers, *assessment.rejected]
    per_row = (_WIDTH - 2 * _MARGIN) // (THUMBNAIL + _GAP)
    shown = others[:_MOST_REJECTED]
    rows = -(-len(shown) // per_row)
    advice = [line for text in assessment.advice for line in _wrapped(text)]
    height = 110 + len(NODS) * (THUMBNAIL + _GAP) + 24
    height += (rows * (THUMBNAIL + 2 * _LINE) + 44) if shown else 0
    height += (len(advice) * _LINE + 44) if advice else 0
    paper = Pillow.new("RGB", (_WIDTH, height), _PAPER)
    pen = ImageDraw.Draw(paper)
    total = len(assessment.photos)
    _text(pen, _MARGIN, 14, f"{name}: {len(usable)} of {total} photos are usable", size=20)
    _poses(paper, pen, usable)
    _lights(paper, pen, usable)
    y = 110 + len(NODS) * (THUMBNAIL + _GAP) + 14
    if shown:
        more = f" (the first {len(shown)})" if len(others) > len(shown) else ""
        _text(pen, _MARGIN, y, f"{len(others)} not usable{more}", size=16)
        y += 30
        for place, photo in enumerate(shown):
            left = _MARGIN + (place % per_row) * (THUMBNAIL + _GAP)
            top = y + (place // per_row) * (THUMBNAIL + 2 * _LINE)
            _rejected(paper, pen, photo, left, top)
        y += rows * (THUMBNAIL + 2 * _LINE) + 10
    if advice:
        _text(pen, _MARGIN, y, "To do better", size=16)
        for number, line in enumerate(advice):
            _text(pen, _MARGIN, y + 28 + number * _LINE, line, _INK)
    return np.asarray(paper).astype(np.uint8, copy=True)


def _poses(paper: Pillow.Image, pen: ImageDraw.ImageDraw, usable: Sequence[Assessed]) -> None:
    usual = usual_pitch([photo.traits for photo in usable if photo.traits])
    cells: dict[tuple[int, int], list[Assessed]] = {}
    for photo in usable:
        if photo.traits:
            cells.setdefault(cell(photo.traits, usual), []).append(photo)
    left, top = _MARGIN + _LABEL, 100
    _text(pen, left, 50, "Turn of the head", size=16)
    for column, title in enumerate(TURNS):
        _text(pen, left + column * (THUMBNAIL + _GAP), 76, title, _QUIET)
    for row, title in enumerate(NODS):
        _text(pen, _MARGIN, top + row * (THUMBNAIL + _GAP) + THUMBNAIL // 2 - 8, title, _QUIET)
        for column in range(len(TURNS)):
            place = (left + column * (THUMBNAIL + _GAP), top + row * (THUMBNAIL + _GAP))
            _cell(paper, pen, cells.get((row, column), []), place)


def _lights(paper: Pillow.Image, pen: ImageDraw.ImageDraw, usable: Sequence[Assessed]) -> None:
    left, top = _MARGIN + _LABEL + len(TURNS) * (THUMBNAIL + _GAP) + 40, 100
    _text(pen, left, 50, "Light", size=16)
    for column, title in enumerate(SIDES):
        x = left + column * (THUMBNAIL + _GAP)
        lit = [photo for photo in usable if photo.traits and lit_from(photo.traits) == column]
        lit.sort(key=lambda photo: photo.traits.light.side if photo.traits else 0)
        _text(pen, x, 76, title, _QUIET)
        _cell(paper, pen, lit, (x, top))
    mouths = [photo for photo in usable if photo.traits]
    mouths.sort(key=lambda photo: photo.traits.mouth if photo.traits else 0)
    _text(pen, left, top + THUMBNAIL + _GAP + 14, "Mouth, from closed to open", size=16)
    for column, pick in enumerate(_spread(mouths, len(SIDES))):
        place = (left + column * (THUMBNAIL + _GAP), top + THUMBNAIL + _GAP + 42)
        _face(paper, pick, place)


def _spread(photos: Sequence[Assessed], count: int) -> list[Assessed]:
    if not photos:
        return []
    return [photos[round(i * (len(photos) - 1) / (count - 1))] for i in range(count)]


def _cell(
    paper: Pillow.Image,
    pen: ImageDraw.ImageDraw,
    photos: Sequence[Assessed],
    place: tuple[int, int],
) -> None:
    """One of the photos with their number, or an empty field."""
    x, y = place
    if not photos:
        pen.rounded_rectangle((x, y, x + THUMBNAIL - 1, y + THUMBNAIL - 1), 6, _EMPTY)
        _text(pen, x + THUMBNAIL // 2 - 4, y + THUMBNAIL // 2 - 10, "0", _WARN, 16)
        return
    _face(paper, photos[len(photos) // 2], place)
    words = str(len(photos))
    width = 10 + 9 * len(words)
    pen.rounded_rectangle((x + 3, y + 3, x + 3 + width, y + 23), 5, _INK)
    _text(pen, x + 8, y + 4, words, _PAPER, 15)


def _rejected(
    paper: Pillow.Image, pen: ImageDraw.ImageDraw, photo: Assessed, x: int, y: int
) -> None:
    _face(paper, photo, (x, y))
    if photo.outlier or photo.dropped is None:
        pen.rectangle((x, y, x + THUMBNAIL - 1, y + THUMBNAIL - 1), outline=_WARN, width=3)
        words = "someone else?"
    else:
        words = str(photo.dropped.kind).replace("equally large ", "")
    _text(pen, x, y + THUMBNAIL + 2, words, _WARN if photo.outlier else _INK, 12)
    _text(pen, x, y + THUMBNAIL + 16, _short(photo.photo), _QUIET, 11)


def _face(paper: Pillow.Image, photo: Assessed, place: tuple[int, int]) -> None:
    if photo.thumbnail is not None:
        paper.paste(Pillow.fromarray(photo.thumbnail), place)
    else:
        x, y = place
        ImageDraw.Draw(paper).rectangle((x, y, x + THUMBNAIL - 1, y + THUMBNAIL - 1), _EMPTY)


def _short(name: str, longest: int = 15) -> str:
    name = name.rsplit("/", 1)[-1]
    return name if len(name) <= longest else f"{name[:6]}…{name[-(longest - 7) :]}"


def _wrapped(text: str, longest: int = 118) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > longest:
            lines.append(line)
            line = "   "
        line = f"{line} {word}" if line else f"- {word}"
    return [*lines, line]


def _text(
    pen: ImageDraw.ImageDraw,
    x: int,
    y: int,
    words: str,
    colour: tuple[int, int, int] = _INK,
    size: int = 14,
) -> None:
    shown, font = render_text(words, size)
    pen.text((x, y), shown, colour, font)
