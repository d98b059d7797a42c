"""``zoo swap`` from the command to the video."""

import csv
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.cli.conftest import Zoo
from tests.cli.swapping.test_swap import bruno, cached, couple, face_models
from tests.clips import moved, packets, pictures, write_clip
from zoo.people import named_person, random_person, random_scene, render
from zoo.photos.video.reader import inspect_video
from zoo.registry.local.cache import CachedNetwork
from zoo.swapping.video import video_locations

__all__ = ["bruno", "cached", "couple", "face_models"]

FRAMES = 10


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0.4 seconds of a rendered person, with a tone."""
    portrait = render(named_person("ada"), random_scene(0, max_yaw=10), 256).image
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", moved(portrait, FRAMES)[0])


def test_a_video_from_the_command_to_its_verification(
    zoo: Zoo, cached: CachedNetwork, clip: Path
) -> None:
    ended = zoo("swap", "-i", "ada", clip, "-o", "out.mp4", "--jobs", "1", "--json")
    assert (ended.code, ended.err) == (0, "")
    (entry,) = json.loads(ended.out)["outputs"]
    assert (entry["input"], entry["output"]) == (str(clip), "out.mp4")
    assert entry["frames"] == entry["frames_with_faces"] == FRAMES
    assert entry["seconds"] == 0.4 and not entry["already_done"]
    assert {"decode", "network", "blend", "encode"} <= set(entry["milliseconds_per_frame"])
    assert packets(Path("out.mp4"), "audio") == packets(clip, "audio")

    verified = zoo("verify", "--json", "out.mp4")
    (said,) = json.loads(verified.out)
    assert (verified.code, said["status"]) == (0, "valid")
    assert said["steps"][0]["swap"]["network_sha256"] == cached.sha256

    again = zoo("swap", "-i", "ada", clip, "-o", "out.mp4")
    assert again.out == f"{clip} -> out.mp4 (already done)\n"
    assert [path.name for path in Path().iterdir()] == ["out.mp4"]


def test_a_part_of_a_video(zoo: Zoo, cached: CachedNetwork, clip: Path) -> None:
    part = ("--start", "0:00.12", "--end", "0.32", "--audio", "flac")
    ended = zoo("swap", "-i", "ada", clip, *part, "-o", "part.mkv", "--jobs", "1", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "part.mkv\n", "")
    video = inspect_video(Path("part.mkv"))
    assert len(video.times) == 5 and video.times[0] == 0
    with av.open("part.mkv") as container:
        assert container.streams.audio[0].codec_context.name == "flac"
    assert json.loads(zoo("verify", "--json", "part.mkv").out)[0]["status"] == "valid"
    for wrong in (("--start", "soon"), ("--start", "9")):
        ended = zoo("swap", "-i", "ada", clip, *wrong, "-o", "none.mp4")
        assert (ended.code, ended.out) == (2, "")
    assert not Path("none.mp4").exists()


def test_a_preview_is_a_picture(zoo: Zoo, cached: CachedNetwork, clip: Path) -> None:
    ended = zoo("swap", "-i", "ada", clip, "--preview")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{clip} -> clip-ada-preview.jpg (4 frames)\n"
    with Pillow.open("clip-ada-preview.jpg") as sheet:
        assert sheet.size == (4 * 338, 2 * 270)
    assert zoo("verify", "-q", "clip-ada-preview.jpg").code == 0


def test_people_of_a_video_get_an_identity_each(
    zoo: Zoo, bruno: CachedNetwork, couple: Path
) -> None:
    people = np.asarray(Pillow.open(couple))
    clip = write_clip(Path("clip.mp4"), [people] * 6)
    other = render(random_person(33), random_scene(3, max_yaw=10), 192).image
    Pillow.fromarray(other).save("other.png")
    options = ("--map", "left=ada", "--map", "right=bruno", "--map", "other.png=ada")
    ended = zoo("swap", *options, clip, "-o", "out.mp4", "--jobs", "1")
    assert (ended.code, ended.err) == (0, "clip.mp4: Not there: the person in other.png.\n")
    assert "(6 frames, 6 with faces" in ended.out and "tell apart" in ended.out
    before, after = pictures(clip)[3].astype(float), pictures(Path("out.mp4"))[3]
    left, right = (np.abs(after - before)[:, half].mean() for half in (np.s_[:256], np.s_[256:]))
    assert 2 * left < right  # the codec's change is in both
    assert zoo("swap", *options, clip, "-o", "out.mp4").out.endswith("(already done)\n")

    absent = ("--map", "left=ada", "--map", "other.png=bruno")
    ended = zoo("swap", *absent, clip, "--preview")
    assert (ended.code, ended.out) == (0, "clip.mp4 -> clip-ada-bruno-preview.jpg (6 frames)\n")
    ended = zoo("verify", "clip-ada-bruno-preview.jpg")  # who is not there is not named
    assert "with the identity 'ada'" in ended.out and "'bruno'" not in ended.out
    ended = zoo("swap", "--map", "5=ada", clip, "-o", "none.mp4", "--jobs", "1")
    assert ended.code == 2
    assert "clip.mp4 shows 2 people" in ended.error and "--preview numbers them" in ended.error
    assert not list(Path().glob("*none*")) and not list(Path().glob(".*none*"))


def test_one_of_several_videos_fails(zoo: Zoo, cached: CachedNetwork, clip: Path) -> None:
    Path("broken.mp4").write_bytes(clip.read_bytes()[:2000])
    ended = zoo("swap", "-i", "ada", clip, "broken.mp4", "-o", "out", "--jobs", "1", "-q")
    assert (ended.code, ended.out) == (1, "out/clip.mp4\n")
    assert "error: broken.mp4 is not a video, or damaged" in ended.err
    assert "1 of 2 inputs failed; out/zoo-failed.csv lists them." in ended.err


def test_a_damaged_video_stops_no_later_one_whatever_it_raises(
    zoo: Zoo, cached: CachedNetwork, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = video_locations.swap_video_anywhere

    def swap(source: Path, *more: Any, **how: Any) -> Any:
        if source.name == "a.mp4":
            raise AttributeError("'NoneType' object has no attribute 'width'")
        return whole(source, *more, **how)

    monkeypatch.setattr(video_locations, "swap_video_anywhere", swap)
    Path("in").mkdir()
    for name in ("a.mp4", "b.mp4"):
        Path("in", name).write_bytes(clip.read_bytes())
    ended = zoo("swap", "-i", "ada", "in", "-o", "out", "--jobs", "1", "-q")
    assert (ended.code, ended.out) == (1, "out/b.mp4\n")
    assert "error: in/a.mp4: unexpected AttributeError" in ended.err
    with Path("out/zoo-failed.csv").open(newline="") as file:
        assert [row["input"] for row in csv.DictReader(file)] == ["in/a.mp4"]

    # What does not fit one of several is that one's fault too.
    short = write_clip(Path("in/a.mp4"), [np.zeros((64, 96, 3), np.uint8)] * 2)
    ended = zoo("swap", "-i", "ada", short, clip, "--start", "0.2", "-o", "later", "-j", "1", "-q")
    assert (ended.code, ended.out) == (1, f"later/{clip.name}\n")


def test_a_terminal_shows_how_far_it_is(cached: CachedNetwork, clip: Path) -> None:
    ours, theirs = pty.openpty()
    command = ("swap", "-i", "ada", str(clip), "-o", "out.mp4", "--jobs", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo.cli.main", *command],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        text=True,
    )
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal, suppress(OSError):  # at its end
        while more := terminal.read(1 << 16):
            shown += more
    out, _ = process.communicate(timeout=60)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(rf"clip\.mp4 .* {FRAMES}/{FRAMES} frames", plain)
    assert process.returncode == 0
    assert out.startswith(f"{clip} -> out.mp4 ({FRAMES} frames, {FRAMES} with faces, 0.4 s")
