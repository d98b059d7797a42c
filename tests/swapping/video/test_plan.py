"""Videos among photos: each with an output of a kind it can be written to."""

from pathlib import Path

import pytest

from zoo.cli.swapping.video import seconds
from zoo.errors import UsageError
from zoo.swapping.files.output_plan import is_video, plan


def test_a_folder_holds_photos_and_videos(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.MP4", "c.avi", "d.txt"):
        (tmp_path / name).touch()
    found = plan([str(tmp_path)], "out", "ada")
    assert [target for _, target in found.pairs] == [
        Path("out/a.jpg"),
        Path("out/b.MP4"),
        Path("out/c.mkv"),
    ]
    assert [is_video(source) for source, _ in found.pairs] == [False, True, True]


def test_a_video_goes_to_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert plan([str(tmp_path / "a.mp4")], "out.mov", "ada").pairs[0][1] == Path("out.mov")
    with pytest.raises(UsageError, match=r"out\.jpg has no suffix that can be written; use one of"):
        plan([str(tmp_path / "a.mp4")], "out.jpg", "ada")


def test_times_are_seconds_or_minutes() -> None:
    assert seconds("90") == seconds("1:30") == seconds("0:01:30.0") == 90
    assert seconds(None) is None
    with pytest.raises(UsageError, match="'soon' is not a time"):
        seconds("soon")
