"""Frames of a video as photos: varied, sharp, each with one face."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.faces.conftest import Portrait
from tests.faces.curation.test_assessment import SETTINGS
from zoo.errors import NoFaceError, PhotoError
from zoo.faces.video.frame_extraction import extract
from zoo.photos.image import Image
from zoo.photos.reading import read_photo


def film(path: Path, frames: Sequence[Image]) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=Fraction(10))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 8_000_000
        for picture in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def test_each_different_face_is_taken_once_and_nothing_else(
    portraits: Sequence[Portrait], tmp_path: Path
) -> None:
    first, second = portraits[0].render.image, portraits[1].render.image
    blurred = cv2.GaussianBlur(first, (0, 0), 6).astype(np.uint8)
    meadow = np.full_like(first, 90)
    shown = [first, first, first, blurred, blurred, meadow, second, second]
    frames = tmp_path / "frames"
    frames.mkdir()
    seen: list[tuple[int, int]] = []
    found = extract(
        film(tmp_path / "clip.mp4", shown), frames, SETTINGS, lambda *at: seen.append(at)
    )
    assert [path.name for path in found] == sorted(path.name for path in frames.iterdir())
    assert len(found) == 2
    assert found[0].name in {f"clip-00m00s{n}00.jpg" for n in range(3)}
    assert found[1].name in {"clip-00m00s600.jpg", "clip-00m00s700.jpg"}
    assert read_photo(found[0]).image.shape == first.shape
    assert seen[-1] == (8, 8)


def test_a_video_without_a_face_or_no_video_is_one_sentence(tmp_path: Path) -> None:
    meadow = film(tmp_path / "meadow.mp4", [np.full((128, 128, 3), 90, np.uint8)] * 3)
    with pytest.raises(NoFaceError, match=r"None of 3 frames of .*meadow\.mp4"):
        extract(meadow, tmp_path, SETTINGS)
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(PhotoError, match="not a video"):
        extract(tmp_path / "text.mp4", tmp_path, SETTINGS)
