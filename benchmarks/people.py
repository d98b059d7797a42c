"""dlib's accuracy on synthetic people, and the time to render them.

Renders ``random_person(i)`` in ``random_scene(i)``: heads turned up to 35 degrees. Usage:

    python benchmarks/people.py [--renders 500] [--size 256] [--json]
"""

import argparse
import importlib.util
import json
import time
from pathlib import Path

import dlib
import numpy as np

from zoo.people import random_person, random_scene, render


def main() -> None:
    """Render, detect, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renders", type=int, default=500)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.renders, arguments.size)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value:.4g}")


def measure(count: int, size: int) -> dict[str, float]:
    """The figures of ``count`` renders of ``size`` pixels.

    Landmark errors are percent of the distance between the outer corners of the eyes.
    """
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(_models() / "shape_predictor_68_face_landmarks.dat"))
    start = time.perf_counter()
    render(random_person(0), random_scene(0), size)
    first = time.perf_counter() - start
    seconds, errors, at_once = 0.0, [], 0
    for seed in range(count):
        person, scene = random_person(seed), random_scene(seed)
        start = time.process_time()
        picture = render(person, scene, size)
        seconds += time.process_time() - start
        boxes = detector(picture.image, 0)
        at_once += bool(boxes)
        boxes = boxes or detector(picture.image, 1)
        if not boxes:
            continue
        shape = predictor(picture.image, max(boxes, key=lambda box: box.area()))
        guess, truth = np.array([(p.x, p.y) for p in shape.parts()]), picture.landmarks
        distance = np.linalg.norm(truth[45] - truth[36])
        errors.append(np.linalg.norm(guess - truth, axis=1) / distance)
    each = 100.0 * np.array(errors)
    return {
        "renders": count,
        "found, percent": 100.0 * len(errors) / count,
        "found without enlarging, percent": 100.0 * at_once / count,
        "landmark error, mean": float(each.mean()),
        "landmark error, median picture": float(np.median(each.mean(axis=1))),
        "landmark error without jaw": float(each[:, 17:].mean()),
        "seconds per render (one core)": seconds / count,
        "first render with compilation": first,
    }


def _models() -> Path:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("error: face_recognition_models is not installed")
    return Path(spec.submodule_search_locations[0]) / "models"


if __name__ == "__main__":
    main()
