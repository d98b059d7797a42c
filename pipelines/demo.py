"""``make demo``: train and register ada and bruno, swap one photo with both, show the result."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from zoo.errors import TrainingError
from zoo.evaluation.report.sheet import tile
from zoo.faces.curation.face_pack import read_pack
from zoo.people import random_person, random_scene, render
from zoo.photos.reading import read_photo
from zoo.photos.writing import write_photo
from zoo.products.incremental import run_stage
from zoo.settings import Project

IDENTITIES = ("ada", "bruno")
TILE, CAPTION, GAP = 300, 26, 14
PHOTO_SEED, PHOTO_SIZE = 9021, 320
"""Seed and pixels of the demo's photo: somebody who is not in the content set."""
FACES = 4
"""Photos of each identity on the sheet, in a square of two by two."""


def main(project: Project) -> int:
    parser = argparse.ArgumentParser(description="Train two rendered people and swap a photo.")
    parser.add_argument("--photo", type=Path, help="any photo with a face; default: a rendered one")
    photo: Path | None = parser.parse_args().photo
    if photo is not None:
        read_photo(photo)  # now, not after the training
        photo = photo.resolve()
    begin = time.monotonic()
    run([sys.executable, "-m", "dvc", "repro"], project, "dvc repro")
    folder = project.root / "demo"
    folder.mkdir(exist_ok=True)
    if photo is None:
        photo = folder / "photo.jpg"
        scene = random_scene(PHOTO_SEED, max_yaw=12)
        write_photo(photo, render(random_person(PHOTO_SEED), scene, PHOTO_SIZE).image)
    swapped = {}
    for name in IDENTITIES:
        swapped[name] = folder / ("out.jpg" if name == IDENTITIES[0] else f"{name}.jpg")
        command = ["swap", "--identity", name, str(photo), "-o", str(swapped[name])]
        run([sys.executable, "-m", "zoo.cli.main", *command], project, f"zoo {' '.join(command)}")
    write_photo(folder / "sheet.jpg", sheet(project, photo, swapped))
    print(f"\nDone in {time.monotonic() - begin:.0f} s. Look at:")
    print(f"  {folder / 'out.jpg'}    {photo.name} with the face of {IDENTITIES[0]}")
    print(f"  {folder / 'sheet.jpg'}  the photo, both swaps, and whose faces they should be")
    print("Swap your own photo with:  .venv/bin/zoo swap --identity ada photo.jpg")
    return 0


def run(command: list[str], project: Project, words: str) -> None:
    print(f"$ {words}", flush=True)
    done = subprocess.run(command, cwd=project.root, check=False)
    if done.returncode:
        raise TrainingError(f"`{words}` ended with code {done.returncode}; its output is above.")


def sheet(project: Project, photo: Path, swapped: dict[str, Path]) -> np.ndarray:
    """Photo and swaps in one row; below each swap, real photos of that identity."""
    pictures = {photo.name: photo, **{f"swapped with {name}": swapped[name] for name in swapped}}
    columns = len(pictures)
    page = Pillow.new(
        "RGB",
        (columns * (TILE + GAP) + GAP, 2 * (TILE + CAPTION + GAP) + GAP),
        "white",
    )
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(18)
    for column, (caption, path) in enumerate(pictures.items()):
        left = GAP + column * (TILE + GAP)
        page.paste(tile(read_photo(path).image, TILE), (left, GAP))
        draw.text((left, GAP + TILE), caption, "black", font)
    top = 2 * GAP + TILE + CAPTION
    for column, name in enumerate(swapped, 1):
        left = GAP + column * (TILE + GAP)
        faces = read_pack(project.aligned / f"{name}.safetensors").faces
        for number in range(FACES):
            face = tile(np.asarray(faces[number * len(faces) // FACES]), TILE // 2)
            page.paste(face, (left + number % 2 * (TILE // 2), top + number // 2 * (TILE // 2)))
        draw.text((left, top + TILE), f"{name}, as trained", "black", font)
    return np.asarray(page)


if __name__ == "__main__":
    run_stage(main)
