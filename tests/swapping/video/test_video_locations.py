"""A video from S3 and to it: gone on with after an interruption, its manifest beside it."""

from pathlib import Path
from typing import Any

import pytest

from tests.faulty import FaultyProxy
from tests.object_store import BUCKET, objects, s3, store
from tests.swapping.video.conftest import FRAMES, MARK
from zoo.errors import OutageError
from zoo.provenance.credentials.verifying import verify
from zoo.s3.address import S3Address
from zoo.s3.client import connect
from zoo.swapping.video import segment_division, video_locations
from zoo.swapping.video.file import Progress, VideoOptions, VideoSwap
from zoo.swapping.video.video_locations import swap_video_anywhere

__all__ = ["s3", "store"]

SOURCE, TARGET = S3Address(BUCKET, "in/clip.mp4"), S3Address(BUCKET, "out/clip.mkv")
OTHER = S3Address(BUCKET, "elsewhere/clip.mp4")


@pytest.fixture(autouse=True)
def bucket(
    s3: FaultyProxy, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FaultyProxy:
    monkeypatch.setattr(segment_division, "LEAST", 10)
    monkeypatch.setattr(segment_division, "MOST", 24)
    monkeypatch.setattr(video_locations, "cache_folder", lambda: tmp_path)
    connect().put_object(Bucket=BUCKET, Key=SOURCE.key, Body=clip.read_bytes())
    s3.seen.clear()
    return s3


def test_an_interrupted_swap_goes_on_to_another_target(
    bucket: FaultyProxy, blackening_file: Path, tmp_path: Path
) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 24:  # the second segment is under way
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _swap(blackening_file, target=OTHER, progress=interrupt)
    assert set(objects()) == {SOURCE.key}
    bucket.seen.clear()
    made = _swap(blackening_file)
    assert made is not None
    assert not [one for one in bucket.seen if one.method == "GET" and SOURCE.key in one.path]
    assert (made.frames, made.resumed) == (FRAMES, FRAMES // 2)
    assert not list((tmp_path / "videos").iterdir())

    back = tmp_path / "back.mkv"
    stored = objects()
    back.write_bytes(stored[TARGET.key])
    back.with_name("back.mkv.c2pa").write_bytes(stored[f"{TARGET.key}.c2pa"])
    assert verify(back).steps[0].swap["identity"] == "ada"
    assert _swap(blackening_file, again=False) is None


def test_a_store_that_goes_away_is_only_asked_to_take_it(
    bucket: FaultyProxy, blackening_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*arguments: Any) -> None:
        raise OutageError("The store does not answer.")

    with monkeypatch.context() as patch, pytest.raises(OutageError):
        patch.setattr("zoo.swapping.video.video_locations.put_output", away)
        _swap(blackening_file, end=0.2)
    assert _swap(blackening_file, end=0.2, again=False) is None
    assert {TARGET.key, f"{TARGET.key}.c2pa"} < set(objects())


def _swap(
    network: Path,
    target: S3Address = TARGET,
    *,
    again: bool = True,
    progress: Progress = lambda done, total: None,
    **options: Any,
) -> VideoSwap | None:
    return swap_video_anywhere(
        SOURCE,
        target,
        [network],
        mark=MARK,
        options=VideoOptions(**options),
        again=again,
        jobs=1,
        progress=progress,
    )
