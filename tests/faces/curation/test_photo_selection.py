from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from tests.faces.conftest import Portrait
from zoo.errors import IdentityError
from zoo.faces.curation.face_pack import FacePack
from zoo.faces.curation.photo_selection import AlignSettings, Reason, contact_sheet, curate
from zoo.photos.image import Image

VALUES = {
    "size": 128,
    "min_interocular": 20.0,
    "min_sharpness": 0.14,
    "min_difference": 4.0,
    "minimum_photos": 2,
    "advised_photos": 3,
}
SETTINGS = AlignSettings.model_validate(VALUES)


@pytest.fixture(scope="module")
def good(portraits: Sequence[Portrait]) -> list[tuple[str, Image | Path]]:
    return [(f"{index}.png", portrait.render.image) for index, portrait in enumerate(portraits)]


def resized(image: Image, times: float) -> Image:
    way = cv2.INTER_AREA if times < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=times, fy=times, interpolation=way), np.uint8)


def test_good_photos_are_all_kept_in_order(good: list[tuple[str, Image | Path]]) -> None:
    curated = curate("ada", good, SETTINGS)
    assert curated.dropped == []
    assert curated.warning is None
    assert curated.pack.names == [name for name, _ in good]
    assert curated.pack.sources == ["ada"] * 5
    assert curated.pack.faces.shape == (5, 128, 128, 3)
    assert curated.pack.landmarks.min() > -0.2
    assert curated.pack.landmarks.max() < 1.2


def test_each_unusable_photo_is_dropped_with_its_reason(
    good: list[tuple[str, Image | Path]], portraits: Sequence[Portrait], tmp_path: Path
) -> None:
    image = portraits[0].render.image
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    pair = np.concatenate([image, portraits[2].render.image], axis=1)
    bad: list[tuple[str, Image | Path]] = [
        ("cut.jpg", tmp_path / "cut.jpg"),
        ("wall.png", np.full((200, 200, 3), 90, np.uint8)),
        ("pair.png", pair),
        ("small.png", np.pad(resized(image, 0.34), ((60, 60), (60, 60), (0, 0)), "edge")),
        ("blurred.png", np.asarray(cv2.GaussianBlur(image, (0, 0), 4), np.uint8)),
        ("copy.png", image.copy()),
    ]
    curated = curate("ada", [*good, *bad], SETTINGS)
    assert curated.pack.names == [name for name, _ in good]
    reasons = {drop.photo: drop.kind for drop in curated.dropped}
    assert reasons == {
        "cut.jpg": Reason.UNREADABLE,
        "wall.png": Reason.NO_FACE,
        "pair.png": Reason.SEVERAL,
        "small.png": Reason.SMALL,
        "blurred.png": Reason.BLURRED,
        "copy.png": Reason.REPEATED,
    }
    sentences = {drop.photo: drop.reason for drop in curated.dropped}
    assert sentences["copy.png"] == "near-duplicate of 0.png"
    assert "cut.jpg" in sentences["cut.jpg"]
    assert sentences["wall.png"] == "no face"


def test_a_face_in_the_background_does_not_matter(
    good: list[tuple[str, Image | Path]], portraits: Sequence[Portrait]
) -> None:
    photo = np.full((400, 700, 3), 90, np.uint8)
    photo[:400, :400] = resized(portraits[0].render.image, 400 / 256)
    photo[100:356, 440:696] = portraits[2].render.image
    curated = curate("ada", [("group.png", photo), *good[1:3]], SETTINGS)
    assert "group.png" in curated.pack.names


def test_too_few_photos_are_an_error_that_counts_the_reasons() -> None:
    wall = np.full((100, 100, 3), 90, np.uint8)
    with pytest.raises(IdentityError, match=r"ada has 0 usable photos of 3 \(3 no face\)"):
        curate("ada", [(str(index), wall) for index in range(3)], SETTINGS)
    with pytest.raises(IdentityError, match="0 usable photos of 0;"):
        curate("ada", [], SETTINGS)


def test_few_photos_are_a_warning(good: list[tuple[str, Image | Path]]) -> None:
    curated = curate("ada", [*good[:2], ("copy", good[0][1])], SETTINGS)
    assert curated.warning is not None
    assert "2 usable photos of 3 (1 near-duplicate)" in curated.warning


def test_settings_are_complete_and_within_limits() -> None:
    for name in VALUES:
        with pytest.raises(ValidationError):
            AlignSettings.model_validate({k: v for k, v in VALUES.items() if k != name})
    with pytest.raises(ValidationError):
        AlignSettings.model_validate({**VALUES, "size": 7})
    with pytest.raises(ValidationError):
        AlignSettings.model_validate({**VALUES, "sise": 7})


@pytest.mark.parametrize(("count", "columns"), [(1, 10), (10, 10), (13, 4), (700, 30)])
def test_the_contact_sheet_shows_faces_in_order(count: int, columns: int) -> None:
    greys = np.linspace(0, 200, count).astype(np.uint8)
    faces = np.repeat(greys, 32 * 32 * 3).reshape(count, 32, 32, 3)
    names = [str(index) for index in range(count)]
    pack = FacePack(faces, np.zeros((count, 68, 2), np.float32), names, names)
    sheet = contact_sheet(pack, columns, side=16)
    shown = min(count, 600)
    assert sheet.shape == (-(-shown // columns) * 16, columns * 16, 3)
    assert (sheet[:16, :16] == 0).all()
    last = (shown - 1) // columns * 16, (shown - 1) % columns * 16
    assert (sheet[last[0] : last[0] + 16, last[1] : last[1] + 16] == greys[-1]).all()
