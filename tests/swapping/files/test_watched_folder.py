"""A watched folder gives what is new, changed and whole, and nothing that it was given back."""

import os
from pathlib import Path

import pytest

from zoo.swapping.files.watched_folder import Watched, is_being_written


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    folder = tmp_path / "in"
    folder.mkdir()
    return Watched(folder, folder / "swapped", settled=2.0)


def names(watched: Watched, now: float) -> list[str]:
    return [source.name for source, _ in watched.look(now)]


def test_a_file_comes_once_when_it_has_settled(watched: Watched) -> None:
    assert names(watched, 0) == []
    (watched.folder / "a.jpg").write_bytes(b"a")
    (watched.folder / "notes.txt").write_bytes(b"a")
    assert names(watched, 1) == []
    assert names(watched, 2) == []
    assert names(watched, 3) == ["a.jpg"]
    assert names(watched, 60) == []


def test_a_file_that_grows_is_waited_for(watched: Watched) -> None:
    path = watched.folder / "a.jpg"
    for second in range(5):
        with path.open("ab") as file:
            file.write(b"more")
        assert names(watched, second) == []
    assert names(watched, 5.9) == []
    assert names(watched, 6.1) == ["a.jpg"]


def test_a_file_that_is_still_open_for_writing_is_waited_for(watched: Watched) -> None:
    path = watched.folder / "a.mp4"
    with path.open("wb") as file:
        file.write(b"half")
        file.flush()
        assert is_being_written(path)
        assert names(watched, 0) == names(watched, 10) == []
    assert not is_being_written(path)
    with path.open("rb"):
        assert names(watched, 20) == ["a.mp4"]


def test_a_changed_file_comes_again_and_so_does_one_put_back(watched: Watched) -> None:
    path = watched.folder / "a.jpg"
    path.write_bytes(b"a")
    assert (names(watched, 0), names(watched, 2)) == ([], ["a.jpg"])
    path.write_bytes(b"b")
    os.utime(path, ns=(1, 1))
    assert (names(watched, 3), names(watched, 5)) == ([], ["a.jpg"])
    path.rename(watched.folder.parent / "a.jpg")
    assert names(watched, 6) == []
    (watched.folder.parent / "a.jpg").rename(path)
    assert (names(watched, 7), names(watched, 9)) == ([], ["a.jpg"])


def test_outputs_have_places_of_their_own_and_are_no_inputs(watched: Watched) -> None:
    for name in ("a.jpg", "a.heic", "deep/a.JPG", "clip.wmv", "swapped/a.jpg", ".b-part.jpg"):
        path = watched.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert names(watched, 0) == []
    pairs = {
        str(source.relative_to(watched.folder)): str(target.relative_to(watched.out))
        for source, target in watched.look(2)
    }
    assert pairs == {
        "a.jpg": "a.jpg",
        "a.heic": "a.heic.jpg",
        "deep/a.JPG": "deep/a.JPG",
        "clip.wmv": "clip.wmv.mkv",
    }


def test_a_folder_that_is_gone_is_an_error_and_comes_back(watched: Watched) -> None:
    (watched.folder / "a.jpg").write_bytes(b"a")
    assert (names(watched, 0), names(watched, 2)) == ([], ["a.jpg"])
    away = watched.folder.rename(watched.folder.parent / "away")
    with pytest.raises(FileNotFoundError):
        names(watched, 3)
    away.rename(watched.folder)
    assert names(watched, 4) == []  # nothing in it has changed
