"""Fits the position of our aligned crop in that of programs that use DFM files.

    python pipelines/experiments/host_crop.py [--people 200] [FOLDER...]

Over the photos of the folders, or over rendered people without any; prints the numbers that stand
in ``zoo.exporting.host_crop``, and how far single faces of either kind are from them. Rendered
people are a little narrower in their features than real ones, whom hosts meet, so photos decide.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.errors import PhotoError
from zoo.exporting.host_crop import fitted, five_points, host_matrix
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import alignment_matrix, apply
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image, Points
from zoo.photos.reading import find_photos, read_photo

MAX_YAW = 25  # degrees; hosts' files are made for faces turned further too, but fit them no better


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=200, help="rendered people to fit on")
    parser.add_argument("folders", nargs="*", type=Path, help="photos to fit on")
    asked = parser.parse_args()
    sets = [("rendered people", faces(rendered(asked.people)))]
    if asked.folders:
        sets.append(("photos", faces(photos(asked.folders))))
    sets = [(name, found) for name, found in sets if len(found[0])]
    scale, shift = fitted(*sets[-1][1]).T
    print(f"SCALE: tuple[float, float] = ({scale[0]:.4f}, {scale[1]:.4f})")
    print(f"SHIFT: tuple[float, float] = ({shift[0]:.4f}, {shift[1]:.4f})")
    for name, (theirs, ours) in sets:
        away = np.linalg.norm(theirs * scale + shift - ours, axis=-1)
        own = fitted(theirs, ours)
        each = away.mean(axis=1)
        print(
            f"{name}: {len(ours)} faces; away from the fit by {away.mean():.4f} of our crop's side "
            f"(a face's mean: 95 % below {np.quantile(each, 0.95):.4f}, worst {each.max():.4f}); "
            f"their own fit: scale {own[:, 0].round(4)}, shift {own[:, 1].round(4)}; with turning "
            f"and shear {turned(theirs, ours).round(4).tolist()}"
        )
    return 0


def faces(pictures: Iterator[Image]) -> tuple[Points, Points]:
    """The largest faces' landmarks [N, 68, 2] in the host's crop and in ours."""
    theirs, ours = [], []
    for picture in pictures:
        for face in find_faces(picture)[:1]:
            landmarks = face.landmarks
            theirs.append(apply(host_matrix(five_points(landmarks)), landmarks))
            ours.append(apply(alignment_matrix(landmarks), landmarks))
    empty = np.zeros((0, 68, 2), np.float32)
    return np.stack(theirs) if theirs else empty, np.stack(ours) if ours else empty


def rendered(count: int) -> Iterator[Image]:
    for seed in range(count):
        yield render(random_person(seed), random_scene(seed, max_yaw=MAX_YAW), 200).image


def photos(folders: list[Path]) -> Iterator[Image]:
    for path in find_photos(folders):
        try:
            yield read_photo(path).image
        except PhotoError as error:
            print(error, file=sys.stderr)


def turned(theirs: Points, ours: Points) -> np.ndarray:
    """The full affine map [2, 3], to see what scale and shift alone leave out."""
    flat = theirs.reshape(-1, 2)
    solution, *_ = np.linalg.lstsq(
        np.column_stack([flat, np.ones(len(flat))]), ours.reshape(-1, 2), rcond=None
    )
    return np.asarray(solution.T)


if __name__ == "__main__":
    sys.exit(main())
