from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.faces.conftest import Portrait
from zoo.errors import PhotoError, StorageError
from zoo.faces.curation import content
from zoo.faces.curation.content import gather_content
from zoo.faces.curation.photo_selection import Reason
from zoo.faces.geometry.alignment import align
from zoo.photos.writing import write_photo


@pytest.fixture(scope="module")
def photos(portraits: Sequence[Portrait], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("crowd")
    paths = [folder / f"{index}.png" for index in range(5)]
    for path, portrait in zip(paths, portraits, strict=True):
        write_photo(path, portrait.render.image)
    write_photo(folder / "wall.png", np.full((90, 90, 3), 90, np.uint8))
    (folder / "cut.jpg").write_bytes(b"nothing")
    return [*paths, folder / "wall.png", folder / "cut.jpg"]


def test_faces_come_aligned_and_in_order(photos: list[Path], portraits: Sequence[Portrait]) -> None:
    pack, dropped = gather_content({path.name: path for path in photos}, 64)
    assert pack.names == [f"{index}.png" for index in range(5)]
    assert pack.sources == [photos[0].parent.name] * 5
    for face, landmarks, portrait in zip(pack.faces, pack.landmarks, portraits, strict=True):
        expected = align(portrait.render.image, portrait.face.landmarks, 64)
        assert np.array_equal(face, expected.image)
        assert np.array_equal(landmarks, expected.landmarks)
    assert [drop.kind for drop in dropped] == [Reason.NO_FACE, Reason.UNREADABLE]


def test_worker_processes_give_the_same(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = gather_content(photos, 64, workers=1)
    monkeypatch.setattr(content, "_WORTH_A_WORKER", 1)
    together, dropped = gather_content(photos, 64, workers=2)
    assert together.names == alone.names == [str(path) for path in photos[:5]]
    assert np.array_equal(together.faces, alone.faces)
    assert len(dropped) == 2


def test_without_any_face_there_is_no_content(photos: list[Path]) -> None:
    with pytest.raises(PhotoError, match="None of 2 content photos"):
        gather_content(photos[5:], 64)


def test_a_full_disk_is_a_sentence(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr("tempfile.TemporaryFile", lambda: full)
        with pytest.raises(StorageError, match="the disk is full"):
            gather_content(photos[:1], 64)
