"""Photos judged one by one and together; the judgement as a picture."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.faces.conftest import Portrait
from zoo.faces.curation.assessment import THUMBNAIL, Assessed, Assessment, assess, assessment_of
from zoo.faces.curation.coverage_sheet import coverage_sheet
from zoo.faces.curation.photo_selection import AlignSettings

SETTINGS = AlignSettings(
    size=256,
    min_interocular=30,
    min_sharpness=0.12,
    min_difference=2.0,
    minimum_photos=10,
    advised_photos=40,
)


@pytest.fixture(scope="module")
def photos(
    portraits: Sequence[Portrait], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("photos")
    ada, again = (portrait.render.image for portrait in portraits[:2])
    pictures = {
        "a.png": ada,
        "b.png": again,
        "copy.png": ada,
        "blurred.png": cv2.GaussianBlur(ada, (0, 0), 5),
        "meadow.png": np.full((120, 200, 3), (40, 160, 60), np.uint8),
    }
    for name, picture in pictures.items():
        Pillow.fromarray(picture).save(folder / name)
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:400])
    return {name: folder / name for name in (*pictures, "cut.png")}


@pytest.fixture(scope="module")
def assessment(photos: dict[str, Path]) -> Assessment:
    return assess(photos, SETTINGS, 64, processes=1)


def test_each_photo_is_usable_or_rejected_for_a_reason(assessment: Assessment) -> None:
    kinds = {photo.photo: photo.dropped and str(photo.dropped.kind) for photo in assessment.photos}
    assert kinds == {
        "a.png": None,
        "b.png": None,
        "copy.png": "near-duplicate",
        "blurred.png": "face too blurred",
        "meadow.png": "no face",
        "cut.png": "unreadable",
    }
    assert [photo.photo for photo in assessment.usable] == ["a.png", "b.png"]
    assert assessment.coverage.photos == 2
    assert assessment.advice[0].startswith("Add at least 8 more photos")


def test_the_summary_is_plain_data(assessment: Assessment) -> None:
    summary = assessment.summary()
    assert summary["usable"] == 2
    assert {"photo": "copy.png", "reason": "near-duplicate of a.png"} in summary["rejected"]
    assert summary["outliers"] == []


def test_many_photos_are_looked_at_in_several_processes_alike_whatever_is_trained_on(
    photos: dict[str, Path], assessment: Assessment
) -> None:
    names = [*photos, *(f"again/{name}" for name in photos), *(f"more/{name}" for name in photos)]
    done: list[int] = []
    settings = SETTINGS.model_copy(update={"size": 32})
    many = assess(
        {name: photos[name.split("/")[-1]] for name in names}, settings, 64, done.append, 2
    )
    assert done == list(range(1, 19))
    assert len(many.usable) == len(assessment.usable)
    assert many.photos[0].traits == assessment.photos[0].traits


def test_a_face_far_from_the_others_is_a_strangers(assessment: Assessment) -> None:
    own, other = assessment.usable
    apart = [
        own,
        Assessed(other.photo, None, other.traits, other.thumbnail, distance=0.8),
    ]
    found = assessment_of(apart, SETTINGS, 64)
    assert [photo.photo for photo in found.outliers] == ["b.png"]
    assert [photo.photo for photo in found.usable] == ["a.png"]
    assert found.coverage.photos == 1


def test_the_sheet_shows_faces_numbers_and_what_was_rejected(assessment: Assessment) -> None:
    sheet = coverage_sheet("ada", assessment)
    assert sheet.shape[1] > 9 * THUMBNAIL
    bare = coverage_sheet("ada", assessment_of(assessment.usable, SETTINGS, 64))
    assert bare.shape[0] < sheet.shape[0]
    face = assessment.usable[0].thumbnail
    assert face is not None
    found = cv2.matchTemplate(sheet, face, cv2.TM_SQDIFF_NORMED)
    assert found.min() < 0.05
