"""Text rendering on pictures, in all scripts."""

import unicodedata
from functools import cache

from PIL import ImageFont

_WIDE = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "arial.ttf")
_NOBODYS = "\uffff"  # no font has it, so it looks like whatever a font lacks

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def render_text(words: str, size: int) -> tuple[str, Font]:
    """``words`` as they can be drawn, and the font for it.

    Pillow's own font has English only. Other letters are looked for in fonts of this machine; those
    that are nowhere lose their accents, or become ``?``.
    """
    words = unicodedata.normalize("NFC", words)
    own, *others = _fonts(size)
    for font in (own, *others):
        if all(_has(font, letter) for letter in words):
            return words, font
    return "".join(_replaced(letter, own) for letter in words), own


@cache
def _fonts(size: int) -> list[Font]:
    found: list[Font] = [ImageFont.load_default(size)]
    for name in _WIDE:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return found


def _replaced(letter: str, font: Font) -> str:
    plain = unicodedata.normalize("NFKD", letter)[0]
    return next((one for one in (letter, plain) if _has(font, one)), "?")


@cache
def _has(font: Font, letter: str) -> bool:
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask(_NOBODYS))
