"""From which numbers on something is advised, and what."""

from collections.abc import Sequence

import numpy as np
import pytest

from zoo.faces.curation.coverage import Traits, advice, coverage, traits, usual_pitch
from zoo.faces.curation.illumination import Illumination
from zoo.faces.geometry.reference import REFERENCE


def kind(**more: float) -> Traits:
    given = {"yaw": 0.0, "pitch": 0.0, "mouth": 0.02, "side": 0.0, "level": 55.0, "eyes": 100.0}
    given |= more
    light = Illumination(given["side"], given["level"])
    return Traits(given["yaw"], given["pitch"], given["mouth"], light, given["eyes"])


def said(faces: Sequence[Traits], resolution: int = 128) -> list[str]:
    return advice(faces, 3, 3, resolution)


KINDS: tuple[tuple[dict[str, float], str], ...] = (
    ({"yaw": -30}, "with the face turned to the left of the picture"),
    ({"yaw": -10}, "with the face turned to the left of the picture"),
    ({"yaw": 10}, "with the face turned to the right of the picture"),
    ({"yaw": 30}, "with the face turned to the right of the picture"),
    ({"side": -1}, "lit from the left of the picture"),
    ({"side": 1}, "lit from the right of the picture"),
    ({"pitch": 20}, "with the head raised"),
    ({"pitch": -20}, "with the head lowered"),
    ({"mouth": 0.3}, "with the mouth open, as when talking or laughing"),
)


@pytest.mark.parametrize(("one", "words"), KINDS)
def test_three_photos_of_a_kind_are_enough_and_six_in_a_hundred(
    one: dict[str, float], words: str
) -> None:
    for count, enough in ((40, 3), (100, 6)):
        for have in (0, 1, enough - 1):
            lines = said([kind(**one)] * have + [kind()] * (count - have))
            verb = "is" if have == 1 else "are"
            line = f"Collect photos {words}: {have or 'none'} of {count} {verb} like this."
            assert line in lines and len(lines) == 7
        lines = said([kind(**one)] * enough + [kind()] * (count - enough))
        assert len(lines) == 6 and not any(words in line for line in lines)


def test_closed_mouths_are_asked_for_too() -> None:
    lines = said([kind(mouth=0.3)] * 38 + [kind()] * 2)
    assert lines[-1] == "Collect photos with the mouth closed: 2 of 40 are like this."
    assert len(said([kind(mouth=0.3)] * 20 + [kind()] * 20)) == 6


def test_small_or_dark_faces_are_told_from_the_half_on() -> None:
    for dark, told in ((20, False), (21, True)):
        lines = said([kind(level=30)] * dark + [kind()] * (40 - dark))
        assert (lines[-1] == f"Add brighter ones: in {dark} of 40 the face is dark.") is told
    for small, told in ((20, False), (21, True)):
        lines = said([kind(eyes=60.1)] * small + [kind(eyes=60.2)] * (40 - small))
        words = f"Add larger ones: {small} of 40 have fewer than 60 pixels between "
        assert lines[-1].startswith(words) is told


@pytest.mark.parametrize(
    ("count", "first"),
    [(2, "Add at least 1 more photos: training needs 3."),
     (3, "Add about 7 more photos: 10 usually are enough."),
     (9, "Add about 1 more photos: 10 usually are enough."), (10, "Collect photos with")],
)  # fmt: skip
def test_how_many_more_is_said_first(count: int, first: str) -> None:
    assert advice([kind()] * count, 3, 10, 128)[0].startswith(first)


def test_traits_are_measured_in_eye_distances() -> None:
    landmarks = np.asarray(REFERENCE * 200, np.float32)
    landmarks[66] = landmarks[62] + np.array((3, 4), "f4")
    found = traits(landmarks, Illumination(0, 50))
    assert found.interocular == pytest.approx(94)
    assert found.mouth == pytest.approx(5 / 94)
    assert traits(np.zeros((68, 2), np.float32), Illumination(0, 50)).mouth == 0
    assert usual_pitch([kind(pitch=1), kind(pitch=2), kind(pitch=30)]) == 2
    assert usual_pitch([]) == 0 and coverage([]).photos == 0
