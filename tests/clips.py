"""Short videos of rendered people: a photo moved about, with noise and a tone."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from zoo.photos.image import AnyArray, Image, Matrix

WIDTH, HEIGHT = 320, 256
BASE = Fraction(1, 12800)
STEP = 512  # 25 frames per second
_QUICK = {
    "libx264": {"crf": "12", "preset": "ultrafast"},
    "libx265": {"crf": "12", "preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"crf": "12", "b": "0", "deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"crf": "20", "preset": "12"},
}


def moved(portrait: Image, count: int, *, noise: float = 2.0) -> tuple[list[Image], list[Matrix]]:
    """A portrait [256, 256, 3] seen by a camera that moves; the maps from it to each frame."""
    rng = np.random.default_rng(0)
    frames, maps = [], []
    for t in range(count):
        matrix = cv2.getRotationMatrix2D((128, 128), 4 * np.sin(t / 9), 0.95 + 0.03 * np.sin(t / 7))
        matrix[:, 2] += (32 + 14 * np.sin(t / 6), 5 * np.sin(t / 5))
        frame = cv2.warpAffine(
            portrait, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        grain = rng.normal(0, noise, frame.shape)
        frames.append(np.clip(frame + grain, 0, 255).astype(np.uint8))
        maps.append(np.asarray(matrix, np.float64))
    return frames, maps


def write_clip(
    path: Path,
    frames: Sequence[Image],
    *,
    time: Callable[[int], int] = lambda t: t * STEP,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sound: str | None = "aac",
    rotation: int = 0,
) -> Path:
    """Encodes ``frames`` at the given times, in BT.709 with limited range, with a tone."""
    with av.open(str(path), "w") as output:
        video = output.add_stream(codec, rate=25, options=_QUICK.get(codec, {}))
        assert isinstance(video, av.VideoStream)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixels
        context = video.codec_context
        context.time_base = BASE
        context.color_range, context.colorspace = 1, 1
        context.color_primaries, context.color_trc = 1, 1
        if rotation:
            video.set_display_rotation(rotation)
        audio = output.add_stream(sound, rate=48000) if sound else None
        assert audio is None or isinstance(audio, av.AudioStream)
        for count, image in enumerate(frames):
            rgb = av.VideoFrame.from_ndarray(image, "rgb24")
            frame = rgb.reformat(format=pixels, dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = time(count), BASE
            output.mux(video.encode(frame))
        output.mux(video.encode())
        if audio is not None:
            for block in _tone(float(time(len(frames)) * BASE)):
                output.mux(audio.encode(block))
            output.mux(audio.encode())
    return path


def packets(path: Path, kind: str) -> list[tuple[int | None, bytes]]:
    """Times and bytes of a stream's packets."""
    with av.open(str(path)) as container:
        (stream,) = [stream for stream in container.streams if stream.type == kind]
        return [(packet.pts, bytes(packet)) for packet in container.demux(stream) if packet.size]


def pictures(path: Path) -> list[Image]:
    """All frames in RGB, as they are stored."""
    with av.open(str(path)) as container:
        return [
            np.asarray(
                frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray(), np.uint8
            )
            for frame in container.decode(video=0)
        ]


def _tone(seconds: float) -> Iterator[av.AudioFrame]:
    samples = np.arange(round(seconds * 48000))
    tone: AnyArray = (0.3 * np.sin(2 * np.pi * 220 * samples / 48000)).astype(np.float32)
    for start in range(0, len(tone), 1024):
        block = np.stack([tone[start : start + 1024]] * 2)
        frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        yield frame
