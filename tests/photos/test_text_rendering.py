"""Words on pictures can be read, whatever fonts a machine has."""

import pytest
from PIL import ImageFont

from zoo.photos import text_rendering as module
from zoo.photos.text_rendering import render_text


def test_english_is_in_the_font_that_every_machine_has() -> None:
    words, font = render_text("none of 3 are “so”", 14)
    assert words == "none of 3 are “so”"
    assert isinstance(font, ImageFont.FreeTypeFont) and font.getname()[0] == "Aileron"


def test_letters_that_no_font_has_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WIDE", ("no such font",))
    module._fonts.cache_clear()
    assert render_text("Zoë Ελένη a\u0308.jpg", 14)[0] == "Zoe ????? a.jpg"
    module._fonts.cache_clear()
