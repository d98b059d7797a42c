"""Faces at every roll: share found, error of their landmarks, wrong faces, time.

Photos of one face each (``--photos FOLDER``, reduced to 640 pixels) and rendered people are turned
by 0° to 180°, alternately to either side. A photo's landmarks are compared with its own upright
ones, a render's with the renderer's; one is wrong whose error is more than a fifth of the eyes'
distance. Thresholds must not be judged on the pictures that they were chosen on: other seeds make
other people, and ``--skip`` and ``--every`` take other photos. Usage:

    python benchmarks/rolls.py [--photos FOLDER ...] [--skip 0] [--every 1] [--seed 900]
                               [--count 40] [--step 15] [--draw FOLDER]

``--draw`` writes a picture of each wrong face and of each upright photo, with their landmarks.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from zoo.evaluation.measures.landmark_difference import landmark_difference
from zoo.faces.detection import yunet
from zoo.faces.detection.detector import find_faces
from zoo.faces.detection.regression_trees import rotation
from zoo.faces.geometry.alignment import apply
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image, Matrix, Points
from zoo.photos.reading import find_photos, read_photo

SIDE, MARGIN = 640, 100
WRONG = 20.0  # percent of the eyes' distance


def main() -> None:
    """Turn, find, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="+", help="folders; from each as many")
    parser.add_argument("--skip", type=int, default=0, help="this many photos of each folder")
    parser.add_argument("--every", type=int, default=1, help="take one of so many photos")
    parser.add_argument("--seed", type=int, default=900, help="of the first rendered person")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--step", type=int, default=15)
    parser.add_argument("--draw", type=Path)
    arguments = parser.parse_args()
    sets = {"renders": rendered(arguments.count, arguments.seed)}
    if arguments.photos:
        share = -(-arguments.count // len(arguments.photos))
        chosen = [
            picture
            for folder in arguments.photos
            for picture in photographed(
                find_photos([folder])[arguments.skip :: arguments.every], share
            )
        ]
        sets["photos"] = chosen[: arguments.count]
    if arguments.draw:
        arguments.draw.mkdir(parents=True, exist_ok=True)
        for number, (image, truth) in enumerate(sets.get("photos", [])):
            draw(arguments.draw / f"photos-{number:02}.png", image, [truth])
    print(f"{'':8} {'roll':>5} {'found':>8} {'mean, %':>8} {'worst':>6} {'wrong':>6} {'ms':>5}")
    for name, pictures in sets.items():
        for degrees in range(0, 181, arguments.step):
            row(name, degrees, pictures, arguments.draw)


def row(
    name: str, degrees: int, pictures: list[tuple[Image, Points]], drawn: Path | None = None
) -> None:
    """Prints the figures of one roll, with the processor time per picture."""
    errors, wrong, took = [], 0, 0.0
    for number, (image, truth) in enumerate(pictures):
        picture, matrix = turned(image, degrees if number % 2 else -degrees)
        expected = apply(matrix, truth)
        began = time.process_time()
        faces = find_faces(picture)
        took += time.process_time() - began
        off = [landmark_difference(expected, face.landmarks) for face in faces]
        wrong += sum(one > WRONG for one in off)
        if drawn and any(one > WRONG for one in off):
            path = drawn / f"wrong-{name}-{number:02}-{degrees:03}.png"
            draw(path, picture, [expected, *(face.landmarks for face in faces)])
        errors += [min(off)] if off and min(off) <= WRONG else []
    mean, worst = (np.mean(errors), max(errors)) if errors else (np.nan, np.nan)
    share = f"{len(errors)}/{len(pictures)}"
    milliseconds = 1000 * took / len(pictures)
    print(
        f"{name:8} {degrees:4}° {share:>8} {mean:8.2f} {worst:6.1f} {wrong:6} {milliseconds:5.0f}"
    )


def rendered(count: int, first: int) -> list[tuple[Image, Points]]:
    """People with whatever hides their faces, and where the renderer put their landmarks."""
    pictures = []
    for seed in range(first, first + count):
        made = render(random_person(seed), random_scene(seed, max_yaw=25), 320)
        wide = cv2.copyMakeBorder(made.image, *(MARGIN,) * 4, cv2.BORDER_REFLECT)
        pictures.append((np.asarray(wide, np.uint8), made.landmarks + MARGIN))
    return pictures


def photographed(paths: list[Path], count: int) -> list[tuple[Image, Points]]:
    """The first photos that show one face, and its landmarks as they are found upright."""
    pictures: list[tuple[Image, Points]] = []
    for path in paths:
        image = read_photo(path).image
        scale = SIDE / max(image.shape[:2])
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=way), np.uint8)
        faces = find_faces(image)
        if len(faces) == 1 and len(yunet.search(image, 320)) == 1:  # nobody else at its edge
            pictures.append((image, faces[0].landmarks))
        if len(pictures) == count:
            break
    return pictures


def draw(path: Path, image: Image, shapes: list[Points]) -> None:
    """Writes a picture with landmarks: the expected ones green, others red."""
    seen = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    for number, points in enumerate(shapes):
        for x, y in points:
            cv2.circle(seen, (round(x), round(y)), 2, (0, 0, 255) if number else (0, 220, 0), -1)
    cv2.imwrite(str(path), seen)


def turned(image: Image, degrees: float) -> tuple[Image, Matrix]:
    """The whole picture turned clockwise, on grey, and the map of its pixels there."""
    turn = rotation(degrees)
    size = np.ceil(np.abs(turn) @ image.shape[1::-1]).astype(int)
    middle = (np.array(image.shape[1::-1]) - 1) / 2
    matrix = np.column_stack([turn, (size - 1) / 2 - turn @ middle])
    back = cv2.warpAffine(image, matrix, size.tolist(), borderValue=(127, 127, 127))
    return np.asarray(back, np.uint8), matrix


if __name__ == "__main__":
    main()
