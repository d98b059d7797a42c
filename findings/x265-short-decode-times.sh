#!/usr/bin/env bash
# PyAV 18.1.0 (x265 4.2): an HEVC encoder that gets one or two frames returns random decode times for them, from memory that it never wrote.
# What follows depends on the number: MP4 refuses ("Not yet implemented in FFmpeg, patches welcome"), Matroska refuses ("Invalid argument"),
# or the file is written, in NUT with all times moved by years. From three frames on, or without B-frames, the times are right.
# Known: https://github.com/Multicorewareinc/x265/issues/781, fixed on x265's main branch in August 2026.
# Seen, of 200 encoders each: 1 frame: 52 right; 2 frames: 30 right; 3 frames: 200 right; 2 frames, bframes=0: 200 right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
cat > look.py <<'PYTHON'
import re
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ENCODERS = 200
random = np.random.default_rng(1)
grey = np.full((64, 64, 3), 90, np.uint8)


def right(frames: int, options: str) -> bool:
    """Whether an encoder returns decode times within a second of the times of showing."""
    context = av.CodecContext.create("libx265", "w")
    context.width = context.height = 64
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, 25), 25
    context.options = {"preset": "ultrafast", "x265-params": f"log-level=none{options}"}
    packets = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    return all(0 <= packet.pts - packet.dts < 25 for packet in packets)


def count(frames: int, options: str = "") -> int:
    done = 0
    for _ in range(ENCODERS):
        random.integers(0, 255, random.integers(1_000, 2_000_000), np.uint8)  # other work between
        done += right(frames, options)
    return done


seen = [count(1), count(2), count(3), count(2, ":bframes=0")]
(library,) = Path(av.__file__).parent.parent.glob("av.libs/libx265*")
version = re.search(rb"\0(\d\.\d\+[\w-]+)\0", library.read_bytes())
print("PyAV", av.__version__, "x265", version.group(1).decode() if version else "unknown")
print(f"of {ENCODERS}: 1 frame: {seen[0]} right | 2 frames: {seen[1]} | 3 frames: {seen[2]}", end="")
print(f" | 2 frames, bframes=0: {seen[3]}")
sys.exit(max(seen[:2]) == ENCODERS or min(seen[2:]) < ENCODERS)
PYTHON
venv/bin/python look.py
