"""A video swapped from file to file: speed by step, jitter, and resuming after a kill.

The clip is a rendered person who moves and speaks, 1280x720 at 25 frames per second with a tone;
or any video, with ``--clip``. Usage:

    python benchmarks/video.py NETWORK.onnx [--seconds 10] [--clip VIDEO] [--jobs N] [--json]

``jitter`` is that of :mod:`zoo.evaluation.measures.jitter`, of ``--shot`` frames, for every frame
swapped for itself and for the video pipeline; ``resumed`` says that a swap killed in the middle and
begun again gave the same pictures and sound.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from zoo.evaluation.measures.jitter import jitter
from zoo.faces.detection.detector import find_faces
from zoo.people import random_person, random_scene, render
from zoo.people.scene import Expression
from zoo.photos.video.decoding import decode
from zoo.photos.video.frames import to_rgb
from zoo.photos.video.reader import inspect_video
from zoo.provenance.credentials.marking import Marking
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import only
from zoo.swapping.photo import swap_image
from zoo.swapping.video.containers.encoding import choose_codec, choose_format
from zoo.swapping.video.file import swap_video
from zoo.swapping.video.frames import frame_swapping
from zoo.swapping.video.resume import waiting_in

MARK = Marking("benchmark", "1", "0" * 64, "synthetic")
SMOOTH = 2.0  # frames: landmarks of the measure, for videos whose truth nobody knows


def main() -> None:
    """Make a clip, swap it, kill a swap and go on, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--shot", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="a folder for the clip and its swap")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        clip = arguments.clip or folder / "clip.mp4"
        if arguments.clip is None and not clip.exists():
            make_clip(clip, arguments.seconds)
        figures = measure(clip, folder, arguments.network, arguments.jobs, arguments.shot)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:.4g}" if isinstance(value, float) else f"{name:28} {value}")


def measure(clip: Path, folder: Path, network: Path, jobs: int | None, shot: int) -> dict[str, Any]:
    """The figures of one clip."""
    whole = folder / "swapped.mp4"
    whole.unlink(missing_ok=True)
    swap = swap_video(clip, whole, [network], mark=MARK, jobs=jobs)
    again = folder / "resumed.mp4"
    again.unlink(missing_ok=True)
    done = _killed(clip, again, network, jobs)
    resumed = swap_video(clip, again, [network], mark=MARK, jobs=jobs)
    before, after = inspect_video(clip), inspect_video(whole)
    figures = {
        "frames": swap.frames,
        "times kept": bool((before.times == after.times).all() and before.end == after.end),
        "sound kept": _digest(clip, "audio") == _digest(whole, "audio"),
        "frames per second": swap.frames / swap.took,
        **{f"ms {step}": 1000 * took / swap.frames for step, took in swap.steps.items()},
        "killed after": done,
        "frames not made again": resumed.resumed,
        "resumed to the same": all(
            _digest(whole, kind) == _digest(again, kind) for kind in ("video", "audio")
        ),
    }
    return {**figures, **_flicker(clip, network, shot)}


def make_clip(path: Path, seconds: float) -> None:
    """A person who turns, blinks and speaks for so long, in sensor noise, with a tone."""
    person, scene = random_person(5), random_scene(3, max_yaw=5)
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"crf": "14", "preset": "veryfast"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        sound = output.add_stream("aac", rate=48000)
        for t in range(round(25 * seconds)):
            s = t / 25
            now = replace(
                scene,
                yaw=9 * np.sin(2 * np.pi * s / 5),
                pitch=4 * np.sin(2 * np.pi * s / 3.5),
                roll=3 * np.sin(2 * np.pi * s / 6),
                expression=Expression(
                    mouth_open=max(0.0, 0.35 * np.sin(2 * np.pi * 1.3 * s)),
                    smile=0.3 + 0.2 * np.sin(2 * np.pi * s / 3),
                    eyes_closed=float(t % 80 in (40, 41, 42)),
                ),
            )
            face = cv2.resize(render(person, now, 360).image, (720, 720))
            image = cv2.copyMakeBorder(face, 0, 0, 280, 280, cv2.BORDER_REPLICATE)
            grain = rng.normal(0, 2, image.shape)
            noisy = np.clip(image + grain, 0, 255).astype(np.uint8)
            output.mux(video.encode(av.VideoFrame.from_ndarray(noisy, "rgb24")))
        output.mux(video.encode())
        for block in _tone(seconds):
            output.mux(sound.encode(block))
        output.mux(sound.encode())


def _tone(seconds: float) -> Iterator[av.AudioFrame]:
    samples = np.arange(round(seconds * 48000))
    tone = 0.3 * np.sin(2 * np.pi * 220 * samples / 48000) * (1 + np.sin(samples / 9000)) / 2
    for start in range(0, len(tone), 1024):
        block = np.stack([tone[start : start + 1024]] * 2).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        yield frame


def _killed(clip: Path, target: Path, network: Path, jobs: int | None) -> str:
    """Begins a swap in another process and kills it when a segment is written."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from zoo.provenance.credentials.marking import Marking\n"
        "from zoo.swapping.video.file import swap_video\n"
        f"mark = Marking{(MARK.identity, MARK.version, MARK.sha256, MARK.basis)!r}\n"
        f"swap_video(Path({str(clip)!r}), Path({str(target)!r}), [Path({str(network)!r})],"
        f" mark=mark, jobs={jobs!r})"
    )
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code])
    while process.poll() is None and not waiting_in(target.parent):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return f"{time.perf_counter() - began:.1f} s"


def _digest(path: Path, kind: str) -> list[tuple[int | None, int, bytes]]:
    with av.open(str(path)) as container:
        streams = [one for one in container.streams if one.type == kind]
        packets = container.demux(streams) if streams else ()
        return [(p.pts, p.size, bytes(p)) for p in packets if p.size]


def _flicker(clip: Path, network_file: Path, count: int) -> dict[str, float]:
    """Jitter of the first frames, every one for itself and in the pipeline, before encoding."""
    video = inspect_video(clip)
    network = SwapNetwork(network_file, 1)
    end = int(video.times[count]) if count < len(video.times) else video.end
    inputs = [to_rgb(f, video.turned) for f in decode(video, int(video.times[0]), end)]
    single = [swap_image(image, network, only("largest")).image for image in inputs]
    landmarks = np.array([find_faces(image)[0].landmarks for image in inputs])
    smooth = cv2.GaussianBlur(
        landmarks.reshape(len(inputs), -1), (1, 0), sigmaX=0.01, sigmaY=SMOOTH,
        borderType=cv2.BORDER_REPLICATE,
    ).reshape(landmarks.shape)  # fmt: skip
    codec = choose_codec(video, "mp4")
    frames = frame_swapping.swap_frames(
        decode(video, int(video.times[0]), end),
        video,
        network,
        format=choose_format(video, codec),
    )
    steady = [to_rgb(item.frame, video.turned) for item in frames]
    alone, together = (jitter(inputs, outputs, list(smooth)) for outputs in (single, steady))
    return {
        "jitter, single frames": alone,
        "jitter, video": together,
        "jitter, ratio": together / alone,
    }


if __name__ == "__main__":
    main()
