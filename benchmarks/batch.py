"""Batch speed and memory: photos per second at several numbers of photos, some of them damaged.

Makes a folder of photos (those of a folder of yours, or rendered people, over and over under new
names), cuts ten of them short, and runs ``zoo swap`` on it; then once more, to measure a run that
finds all outputs done. Usage:

    python benchmarks/batch.py [--counts 100 1000] [--photos FOLDER] [--network FILE.onnx]
                               [--jobs 1] [--broken 10] [--json]

Without ``--network`` the network is one with random weights, 128 px.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine
from PIL import Image as Pillow

from zoo.photos.reading import find_photos
from zoo.registry.local import cache
from zoo.storage import sha256_of

URI = "sqlite:////nowhere/mlflow.db"
RENDERED, SIDE = 24, 512


def main() -> None:
    """Make, swap, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--broken", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-") as name:
        folder = Path(name)
        os.environ |= {"ZOO_CACHE": f"{folder}/cache", "ZOO_DATA": f"{folder}/data"}
        os.environ["MLFLOW_TRACKING_URI"] = URI
        register(arguments.network or random_network(folder / "network.onnx"))
        photos = find_photos([arguments.photos]) if arguments.photos else render(folder / "renders")
        swap(photos[:1], folder / "warm", 1)  # unpacks the face models, makes the key
        rows = [
            row
            for count in arguments.counts
            for row in measure(photos, count, arguments.broken, arguments.jobs, folder)
        ]
    if arguments.json:
        print(json.dumps({"machine": machine(), "rows": rows}, indent=2))
        return
    print(f"Machine: {machine()}; {arguments.jobs} process(es)\n")
    print(f"| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for row in rows:
        print(f"| {' | '.join(str(value) for value in row.values())} |")


def measure(
    photos: list[Path], count: int, broken: int, jobs: int, folder: Path
) -> list[dict[str, object]]:
    """Two runs on ``count`` photos: the first, and one that finds all done."""
    given, out = folder / f"in-{count}", folder / f"out-{count}"
    given.mkdir()
    for number in range(count):
        photo = photos[number % len(photos)]
        copy = given / f"{number:06}{photo.suffix}"
        shutil.copyfile(photo, copy)
        if (
            broken
            and number % max(1, count // broken) == 0
            and number // (count // broken) < broken
        ):
            os.truncate(copy, copy.stat().st_size // 2)
    rows: list[dict[str, object]] = []
    for what in ("first run", "all done"):
        code, seconds, peak = swap([given], out, jobs)
        outputs = sum(1 for path in out.iterdir() if path.suffix != ".csv")
        report = out / "zoo-failed.csv"
        lines = report.read_text(encoding="utf-8").splitlines() if report.is_file() else []
        failed = len(list(csv.DictReader(lines)))
        rows.append(
            {
                "photos": count,
                "": what,
                "outputs": outputs,
                "failed": failed,
                "exit code": code,
                "seconds": round(seconds, 1),
                "photos per second": round(count / seconds, 1),
                "peak memory, MB": round(peak / 1024),
            }
        )
    shutil.rmtree(given)
    shutil.rmtree(out)
    return rows


def swap(inputs: list[Path], out: Path, jobs: int) -> tuple[int, float, int]:
    """Exit code, seconds, and the resident memory in KB of the largest process."""
    zoo = [sys.executable, "-m", "zoo.cli.main", "swap", "--identity", "bench", "--quiet"]
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*zoo, "--jobs", str(jobs), "--out", f"{out}/", *map(str, inputs)]
        if len(inputs) == 1 and inputs[0].is_dir()
        else [*zoo, "--out", f"{out}.png", *map(str, inputs)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, time.perf_counter() - begin, usage.ru_maxrss


def register(network: Path) -> None:
    """Puts the network into an empty cache, as champion of ``bench``."""
    card = {
        "identity": "bench",
        "version": 1,
        "sha256": sha256_of(network),
        "basis": "synthetic",
        "recipe": "bench",
        "resolution": 0,
        "scores": {},
    }
    cache.store(URI, card, lambda path: shutil.copyfile(network, path))
    cache.remember_aliases(URI, "bench", {"champion": 1})


def random_network(path: Path) -> Path:
    """A network as large as one of the recipe ``cpu``, untrained."""
    from zoo.networks.onnx_export import export_onnx
    from zoo.networks.transformation import TransformationNetwork

    export_onnx(TransformationNetwork(128, 16, "slim"), path)
    return path


def render(folder: Path) -> list[Path]:
    """Rendered people as JPEGs."""
    from zoo.people import random_person, random_scene
    from zoo.people import render as render_person

    folder.mkdir()
    for seed in range(RENDERED):
        picture = render_person(random_person(seed), random_scene(seed, max_yaw=20), SIDE)
        Pillow.fromarray(picture.image).save(folder / f"{seed:02}.jpg", quality=92)
    return sorted(folder.iterdir())


if __name__ == "__main__":
    main()
