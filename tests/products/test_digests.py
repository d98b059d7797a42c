import os
from pathlib import Path

import pytest

from zoo.products import digests as digests_module
from zoo.products.digests import digests
from zoo.settings import Project
from zoo.storage import sha256_of

OLD = 1_700_000_000_000_000_000


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which files were read."""
    files: list[Path] = []

    def reading(path: Path) -> str:
        files.append(path)
        return sha256_of(path)

    monkeypatch.setattr(digests_module, "sha256_of", reading)
    return files


def write(path: Path, text: str, changed: int = OLD) -> Path:
    path.write_text(text)
    os.utime(path, ns=(changed, changed))
    return path


def of(root: Path, path: Path) -> str:
    with digests(Project(root)) as known:
        return known.of(path)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, read: list[Path]) -> None:
    photo = write(tmp_path / "photo.jpg", "one")
    assert of(tmp_path, photo) == of(tmp_path, photo) == sha256_of(photo)
    assert read == [photo]
    write(photo, "two", OLD + 1)
    assert of(tmp_path, photo) == sha256_of(photo)
    other = write(tmp_path / "other.jpg", "six", OLD + 1)  # same size and time
    os.replace(other, photo)
    assert of(tmp_path, photo) == sha256_of(photo)
    assert read == [photo] * 3


def test_a_file_that_may_still_change_is_not_remembered(tmp_path: Path, read: list[Path]) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_text("one")
    of(tmp_path, photo)
    of(tmp_path, photo)
    assert read == [photo] * 2


def test_a_damaged_memory_costs_time_only(tmp_path: Path, read: list[Path]) -> None:
    photo = write(tmp_path / "photo.jpg", "one")
    of(tmp_path, photo)
    (tmp_path / ".zoo" / "digests.db").write_bytes(b"no database" * 100)
    assert of(tmp_path, photo) == sha256_of(photo)
    assert of(tmp_path, photo) == sha256_of(photo)
    assert read == [photo] * 2


def test_a_project_that_cannot_be_written_is_read_all_the_same(
    tmp_path: Path, read: list[Path]
) -> None:
    photo = write(tmp_path / "photo.jpg", "one")
    (tmp_path / ".zoo").write_text("in the way")
    assert of(tmp_path, photo) == sha256_of(photo)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        of(tmp_path, tmp_path / "none.jpg")
