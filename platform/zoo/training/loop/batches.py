"""Batches, determined by seed and iteration only.

So a resumed training sees the same batches as an uninterrupted one.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor

from zoo.errors import TrainingError
from zoo.faces.curation.face_pack import FacePack
from zoo.faces.geometry.reference import mirror_landmarks
from zoo.objective.distributed import rank, workers

VALIDATION = 16
"""Content photos kept from training to validate it."""


@dataclass(frozen=True)
class Batch:
    """Content photos.

    Attributes:
        photos: photos_B3HW in 0..1.
        landmarks: landmarks_B682 in unit crop coordinates.
        drawn: of each its place in the pack and whether it is mirrored; empty where that is not
            known on the host.
    """

    photos: Tensor
    landmarks: Tensor
    drawn: tuple[tuple[int, bool], ...] = ()


def content_batch(
    content: FacePack,
    resolution: int,
    size: int,
    seed: int,
    step: int,
    share: slice = slice(None),
) -> Batch:
    """``size`` photos drawn for iteration ``step``, each mirrored with probability one half.

    Photos of :func:`validation_batch` are never among them. Only those of ``share`` are read.
    """
    chosen, mirrored = draw(len(content), size, seed, step)
    faces, landmarks, drawn = [], [], []
    for index, mirror in zip(chosen[share], mirrored[share], strict=True):
        face, points = content.faces[index], content.landmarks[index]
        faces.append(face[:, ::-1] if mirror else face)
        landmarks.append(mirror_landmarks(points) if mirror else points)
        drawn.append((int(index), bool(mirror)))
    points_B682 = torch.from_numpy(np.stack(landmarks))
    return Batch(photos_tensor(faces, resolution), points_B682, tuple(drawn))


def draw(count: int, size: int, seed: int, step: int) -> tuple["np.ndarray", "np.ndarray"]:
    """Which ``size`` of ``count`` photos iteration ``step`` sees, and whether each is mirrored."""
    random = np.random.default_rng([seed, step])
    training = _training(count)
    chosen = training[random.integers(len(training), size=size)]
    return chosen, random.random(size) < 0.5


def validation_batch(content: FacePack, resolution: int) -> Batch:
    """Content photos that training never draws, always the same; none of a very small pack."""
    chosen = _validation(len(content))
    if not len(chosen):
        return Batch(torch.empty(0, 3, resolution, resolution), torch.empty(0, 68, 2))
    faces = photos_tensor([content.faces[index] for index in chosen], resolution)
    drawn = tuple((int(index), False) for index in chosen)
    return Batch(faces, torch.from_numpy(content.landmarks[chosen]), drawn)


def own_share() -> slice:
    """What this worker takes of a batch that several share (:mod:`zoo.objective.distributed`)."""
    return slice(rank(), None, workers())


def style_batch(style: FacePack, resolution: int, *, mirrored: bool = True) -> Batch:
    """All style photos, followed by their mirror images, landmarks mirrored too."""
    faces, landmarks = list(style.faces), list(style.landmarks)
    if mirrored:
        faces += [face[:, ::-1] for face in style.faces]
        landmarks += [mirror_landmarks(points) for points in style.landmarks]
    return Batch(photos_tensor(faces, resolution), torch.from_numpy(np.stack(landmarks)))


def _validation(count: int) -> "np.ndarray":
    """Which photos of a pack validate, spread over it evenly."""
    return np.linspace(0, count - 1, min(VALIDATION, count // 10)).astype(int)


@cache
def _training(count: int) -> "np.ndarray":
    """The others."""
    return np.setdiff1d(np.arange(count), _validation(count), assume_unique=True)


def check_size(size: int, resolution: int) -> None:
    """That faces of ``size`` pixels can be shown at ``resolution``.

    Raises:
        TrainingError: the faces are smaller than the recipe needs.
    """
    if size < resolution:
        raise TrainingError(
            f"The aligned faces are {size} px, the recipe needs {resolution}: "
            "raise 'size' in params.yaml (sections align and content) and run dvc repro."
        )


def photos_tensor(faces: "list[np.ndarray]", resolution: int) -> Tensor:
    """uint8 [S,S,3] faces → photos_B3HW in 0..1 at ``resolution``.

    Raises:
        TrainingError: the faces are smaller than the recipe needs.
    """
    check_size(faces[0].shape[0], resolution)
    side = (resolution, resolution)
    small = [cv2.resize(face, side, interpolation=cv2.INTER_AREA) for face in faces]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float().div_(255).contiguous()
