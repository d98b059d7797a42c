"""Swaps compared between two checkouts: wall time, processor time and peak memory, in turn.

Each input (a photo, a video, a folder of photos) is swapped by ``zoo swap`` of this checkout and of
another one, in turn, so that both see the same machine. Usage:

    python benchmarks/paired.py --against CHECKOUT --network FILE.onnx INPUT...
                                [--network-against FILE.onnx] [--copies 1000] [--rounds 2]
                                [--jobs N] [--json]

Processor time (user and system, of all processes) is less disturbed by other programs than wall
time. Memory is that of the largest process. ``--copies`` fills a folder with so many copies of the
photos of each folder given. The other checkout needs nothing but its own ``benchmarks/batch.py``.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx
from PIL import Image as Pillow

from zoo.photos.video.decoding import sampled
from zoo.photos.video.reader import SUFFIXES as VIDEO_SUFFIXES

HERE = Path(__file__).resolve().parents[1]
URI = "sqlite:////nowhere/mlflow.db"


@dataclass(frozen=True)
class Run:
    """What one ``zoo swap`` took: seconds of the clock and of processors, and MB at the most."""

    wall: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Build:
    """A checkout with a cache of its own, in which its network is the champion of ``bench``."""

    checkout: Path
    network: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """In which its programs run."""
        path = os.pathsep.join(str(self.checkout / part) for part in ("platform", "benchmarks"))
        return {
            **os.environ,
            "PYTHONPATH": path,
            "ZOO_CACHE": f"{self.home}/cache",
            "ZOO_DATA": f"{self.home}/data",
            "MLFLOW_TRACKING_URI": URI,
        }

    def register(self) -> None:
        """Puts the network into its cache."""
        code = f"import batch, pathlib; batch.register(pathlib.Path({str(self.network)!r}))"
        subprocess.run([sys.executable, "-P", "-c", code], env=self.environment, check=True)

    def swap(self, given: Path, out: Path, jobs: int | None) -> Run:
        """Raises SystemExit when it fails."""
        command = [sys.executable, "-m", "zoo.cli.main", "swap", "--identity", "bench", "--quiet"]
        command += [] if jobs is None else ["--jobs", str(jobs)]
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*command, "-o", str(out), str(given)],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"zoo swap of {self.checkout} ended with {process.returncode}.")
        wall = time.perf_counter() - begun
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    """Swap in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", type=Path, nargs="+")
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--network-against", type=Path)
    parser.add_argument("--copies", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paired-") as name:
        scratch = Path(name)
        networks = (arguments.network, arguments.network_against or arguments.network)
        inputs = [one.resolve() for one in arguments.inputs]
        builds = [
            Build(checkout.resolve(), nameless(network, scratch / f"{label}.onnx"), scratch / label)
            for label, checkout, network in zip(
                ("this", "other"), (HERE, arguments.against), networks, strict=True
            )
        ]
        for build in builds:
            build.home.mkdir()
            build.register()
            build.swap(still_of(inputs[0], scratch), build.home / "warm.png", None)
        if arguments.copies:
            inputs = [copied(one, arguments.copies, scratch) for one in inputs]
        rows = [measure(builds, one, scratch, arguments.rounds, arguments.jobs) for one in inputs]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print("| input | | this | other | ratio |\n|---|---|---|---|---|")
    for row in rows:
        this, other = row["this"], row["other"]
        for what in ("wall", "processor", "memory"):
            ratio = this[what] / other[what]
            print(
                f"| {row['input']} | {what} | {this[what]:.2f} | {other[what]:.2f} | {ratio:.2f} |"
            )


def measure(
    builds: list[Build], given: Path, scratch: Path, rounds: int, jobs: int | None
) -> dict[str, Any]:
    """The medians of an input."""
    runs: dict[str, list[Run]] = {"this": [], "other": []}
    for _ in range(rounds):
        for label, build in zip(runs, builds, strict=True):
            out = scratch / f"out{'' if given.is_dir() else given.suffix}"
            if given.is_dir():
                out.mkdir()
            runs[label].append(build.swap(given, out, jobs))
            for made in (out, out.with_name(out.name + ".c2pa")):
                shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
    medians = {
        label: {
            what: statistics.median(asdict(run)[what] for run in each)
            for what in ("wall", "processor", "memory")
        }
        for label, each in runs.items()
    }
    return {"input": given.name, "rounds": rounds, **medians}


def nameless(network: Path, target: Path) -> Path:
    """A copy of a network file that does not say whose face it makes."""
    model = onnx.load(network)
    del model.metadata_props[:]
    onnx.save(model, target)
    return target


def still_of(given: Path, scratch: Path) -> Path:
    """A photo of the first input: its own, its first one, or its first frame.

    Its swap, which does not count, unpacks the face models and makes the key.
    """
    if given.is_dir():
        return next(path for path in sorted(given.iterdir()) if path.is_file())
    if given.suffix.lower() not in VIDEO_SUFFIXES:
        return given
    target = scratch / "still.png"
    _, image = next(iter(sampled(given, 1)))
    Pillow.fromarray(image).save(target)
    return target


def copied(folder: Path, count: int, scratch: Path) -> Path:
    """A folder of ``count`` photos: those of ``folder``, over and over."""
    photos = sorted(path for path in folder.iterdir() if path.is_file())
    target = scratch / f"{folder.name}-{count}"
    target.mkdir()
    for number in range(count):
        photo = photos[number % len(photos)]
        shutil.copyfile(photo, target / f"{number:06}{photo.suffix}")
    return target


if __name__ == "__main__":
    main()
