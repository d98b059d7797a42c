"""One held-out photo swapped and measured: the finished picture and the network's raw output."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.errors import NoFaceError
from zoo.evaluation.identity import Descriptor, Target, distance, nearest
from zoo.evaluation.landmarks import find_again, landmark_difference
from zoo.evaluation.light import luminance_correlation
from zoo.evaluation.report import Measures, Row
from zoo.evaluation.truth import psnr
from zoo.faces.alignment import alignment_matrix, covered, warp_back
from zoo.faces.blending import face_mask
from zoo.faces.descriptor import descriptor
from zoo.faces.detection import Face, find_faces
from zoo.photos.image import Image, Plane
from zoo.swapping.network import SwapNetwork
from zoo.swapping.photo import swap_image


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


@dataclass(frozen=True)
class Judge:
    """What every picture made by one network is compared with."""

    target: Target
    gallery: Mapping[str, Descriptor]


def compare(subject: Subject, network: SwapNetwork, judge: Judge) -> Example:
    """Swaps the largest face of ``subject`` and measures the result.

    Raises:
        NoFaceError: the photo shows no face.
    """
    found = find_faces(subject.image)
    if not found:
        raise NoFaceError(f"No face was found in {subject.name}.")
    face = found[0]
    swap = swap_image(subject.image, network, faces="largest")
    raw = _put_back(subject.image, face, swap.raw[0])
    mask = face_mask(face.landmarks, subject.image.shape)
    person = descriptor(subject.image, face)
    truth = _Truth.of(subject.truth) if subject.truth is not None else None

    def measure(picture: Image) -> Measures:
        return _measure(picture, subject.image, face, person, mask, judge, truth)

    row = Row(
        photo=subject.name,
        finished=measure(swap.image),
        raw=measure(raw),
        unswapped_distance=distance(person, judge.target.mean),
        unswapped_truth_psnr=psnr(subject.image, truth.image, truth.mask) if truth else None,
    )
    around = _around(face, subject.image)
    return Example(row, subject.image[around].copy(), swap.image[around].copy(), swap.raw[0])


@dataclass(frozen=True)
class _Truth:
    """The true swap, with the face as the detector sees it."""

    image: Image
    face: Face | None
    mask: Plane | None

    @classmethod
    def of(cls, image: Image) -> "_Truth":
        faces = find_faces(image)
        face = faces[0] if faces else None
        return cls(image, face, face_mask(face.landmarks, image.shape) if face else None)


def _measure(
    picture: Image,
    photo: Image,
    face: Face,
    person: Descriptor,
    mask: Plane,
    judge: Judge,
    truth: _Truth | None,
) -> Measures:
    again, seen = find_again(picture, face)
    shown = descriptor(picture, again)
    other, apart = nearest(shown, judge.target, person, judge.gallery)
    return Measures(
        distance=distance(shown, judge.target.mean),
        nearest_other=other,
        distance_to_other=apart,
        face_found=seen,
        landmark_difference=landmark_difference(face.landmarks, again.landmarks),
        luminance_correlation=luminance_correlation(photo, picture, mask, face.landmarks),
        truth_psnr=psnr(picture, truth.image, truth.mask) if truth else None,
        truth_psnr_photo=psnr(picture, truth.image) if truth else None,
        truth_landmark_difference=(
            landmark_difference(truth.face.landmarks, again.landmarks)
            if truth and truth.face
            else None
        ),
    )


def _put_back(photo: Image, face: Face, crop: Image) -> Image:
    """The raw crop pasted over the photo, square and all: no mask, no colour agreement."""
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
