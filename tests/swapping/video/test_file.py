"""One video: the face changes, all else stays, and a killed swap goes on to the same file."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import packets, pictures, write_clip
from tests.swapping.video.conftest import CUT, FRAMES, MARK
from zoo.errors import NoFaceError, StorageError, UsageError
from zoo.photos.image import Image
from zoo.photos.video.reader import inspect_video
from zoo.provenance.credentials.verifying import verify
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions
from zoo.swapping.video import file as one_file
from zoo.swapping.video import resume, segment_division
from zoo.swapping.video.assignment.roles import Roles
from zoo.swapping.video.containers.encoding import choose_codec
from zoo.swapping.video.file import VideoOptions, VideoSwap, swap_video
from zoo.swapping.video.resume import waiting_in
from zoo.swapping.video.segment import SegmentOptions, make_segment
from zoo.swapping.video.segment_division import Segment


@pytest.fixture(scope="module")
def progress() -> list[tuple[int, int]]:
    """What was told of it while the clip was swapped."""
    return []


@pytest.fixture(scope="module")
def swapped(
    clip: Path,
    blackening_file: Path,
    progress: list[tuple[int, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, VideoSwap]:
    target = tmp_path_factory.mktemp("out") / "out.mp4"

    def tell(done: int, total: int) -> None:
        progress.append((done, total))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_division, "LEAST", 15)
        made = swap_video(clip, target, [blackening_file], mark=MARK, jobs=2, progress=tell)
    return target, made


def test_times_sound_and_colours_are_kept(clip: Path, swapped: tuple[Path, VideoSwap]) -> None:
    target, made = swapped
    before, after = inspect_video(clip), inspect_video(target)
    assert made.frames == made.swapped == FRAMES
    assert made.seconds == pytest.approx(before.seconds)
    assert (after.times == before.times).all()
    assert after.end == before.end
    assert (after.width, after.height, after.codec) == (before.width, before.height, "h264")
    assert packets(clip, "audio") == packets(target, "audio")
    for path in (clip, target):
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            colours = (context.color_range, context.colorspace, context.color_primaries)
            assert (*colours, context.color_trc) == (1, 1, 1, 1)


def test_only_the_face_changes(clip: Path, swapped: tuple[Path, VideoSwap]) -> None:
    for before, after in zip(pictures(clip), pictures(swapped[0]), strict=True):
        difference = np.abs(before.astype(int) - after).mean(axis=2)
        assert np.median(difference) < 2  # the codec's
        assert difference[:20].mean() < 2
        assert difference.max() > 40


def test_it_says_what_it_is(swapped: tuple[Path, VideoSwap]) -> None:
    target, _ = swapped
    with av.open(str(target)) as container:
        assert container.metadata["comment"] == MARK.sentence
    assert b"compositeWithTrainedAlgorithmicMedia" in target.read_bytes()
    assert verify(target).steps[0].swap["identity"] == "ada"
    assert list(target.parent.iterdir()) == [target]


def test_a_killed_swap_goes_on_to_the_same_video_by_fewer_processes(
    clip: Path, swapped: tuple[Path, VideoSwap], blackening_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from zoo.provenance.credentials.marking import Marking\n"
        "from zoo.swapping.video import segment_division\n"
        "from zoo.swapping.video.file import swap_video\n"
        "segment_division.LEAST = 15\n"
        f"swap_video(Path({str(clip)!r}), Path({str(target)!r}), [Path({str(blackening_file)!r})],"
        " mark=Marking('ada', '3', 'ab' * 32, 'synthetic'), jobs=2)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    while not waiting_in(tmp_path):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    made = swap_video(clip, target, [blackening_file], mark=MARK, jobs=1)
    assert made.resumed >= 15
    assert made.frames == FRAMES
    assert packets(target, "video") == packets(swapped[0], "video")
    assert packets(target, "audio") == packets(swapped[0], "audio")


def test_another_name_and_container_go_on_with_what_is_there(
    clip: Path,
    blackening_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first output cannot be written when all is swapped; another one can, elsewhere."""
    monkeypatch.setattr(resume, "cache_folder", lambda: tmp_path / "cache")
    lost, again = tmp_path / "one" / "lost.mp4", tmp_path / "two" / "again.mkv"
    lost.parent.mkdir()

    def full(*more: object, **options: object) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch, pytest.raises(StorageError):
        patch.setattr(one_file, "mux", full)
        swap_video(clip, lost, [blackening_file], mark=MARK, jobs=1, options=VideoOptions(end=0.4))
    assert waiting_in(lost.parent)
    made = swap_video(
        clip,
        again,
        [blackening_file],
        mark=MARK,
        jobs=1,
        options=VideoOptions(end=0.4, audio="flac"),
    )
    assert made.resumed == made.frames == 10
    with av.open(str(again)) as container:
        assert container.streams.audio[0].codec_context.name == "flac"
    assert verify(again).steps[0].swap["settings"]["audio"] == "flac"
    assert not list(lost.parent.iterdir())
    assert {path.name for path in again.parent.iterdir()} == {"again.mkv", "again.mkv.c2pa"}
    assert not list((tmp_path / "cache" / "unfinished").iterdir())


def test_frames_are_told_not_only_segments(
    swapped: tuple[Path, VideoSwap], progress: list[tuple[int, int]]
) -> None:
    done = [frames for frames, total in progress if total == FRAMES]
    assert done == sorted(done) and (done[0], done[-1]) == (0, FRAMES)
    assert len(set(done) - {0, 15, 30, FRAMES}) > 2


def test_a_part_begins_at_nought(clip: Path, blackening_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "part.mkv"
    made = swap_video(
        clip, target, [blackening_file], mark=MARK, options=VideoOptions(start=0.4, end=0.8), jobs=1
    )
    video = inspect_video(target)
    assert made.frames == len(video.times) == 10
    assert video.times[0] == 0
    assert video.seconds == pytest.approx(0.4, abs=0.02)
    sound = packets(target, "audio")
    assert 18 <= len(sound) <= 21  # of 21 ms each
    with pytest.raises(UsageError, match=r"lasts 1\.6 seconds"):
        swap_video(clip, target, [blackening_file], mark=MARK, options=VideoOptions(start=5))


def test_a_part_names_the_networks_of_the_faces_that_it_shows(
    clip: Path, blackening: SwapNetwork, unchanging: SwapNetwork, tmp_path: Path
) -> None:
    video = inspect_video(clip)
    how = SegmentOptions(choose_codec(video, "mp4"), "yuv420p", SwapOptions())
    roles = Roles({0: [(0, 0)], 1: [(CUT, 1)]}, {0: 0, 1: 1}, None)  # bruno comes with the cut
    for first, after, used in ((CUT - 3, CUT, [0]), (CUT - 1, CUT + 1, [0, 1])):
        part = Segment(0, int(video.times[first]), int(video.times[after]))
        made = make_segment(video, part, [blackening, unchanging], how, tmp_path, roles)
        assert made.frames == made.swapped == after - first
        assert made.networks == used


def test_a_video_without_a_face_is_an_error(blackening_file: Path, tmp_path: Path) -> None:
    meadow = [np.full((128, 160, 3), (40, 120, 40), np.uint8)] * 4
    source = write_clip(tmp_path / "meadow.mp4", meadow, sound=None)
    with pytest.raises(NoFaceError, match=r"meadow\.mp4 shows no detectable face"):
        swap_video(source, tmp_path / "out.mp4", [blackening_file], mark=MARK, jobs=1)
    assert not (tmp_path / "out.mp4").exists()


def test_what_becomes_of_the_sound_is_said_before_the_first_frame(
    shots: list[Image], blackening_file: Path, tmp_path: Path
) -> None:
    source, target = write_clip(tmp_path / "short.mp4", shots[:2]), tmp_path / "out.webm"
    told: list[str] = []

    def progress(done: int, total: int) -> None:
        assert told

    made = swap_video(
        source, target, [blackening_file], mark=MARK, jobs=1, progress=progress, tell=told.append
    )
    assert told == ["The sound (aac) becomes Opus, because .webm cannot hold it."]
    assert made.notes == tuple(told)
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.name == "opus"


def test_the_input_is_never_overwritten(clip: Path, blackening_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the input itself"):
        swap_video(clip, clip, [blackening_file], mark=MARK)
    with pytest.raises(UsageError, match="no suffix that a video can be written to"):
        swap_video(clip, tmp_path / "out.gif", [blackening_file], mark=MARK)
