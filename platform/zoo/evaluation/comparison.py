"""Measures one held-out photo: the finished picture and the network's raw output."""

from dataclasses import dataclass

import numpy as np

from zoo.errors import NoFaceError
from zoo.evaluation.measures.descriptor_distance import distance
from zoo.evaluation.measures.measure import Before, Recogniser, Truth, measure
from zoo.evaluation.measures.psnr import psnr
from zoo.evaluation.report.report_card import Row
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.geometry.alignment import alignment_matrix, covered, warp_back
from zoo.photos.image import Image
from zoo.swapping.network import SwapNetwork
from zoo.swapping.photo import swap_faces


@dataclass(frozen=True)
class Subject:
    """A photo that training never saw; ``truth`` is its true swap, if it was rendered."""

    name: str
    image: Image
    truth: Image | None = None


@dataclass(frozen=True)
class Example:
    """What a row of the sheet shows."""

    row: Row
    photo: Image
    finished: Image
    raw: Image


def compare(subject: Subject, network: SwapNetwork, judge: Recogniser) -> Example:
    """Swaps the largest face of ``subject`` and measures the result.

    Raises:
        NoFaceError: the photo shows no face.
    """
    found = find_faces(subject.image)
    if not found:
        raise NoFaceError(f"No face was found in {subject.name}.")
    face = found[0]
    swap = swap_faces(subject.image, [face], network)
    raw = paste_back(subject.image, face, swap.raw[0])
    before = Before.of(subject.image, face, judge)
    truth = Truth.of(subject.truth) if subject.truth is not None else None
    row = Row(
        photo=subject.name,
        finished=measure(swap.image, before, judge, truth),
        raw=measure(raw, before, judge, truth),
        unswapped_distance=distance(before.person, judge.target.mean),
        unswapped_cosine=(
            float(before.embedding @ judge.likeness.mean)
            if judge.likeness and before.embedding is not None
            else None
        ),
        unswapped_truth_psnr=psnr(subject.image, truth.image, truth.mask) if truth else None,
    )
    around = _around(face, subject.image)
    return Example(row, subject.image[around].copy(), swap.image[around].copy(), swap.raw[0])


def paste_back(photo: Image, face: Face, crop: Image) -> Image:
    """The raw crop pasted over the photo, square and all: no mask, no colour transfer."""
    matrix = alignment_matrix(face.landmarks)
    pasted = warp_back(crop, matrix, photo.shape)
    shown = covered(matrix, (0, 0, photo.shape[1], photo.shape[0]))
    return np.where(shown[..., None], pasted, photo).astype(np.uint8)


def _around(face: Face, image: Image) -> tuple[slice, slice]:
    """A square about the face, twice its box's side, cut to the photo."""
    left, top, right, bottom = face.box
    half = right - left
    x, y = (left + right) // 2, (top + bottom) // 2
    height, width = image.shape[:2]
    return (
        slice(max(0, y - half), min(height, y + half)),
        slice(max(0, x - half), min(width, x + half)),
    )
