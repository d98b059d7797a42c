"""Precision and recall of outlier detection: photos of someone else in a set of one person.

Photos of each person in turn are mixed with those of others, in several shares, and
:func:`zoo.faces.recognition.descriptors.outlier_distances` is asked who does not belong. Usage:

    python benchmarks/outliers.py PERSONS [--others FOLDER] [--most 120] [--trials 8]
                                   [--out benchmarks/results/outliers]

PERSONS has one folder of photos per person; FOLDER photos of many people, one or more of each.
"""

import argparse
import json
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.errors import PhotoError
from zoo.faces.detection.detector import find_faces
from zoo.faces.recognition.descriptors import OUTLIER, descriptor, outlier_distances
from zoo.photos.reading import find_photos, read_photo

SHARES = (0.02, 0.1, 0.2, 0.3, 0.4)
SIZES = (12, 20, 40, 60)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("persons", type=Path)
    parser.add_argument("--others", type=Path)
    parser.add_argument("--most", type=int, default=120, help="photos of each folder")
    parser.add_argument("--trials", type=int, default=8, help="of each person, source and share")
    parser.add_argument("--out", type=Path, help="writes OUT.json")
    arguments = parser.parse_args()
    folders = sorted(path for path in arguments.persons.iterdir() if path.is_dir())
    people = {str(i): described(path, arguments.most) for i, path in enumerate(folders)}
    sources = dict(people)
    if arguments.others:
        sources["others"] = described(arguments.others, arguments.most)
    rows = [measure(people, sources, share, arguments.trials) for share in SHARES]
    print(f"Outliers are those farther than {OUTLIER}. {len(people)} people.\n")
    print("| outliers | sets | photos | precision | recall | own photos flagged |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['share']:.0%} | {row['sets']} | {row['photos']} | {row['precision']:.3f} | "
            f"{row['recall']:.3f} | {row['own_flagged']:.2%} |"
        )
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.with_suffix(".json").write_text(json.dumps(rows, indent=2) + "\n")


def described(folder: Path, most: int) -> NDArray[np.float32]:
    """Descriptors [K, 128] of the largest faces."""
    found = []
    for path in islice(find_photos([folder]), most):
        try:
            image = read_photo(path).image
        except PhotoError:
            continue
        if faces := find_faces(image):
            found.append(descriptor(image, faces[0]))
    return np.stack(found)


def measure(
    people: dict[str, NDArray[np.float32]],
    sources: dict[str, NDArray[np.float32]],
    share: float,
    trials: int,
) -> dict[str, float]:
    """Precision and recall over all people, sources and ``trials`` of one share of outliers."""
    random = np.random.default_rng(0)
    flagged: list[NDArray[np.bool_]] = []
    truth: list[NDArray[np.bool_]] = []
    for name, own in people.items():
        for source, others in sources.items():
            for _ in range(trials if source != name else 0):
                size = min(int(random.choice(SIZES)), len(own))
                count = max(1, round(share * size))
                mixed = np.concatenate(
                    [
                        own[random.choice(len(own), size - count, replace=False)],
                        others[random.choice(len(others), count, replace=False)],
                    ]
                )
                flagged.append(outlier_distances(mixed) > OUTLIER)
                truth.append(np.arange(size) >= size - count)
    found, strange = np.concatenate(flagged), np.concatenate(truth)
    return {
        "share": share,
        "sets": len(truth),
        "photos": len(strange),
        "precision": float(strange[found].mean()),
        "recall": float(found[strange].mean()),
        "own_flagged": float(found[~strange].mean()),
    }


if __name__ == "__main__":
    main()
