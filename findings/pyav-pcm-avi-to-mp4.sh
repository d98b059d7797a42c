#!/usr/bin/env bash
# PyAV 18.1.0 (libavformat 62.12): a stereo PCM stream of an AVI, written by the same library, cannot be copied into MP4: "Invalid argument"
# when the first packet comes, of the output's name and without a reason. AVI counts channels and does not name them, and the MP4 muxer asks
# for their places when sound is PCM (ISO/IEC 23003-5). MOV and Matroska take the same stream. Naming the layout on the copy mends it.
# Seen: mp4: ArgumentError; mov: copied; mkv: copied; mp4 with the layout named: copied, stereo.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
cat > look.py <<'PYTHON'
import sys

import av
import numpy as np

RATE = 8000
with av.open("sound.avi", "w") as file:
    stream = file.add_stream("pcm_s16le", rate=RATE, layout="stereo")
    tone = (8000 * np.sin(np.arange(2 * RATE) / 9)).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="stereo")
    frame.sample_rate, frame.pts = RATE, 0
    file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def copied(name: str, layout: str | None = None) -> str:
    with av.open("sound.avi") as source:
        sound = source.streams.audio[0]
        try:
            with av.open(name, "w") as file:
                copy = file.add_stream_from_template(sound)
                if layout:
                    copy.codec_context.layout = layout
                for packet in source.demux(sound):
                    if packet.dts is not None:
                        packet.stream = copy
                        file.mux(packet)
        except av.error.FFmpegError as error:
            return type(error).__name__
    with av.open(name) as made:
        return f"copied, {made.streams.audio[0].codec_context.layout.name}"


seen = [copied("a.mp4"), copied("a.mov"), copied("a.mkv"), copied("b.mp4", "stereo")]
print("PyAV", av.__version__, "libavformat", av.library_versions["libavformat"])
print("mp4:", seen[0], "| mov:", seen[1], "| mkv:", seen[2], "| mp4, named:", seen[3])
refused, *others = seen
sys.exit(refused != "ArgumentError" or not all(one.startswith("copied") for one in others))
PYTHON
venv/bin/python look.py
