"""The folder in which finished segments wait, and what of it is used again."""

import errno
import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import StorageError
from zoo.swapping.video import resume
from zoo.swapping.video.assignment.identity_assignment import Assignment
from zoo.swapping.video.assignment.roles import Roles
from zoo.swapping.video.resume import waiting_in, work_folder
from zoo.swapping.video.segment import Done
from zoo.swapping.video.segment_division import Segment


def test_another_plan_for_the_same_name_leaves_nothing_of_the_old(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "cache_folder", lambda: tmp_path / "cache")
    target = tmp_path / "out" / "out.mp4"
    for number in (1, 2):
        with suppress(KeyboardInterrupt), work_folder(target, {"number": number}) as folder:
            (folder / "000000.nut").touch()
            (folder / "000000.json").write_text("{}")
            raise KeyboardInterrupt
        assert waiting_in(target.parent) == [folder]
    with (
        suppress(KeyboardInterrupt),
        work_folder(target.with_name("other.mp4"), {"number": 3}),
    ):
        raise KeyboardInterrupt
    assert waiting_in(target.parent) == [folder]


TIMES = np.arange(0, 10, dtype=np.int64)
HALVES = [Segment(0, 0, 5), Segment(1, 5, 10)]


@pytest.mark.parametrize(
    "noted",
    [None, 3, {}, [], [[0, 9]], [[0, 5], [6, 10]], [[0, 5], [5, 5], [5, 10]], [[0, 10.0]], [[1]]],
)
def test_a_division_that_is_damaged_or_of_other_times_is_made_anew(
    noted: object, tmp_path: Path
) -> None:
    resume.remember_segments(tmp_path, HALVES)
    assert resume.remembered_segments(tmp_path, TIMES, 0, 10) == HALVES
    (tmp_path / "segments.json").write_text(json.dumps(noted))
    assert resume.remembered_segments(tmp_path, TIMES, 0, 10) is None


def test_a_segment_without_frames_is_none_of_the_video(tmp_path: Path) -> None:
    resume.remember_segments(tmp_path, HALVES)
    assert resume.remembered_segments(tmp_path, TIMES[:5], 0, 10) is None
    assert resume.remembered_segments(tmp_path, TIMES[TIMES != 5], 0, 10) is None


def _finish(folder: Path, number: int) -> None:
    """A segment, as if it had been made, and what was found out about the people."""
    (folder / HALVES[number].name).touch()
    resume.remember(folder, Done(number, 5 * number, 5, 5, [0], {}))
    resume.remember_roles(folder, Assignment({number: Roles()}))


def test_nothing_of_a_division_that_is_lost_is_used(tmp_path: Path) -> None:
    """Its segments have the numbers of others, and so have the roles in them."""
    resume.remember_segments(tmp_path, HALVES)
    _finish(tmp_path, 0)
    assert set(resume.finished(tmp_path, HALVES, 1)) == {0}
    assert resume.remembered_roles(tmp_path) is not None
    (tmp_path / "segments.json").unlink()
    thirds = [Segment(0, 0, 3), Segment(1, 3, 6), Segment(2, 6, 10)]
    resume.remember_segments(tmp_path, thirds)
    assert resume.finished(tmp_path, thirds, 1) == {}
    assert resume.remembered_roles(tmp_path) is None


def test_segments_that_could_not_all_be_moved_are_of_use_on_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other disk is full after the first of two; there is space later."""
    monkeypatch.setattr(resume, "cache_folder", lambda: tmp_path / "cache")
    here, there = tmp_path / "one" / "out.mp4", tmp_path / "two" / "out.mp4"

    def folder_of(target: Path) -> Path:
        with pytest.raises(KeyboardInterrupt), work_folder(target, {}) as folder:
            raise KeyboardInterrupt
        return folder

    old = folder_of(here)
    resume.remember_segments(old, HALVES)
    for number in (0, 1):
        _finish(old, number)
    move = shutil.move

    def full(source: Path, target: Path) -> None:
        if source.name == HALVES[1].name:
            raise OSError(errno.ENOSPC, "No space left on device")
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "move", full)
        new = folder_of(there)
    for folder, number in ((old, 1), (new, 0)):
        assert resume.remembered_segments(folder, TIMES, 0, 10) == HALVES
        assert set(resume.finished(folder, HALVES, 1)) == {number}
    again = folder_of(here)
    assert again == old
    assert set(resume.finished(old, HALVES, 1)) == {0, 1}
    assert not new.exists()


@pytest.mark.parametrize("here", ["damaged", "other"])
def test_segments_go_to_a_folder_of_the_same_division_or_none(here: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    resume.remember_segments(old, HALVES)
    _finish(old, 0)
    resume.remember_segments(new, [Segment(0, 0, 10)])
    _finish(new, 1)
    if here == "damaged":
        (new / "segments.json").write_text("[[0, 5], [")
    resume._bring(old, new)
    if here == "damaged":
        assert resume.remembered_segments(new, TIMES, 0, 10) == HALVES
        assert set(resume.finished(new, HALVES, 1)) == {0}
        assert resume.remembered_roles(new) is None
        assert not old.exists()
    else:
        assert resume.remembered_segments(new, TIMES, 0, 10) == [Segment(0, 0, 10)]
        assert set(resume.finished(new, HALVES, 1)) == {1}
        assert set(resume.finished(old, HALVES, 1)) == {0}


def test_segments_that_came_with_a_folder_touch_nothing_outside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made the folder of the output may have left links where ours would be."""
    monkeypatch.setattr(resume, "cache_folder", lambda: tmp_path / "cache")
    private = tmp_path / "private"
    private.mkdir()
    (private / "keys").write_text("keys")
    target = tmp_path / "out" / "out.mp4"
    old = target.with_name(".old.segments")
    old.mkdir(parents=True)
    (old / "plan.json").write_text('{"target": "out.mp4"}')
    (old / "lock").symlink_to(private / "keys")
    target.with_name(".link.segments").symlink_to(private)
    (private / "plan.json").write_text('{"target": "out.mp4"}')
    with work_folder(target, {"number": 1}) as folder:
        with (
            pytest.raises(StorageError, match="another process"),
            work_folder(target, {"number": 1}),
        ):
            pass
        good = '{"number":0,"first":0,"frames":2,"swapped":2,"networks":[1],"seconds":{"look":1}}'
        notes = ("[]", '{"number": 0}', good.replace("0", '"0"', 1), good.replace("0", "1", 1),
                 good.replace('{"look":1}', "7"), good.replace("[1]", "[2]"),
                 good.replace("[1]", "[]"), good.replace('"networks":[1],', ""))  # fmt: skip
        part = Segment(0, 0, 1)
        (folder / part.name).touch()
        for note in notes:
            (folder / "000000.json").write_text(note)
            assert resume.finished(folder, [part], 2) == {}
        (folder / "000000.json").write_text(good)
        assert resume.finished(folder, [part], 2)[0].seconds == {"look": 1.0}
    assert not old.exists()
    assert {path.name for path in private.iterdir()} == {"keys", "plan.json"}
    assert (private / "keys").read_text() == "keys"
    digest = resume.digest_of({"number": 2})
    target.with_name(f".{digest}.segments").symlink_to(private)
    with pytest.raises(StorageError, match=digest), work_folder(target, {"number": 2}):
        pass
