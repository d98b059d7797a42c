"""All measures of one picture, compared with its input photo."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.evaluation.measures.colour_cast import colour_cast, local_colour_cast
from zoo.evaluation.measures.descriptor_distance import Descriptor, Target, distance, nearest
from zoo.evaluation.measures.expression import (
    expression_difference,
    eye_opening,
    mouth_kept,
    mouth_opening,
)
from zoo.evaluation.measures.gaze import gaze_difference
from zoo.evaluation.measures.landmark_difference import find_again, landmark_difference
from zoo.evaluation.measures.light_direction import Skin, light_difference, visible_skin
from zoo.evaluation.measures.likeness import Likeness, embed
from zoo.evaluation.measures.luminance_correlation import luminance_correlation
from zoo.evaluation.measures.psnr import background_psnr, psnr
from zoo.evaluation.measures.seam import seam
from zoo.evaluation.measures.sharpness import sharpness_ratio
from zoo.evaluation.report.report_card import Measures
from zoo.faces.compositing.lab import to_lab
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.geometry.pose import head_pose, pose_difference
from zoo.faces.masks.face_mask import face_mask
from zoo.faces.recognition.descriptors import descriptor
from zoo.faces.recognition.sface import Embedding
from zoo.photos.image import Image, Plane

_MARGIN = 0.15  # of the face, around what is looked at closely


@dataclass(frozen=True)
class Recogniser:
    """What every picture made by one network is compared with.

    ``likeness`` is SFace's view; without it dlib's descriptor judges alone.
    """

    target: Target
    gallery: Mapping[str, Descriptor]
    likeness: Likeness | None = None


@dataclass(frozen=True)
class Before:
    """The photo, its face, and the measurements shared by all pictures made from it.

    Attributes:
        photo: [H, W, 3].
        face: the one that is swapped.
        person: its descriptor.
        mask: [H, W], see :func:`zoo.faces.masks.face_mask.face_mask`.
        close: the part of the photo about the face; what is not needed beyond it is
            measured in it alone.
        lab: L*a*b* of that part.
        skin: where skin is seen in that part.
        embedding: SFace's of the face; None when it does not judge.
    """

    photo: Image
    face: Face
    person: Descriptor
    mask: Plane
    close: tuple[slice, slice]
    lab: Plane
    skin: Skin | None
    embedding: Embedding | None = None

    @classmethod
    def of(cls, photo: Image, face: Face, judge: Recogniser) -> "Before":
        mask = face_mask(face.landmarks, photo.shape)
        close = _close(mask)
        part = np.ascontiguousarray(photo[close])
        corner = np.array([close[1].start, close[0].start], np.float32)
        skin = visible_skin(head_pose(face.landmarks - corner), part.shape)
        embedding = embed(photo, face) if judge.likeness else None
        person = descriptor(photo, face)
        return cls(photo, face, person, mask, close, to_lab(part), skin, embedding)


@dataclass(frozen=True)
class Truth:
    """The true swap, with the face as the detector sees it."""

    image: Image
    face: Face | None
    mask: Plane | None

    @classmethod
    def of(cls, image: Image) -> "Truth":
        faces = find_faces(image)
        face = faces[0] if faces else None
        return cls(image, face, face_mask(face.landmarks, image.shape) if face else None)


def measure(picture: Image, before: Before, judge: Recogniser, truth: Truth | None) -> Measures:
    """The :class:`.report_card.Measures` of ``picture``, made from the photo of ``before``."""
    again, seen = find_again(picture, before.face)
    shown = descriptor(picture, again)
    other, apart = nearest(shown, judge.target, before.person, judge.gallery)
    old, new = before.face.landmarks, again.landmarks
    eyes = before.face.interocular
    mask, part = before.mask[before.close], np.ascontiguousarray(picture[before.close])
    lab = to_lab(part)
    turn, shading = light_difference(before.lab, lab, before.skin) if before.skin else (None, None)
    cosines = {}
    if judge.likeness and before.embedding is not None:
        cosines = dict(judge.likeness.cosines(embed(picture, again), before.embedding))
    return Measures(
        **cosines,
        distance=distance(shown, judge.target.mean),
        nearest_other=other,
        distance_to_other=apart,
        face_found=seen,
        pose_difference=pose_difference(old, new),
        landmark_difference=landmark_difference(old, new),
        expression_difference=expression_difference(old, new),
        mouth_opening_difference=abs(mouth_opening(new) - mouth_opening(old)),
        mouth_kept=mouth_kept(old, new),
        eye_opening_difference=abs(eye_opening(new) - eye_opening(old)),
        gaze_difference=gaze_difference(before.photo, old, picture, new),
        luminance_correlation=luminance_correlation(before.photo, picture, before.mask, old),
        light_turn=turn,
        shading_error=shading,
        background_psnr=background_psnr(before.photo, picture, before.mask),
        seam=seam(before.lab, lab, mask),
        sharpness_ratio=sharpness_ratio(before.photo[before.close], part, mask, eyes),
        colour_cast=colour_cast(before.lab, lab, mask),
        local_colour_cast=local_colour_cast(before.lab, lab, mask, eyes),
        truth_psnr=psnr(picture, truth.image, truth.mask) if truth else None,
        truth_psnr_photo=psnr(picture, truth.image) if truth else None,
        truth_landmark_difference=(
            landmark_difference(truth.face.landmarks, new) if truth and truth.face else None
        ),
    )


def _close(mask: Plane) -> tuple[slice, slice]:
    """The part of the photo that holds the mask and a margin; all of it when that is empty."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0, height), slice(0, width)
    top, bottom, left, right = (int(i) for i in (rows[0], rows[-1], columns[0], columns[-1]))
    margin = round(_MARGIN * max(bottom - top, right - left)) + 2
    return (
        slice(max(0, top - margin), min(height, bottom + 1 + margin)),
        slice(max(0, left - margin), min(width, right + 1 + margin)),
    )
