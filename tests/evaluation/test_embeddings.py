"""Embeddings of an identity's photos are computed once, and again when they cannot be trusted."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import StorageError
from zoo.evaluation.embeddings import embeddings_of, other_identities
from zoo.evaluation.measures import likeness
from zoo.faces.curation.face_pack import FacePack, write_pack
from zoo.photos.image import Image, Points
from zoo.photos.writing import write_photo
from zoo.settings import Project


@pytest.fixture
def project(tmp_path: Path, ada: list[Image], monkeypatch: pytest.MonkeyPatch) -> Project:
    """Ada, aligned from two photos that are there, and bruno, whose photos are gone."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    found = Project(tmp_path / "project")
    for number in range(2):
        write_photo(found.root / f"{number}.png", ada[number])
    put(found, "ada", ["0.png", "1.png"])
    put(found, "bruno", ["gone.png"])
    return found


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Points]:
    """The faces that the recogniser was asked about; it answers each with another axis."""
    seen: list[Points] = []

    def embedding(image: Image, landmarks: Points) -> np.ndarray:
        seen.append(landmarks)
        return np.asarray(np.eye(128)[len(seen) - 1], np.float32)

    monkeypatch.setattr(likeness, "embedding", embedding)
    return seen


def put(project: Project, name: str, photos: list[str]) -> None:
    count = len(photos)
    faces = np.zeros((count, 8, 8, 3), np.uint8)
    landmarks = np.zeros((count, 68, 2), np.float32)
    project.aligned.mkdir(parents=True, exist_ok=True)
    pack = FacePack(faces, landmarks, photos, ["photos"] * count)
    write_pack(project.aligned / f"{name}.safetensors", pack)


def test_each_photo_is_looked_at_once(project: Project, asked: list[Points]) -> None:
    first = embeddings_of(project, "ada")
    assert first.tolist() == np.eye(2, 128).tolist()
    assert embeddings_of(project, "ada").tolist() == first.tolist()
    assert len(asked) == 2


def test_what_is_damaged_in_the_cache_is_made_again(
    project: Project, asked: list[Points], tmp_path: Path
) -> None:
    embeddings_of(project, "ada")
    (kept,) = (tmp_path / "cache" / "embeddings").iterdir()
    kept.write_bytes(b"damaged")
    assert embeddings_of(project, "ada").shape == (2, 128)
    assert len(asked) == 4


def test_an_identity_aligned_anew_is_looked_at_anew(project: Project, asked: list[Points]) -> None:
    embeddings_of(project, "ada")
    put(project, "ada", ["1.png"])
    assert embeddings_of(project, "ada").shape == (1, 128)
    assert len(asked) == 3


def test_others_without_photos_are_not_in_the_gallery(project: Project) -> None:
    assert list(other_identities(project, "carl")) == ["ada"]
    assert other_identities(project, "ada") == {}


def test_an_identity_that_is_not_aligned_is_an_error(project: Project) -> None:
    with pytest.raises(StorageError, match=r"carl\.safetensors"):
        embeddings_of(project, "carl")
