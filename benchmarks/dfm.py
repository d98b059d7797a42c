"""An exported DFM file in a host program, compared with `zoo swap`.

    python benchmarks/dfm.py NETWORK.onnx [--style FOLDER] [--photos FOLDER] [--people 20]
        [--matching whole|cells|none] [--sheet OUT.jpg]

The host's steps are written from the format's description, as facefusion takes them: crop by a
similarity from five points, sharpen, run, match colours, erode and blur the smaller mask, paste.
How colours are matched is the hosts' own: over the whole face, or in 16 × 16 cells.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from zoo.evaluation.measures.descriptor_distance import distance
from zoo.evaluation.measures.landmark_difference import find_again, landmark_difference
from zoo.evaluation.measures.luminance_correlation import luminance_correlation
from zoo.exporting.export import export
from zoo.exporting.formats import Format, Terms
from zoo.exporting.host_crop import TEMPLATE, five_points
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.masks.face_mask import face_mask
from zoo.faces.recognition.descriptors import descriptor
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image, Plane
from zoo.photos.reading import find_photos, read_photo
from zoo.photos.writing import write_photo
from zoo.provenance.identities.basis import Basis
from zoo.storage import sha256_of
from zoo.swapping.network import SwapNetwork
from zoo.swapping.photo import swap_faces

FIGURES = ("distance to the identity", "landmarks, % of the eyes", "luminance")


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("network", type=Path, help="a network of ours")
    parser.add_argument(
        "--style", type=Path, help="photos of its person, by which likeness is judged"
    )
    parser.add_argument("--photos", type=Path, help="photos to swap; rendered people without")
    parser.add_argument("--people", type=int, default=20, help="how many pictures are swapped")
    parser.add_argument("--matching", choices=MATCHING, default="whole", help="of colours")
    parser.add_argument("--sheet", type=Path, help="a picture of all: photo, zoo swap, host")
    asked = parser.parse_args()
    network = SwapNetwork(asked.network)
    person = target(asked.style, network) if asked.style else None
    rows, alike, strips = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "face.dfm")
        terms = Terms(
            network.identity, 1, sha256_of(asked.network), Basis(network.basis or "research")
        )
        export(asked.network, terms, Format.dfm, path)
        host = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for photo, face in pictures(asked.photos, asked.people):
            ours = swap_faces(photo, [face], network).image
            theirs = host_swap(photo, face, host, asked.matching)
            rows.append([measured(photo, face, made, person) for made in (ours, theirs)])
            alike.append(psnr(ours, theirs, face))
            strips.append(close(photo, face, (photo, ours, theirs)))
    for number, name in enumerate(FIGURES):
        ours, theirs = (np.array([row[side][number] for row in rows]) for side in (0, 1))
        error = (theirs - ours).std() / np.sqrt(len(rows))
        print(
            f"{name}: zoo swap {ours.mean():.3f} ± {ours.std():.3f}, host {theirs.mean():.3f} ± "
            f"{theirs.std():.3f}; difference {(theirs - ours).mean():+.3f} ± {error:.3f}"
        )
    print(f"PSNR of the host's picture to zoo swap's: {np.mean(alike):.1f} dB on the face")
    if asked.sheet:
        write_photo(asked.sheet, np.concatenate(strips))
    return 0


def host_swap(
    photo: Image, face: Face, host: Any, matching: str = "whole", *, sharpen: bool = True
) -> Image:
    """What a host makes of one face of ``photo`` [H, W, 3] with the session ``host``."""
    given, *_ = host.get_inputs()
    size = given.shape[1]  # the first spatial size is the model's
    template = TEMPLATE * size
    matrix, _ = cv2.estimateAffinePartial2D(
        five_points(face.landmarks), template, method=cv2.RANSAC, ransacReprojThreshold=100
    )
    bgr = np.ascontiguousarray(photo[..., ::-1])
    warped = cv2.warpAffine(
        bgr, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_AREA
    )
    crop = np.asarray(warped, np.uint8)
    shown = crop
    if sharpen:
        blurred = cv2.GaussianBlur(crop, (0, 0), 2)
        shown = np.asarray(cv2.addWeighted(crop, 1.75, blurred, -0.75, 0), np.uint8)
    shown = (shown / 255.0)[None].astype(np.float32)
    mask, made, made_mask = host.run(None, {given.name: shown})
    swapped = np.asarray((made[0] * 255).clip(0, 255), np.uint8)
    weight = np.minimum(mask[0], made_mask[0]).reshape(size, size).clip(0, 1)
    swapped = MATCHING[matching](crop, swapped, weight)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    weight = cv2.GaussianBlur(cv2.erode(weight, ellipse, iterations=2), (0, 0), 6.25)
    back = cv2.invertAffineTransform(matrix)
    around = photo.shape[1::-1]
    weight = cv2.warpAffine(weight, back, around).clip(0, 1)[..., None]
    pasted = cv2.warpAffine(swapped, back, around, borderMode=cv2.BORDER_REPLICATE)
    mixed = weight * pasted + (1 - weight) * bgr
    return np.ascontiguousarray(mixed.astype(np.uint8)[..., ::-1])


def _matched_as_a_whole(crop: Image, swapped: Image, weight: Plane) -> Image:
    """Mean and spread of each channel of L*a*b* (Reinhard et al. 2001), as DeepFaceLive does."""
    theirs, given = (
        cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_BGR2LAB) for one in (crop, swapped)
    )
    inside = weight > 0.5
    spread = theirs[inside].std(axis=0) / np.maximum(given[inside].std(axis=0), 1e-3)
    lab = (given - given[inside].mean(axis=0)) * spread + theirs[inside].mean(axis=0)
    bgr = cv2.cvtColor(lab, cv2.COLOR_LAB2BGR).clip(0, 1)
    return np.asarray(np.rint(bgr * 255), np.uint8)


def _matched_in_cells(crop: Image, swapped: Image, weight: Plane) -> Image:
    """What differs in 16 × 16 cells is added smoothly, the more the alike colours are; facefusion.

    That is finer than light: eyes' distance is four cells, so it brings back some of the old face.
    """
    small = [
        cv2.resize(one, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)
        for one in (crop, swapped)
    ]
    missing = cv2.resize(small[0] - small[1], crop.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    own, given = (
        cv2.calcHist(
            [cv2.cvtColor(one, cv2.COLOR_BGR2HSV)], [0, 1], None, [50, 60], [0, 180, 0, 256]
        )
        for one in (crop, swapped)
    )
    much = (1 + cv2.compareHist(own, given, cv2.HISTCMP_CORREL)) / 2
    return np.asarray(np.rint((swapped + much * missing).clip(0, 255)), np.uint8)


MATCHING: dict[str, Callable[[Image, Image, Plane], Image]] = {
    "whole": _matched_as_a_whole,
    "cells": _matched_in_cells,
    "none": lambda crop, swapped, weight: swapped,
}


def measured(photo: Image, face: Face, made: Image, person: Plane | None) -> list[float]:
    """The figures of one finished picture."""
    again, _ = find_again(made, face)
    likeness = np.nan if person is None else distance(descriptor(made, again), person)
    moved = landmark_difference(face.landmarks, again.landmarks)
    light = luminance_correlation(
        photo, made, face_mask(face.landmarks, photo.shape), face.landmarks
    )
    return [float(likeness), float(moved), float(light or np.nan)]


def psnr(one: Image, other: Image, face: Face) -> float:
    """How alike both are on the face, in dB."""
    inside = face_mask(face.landmarks, one.shape) > 0.5
    error = np.square(one[inside].astype(float) - other[inside]).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def target(folder: Path, network: SwapNetwork) -> Plane:
    """The mean descriptor of the network's person."""
    found = []
    for path in find_photos([folder])[:40]:
        photo = read_photo(path).image
        found += [descriptor(photo, face) for face in find_faces(photo)[:1]]
    return np.asarray(np.mean(found, axis=0), np.float32)


def pictures(folder: Path | None, count: int) -> Iterator[tuple[Image, Face]]:
    """Pictures with their largest face."""
    paths = find_photos([folder]) if folder else []
    for number in range(count if folder is None else min(count, len(paths))):
        if folder:
            photo = read_photo(paths[number]).image
        else:
            photo = render(random_person(900 + number), random_scene(number, max_yaw=20), 320).image
        for face in find_faces(photo)[:1]:
            yield photo, face


def close(photo: Image, face: Face, shown: tuple[Image, ...]) -> Image:
    """A strip of all pictures, close to the face."""
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    half, (x, y) = 0.75 * float((high - low).max()), (low + high) / 2
    left, top = max(int(x - half), 0), max(int(y - 1.2 * half), 0)
    right, bottom = int(x + half), int(y + 0.9 * half)
    return np.concatenate(
        [cv2.resize(one[top:bottom, left:right], (200, 200)) for one in shown], axis=1
    ).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
