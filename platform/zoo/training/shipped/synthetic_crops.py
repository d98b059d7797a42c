"""Synthetic close-ups with labels, for training and measuring the segmentation.

A close-up is an aligned crop with a margin, rendered once; shown, it is moved a little,
retouched, occluded and photographed, each time otherwise.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import alignment_matrix, apply
from zoo.faces.geometry.reference import mirror_landmarks
from zoo.people import Person, Scene, random_person, random_scene, render
from zoo.people.augmentation.augment import augment, photograph
from zoo.people.augmentation.drawing import DrawingContext
from zoo.people.augmentation.occluders import occlude
from zoo.photos.image import Image, Matrix, Points
from zoo.storage import atomic_file

SIZE = 128
"""Side in pixels of a crop as it is shown."""

FIRST_HELD_OUT = 10**6
"""Seeds of people that training never sees start here."""

MARGIN = 0.15  # around the crop, of its side, so that it can be moved a little
PADDED = round(SIZE * (1 + 2 * MARGIN)) + 2
_SHARD = 500  # faces per file

Labels = NDArray[np.uint8]
Random = np.random.Generator


@dataclass(frozen=True)
class CloseUps:
    """Crops with a margin.

    Attributes:
        images: uint8 [N, PADDED, PADDED, 3].
        labels: uint8 [N, PADDED, PADDED].
        landmarks: float32 [N, 68, 2], unit coordinates of the padded crop.
    """

    images: Image
    labels: Labels
    landmarks: NDArray[np.float32]


def rendered(work: Path, seeds: range) -> CloseUps:
    """Close-ups of these people, from the work folder as far as they are there."""
    shards = [_shard(work, seeds[start : start + _SHARD]) for start in range(0, len(seeds), _SHARD)]
    return CloseUps(
        np.concatenate([shard.images for shard in shards]),
        np.concatenate([shard.labels for shard in shards]),
        np.concatenate([shard.landmarks for shard in shards]),
    )


def training_face(seed: int) -> tuple[Image, Labels, Points]:
    """A render that the crop fills, where the true landmarks put it."""
    random = np.random.default_rng([0x5E7, seed])
    camera = replace(_scene(seed).camera, face_fraction=float(random.uniform(0.76, 0.82)))
    picture = render(_person(seed), replace(_scene(seed), camera=camera), 192)
    return _padded(picture.image, picture.labels, picture.landmarks)


def held_out_face(seed: int) -> tuple[Image, Labels, Points] | None:
    """A photo as a swap sees it: the face found and aligned by detected landmarks."""
    picture = render(_person(seed), _scene(seed), 256)
    faces = find_faces(picture.image)
    return _padded(picture.image, picture.labels, faces[0].landmarks) if faces else None


def show(
    random: Random, close: CloseUps, number: int, kind: str, *, moved: bool = False
) -> tuple[Image, Labels, Points]:
    """A crop [SIZE, SIZE, 3], its labels, and its landmarks in unit coordinates.

    Args:
        random: what happens to it.
        close: where it comes from.
        number: which one.
        kind: ``plain``, ``occluded``, or ``varied``: retouched, occluded and photographed.
        moved: mirrored or not, turned, scaled and shifted a little, as alignment errs.
    """
    unit, mirrored = _placement(random) if moved else (_placed(0, 0, 0, 0, 0), False)
    landmarks = apply(unit, close.landmarks[number])
    if mirrored:
        unit[0] = (0, 0, 1) - unit[0]
        landmarks = mirror_landmarks(landmarks)
    image, labels = _warped(close.images[number], close.labels[number], unit, SIZE)
    sitting = DrawingContext(image.astype(np.float32), labels, landmarks)
    if kind == "varied":
        augment(random, sitting)
        occlude(random, sitting, often=0.8)
        return photograph(random, sitting.image), sitting.labels, landmarks
    if kind == "occluded":
        occlude(random, sitting)
    return np.clip(sitting.image, 0, 255).astype(np.uint8), sitting.labels, landmarks


def _placement(random: Random) -> tuple[Matrix, bool]:
    scale, stretch = random.normal(0, 0.05), random.normal(0, 0.03)
    turn, x, y = random.normal(0, 0.07), random.normal(0, 0.025), random.normal(0, 0.025)
    return _placed(scale, stretch, turn, x, y), bool(random.random() < 0.5)


def _placed(scale: float, stretch: float, turn: float, x: float, y: float) -> Matrix:
    """From unit coordinates of the padded crop to those of the crop shown."""
    spin = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    sizes = (1 + 2 * MARGIN) * np.exp((scale + stretch, scale - stretch))
    linear = spin * sizes
    return np.column_stack([linear, (0.5 + x, 0.5 + y) - linear @ (0.5, 0.5)])


def _shard(work: Path, seeds: range) -> CloseUps:
    path = work / f"{seeds.start}-{seeds.stop}.npz"
    if not path.exists():
        draw = held_out_face if seeds.start >= FIRST_HELD_OUT else training_face
        drawn = [face for seed in track(seeds, path.stem) if (face := draw(seed))]
        images, labels, landmarks = (np.stack(column) for column in zip(*drawn, strict=True))
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, images=images, labels=labels, landmarks=landmarks)
    with np.load(path) as arrays:
        return CloseUps(arrays["images"], arrays["labels"], arrays["landmarks"])


def _person(seed: int) -> Person:
    """Somebody; fringes, bald heads and unusual hair colours more often than life has them."""
    random, person = np.random.default_rng([0x5E6, seed]), random_person(seed)
    hair, kind = person.hair, random.random()
    if kind < 0.18:
        hair = replace(
            hair,
            present=True,
            hairline=float(random.uniform(2.8, 5.0)),
            temples=0.0,
            sweep=float(random.normal(0, 1.2)),
            window=float(random.uniform(5.2, 6.3)),
            pulled_back=False,
        )
    elif kind < 0.26:
        hair = replace(hair, present=False)
    elif kind < 0.34:
        receding = float(random.uniform(0.8, 2.4))
        hair = replace(
            hair, hairline=float(random.uniform(6.5, 8.2)), temples=receding, pulled_back=True
        )
    if random.random() < 0.4:
        tint = np.exp(random.normal(0, 0.5, 3) * (0.3, 0.5, 0.9))
        red, green, blue = np.exp(random.uniform(np.log(0.006), np.log(0.6))) * tint / tint.max()
        hair = replace(hair, colour=(float(red), float(green), float(blue)))
    return replace(person, hair=hair)


def _scene(seed: int) -> Scene:
    """A portrait, turned further and lit harder than most."""
    random, scene = np.random.default_rng([0x5E8, seed]), random_scene(seed, max_yaw=48)
    light = scene.light
    if random.random() < 0.35:
        light = replace(
            light,
            azimuth=float(random.uniform(-100, 100)),
            key=float(random.uniform(0.8, 1.5)),
            ambient=float(random.uniform(0.08, 0.3)),
            hardness=float(random.uniform(0.4, 1)),
        )
    camera = replace(scene.camera, face_fraction=0.6, shift_y=scene.camera.shift_y + 0.02)
    pitch = float(np.clip(random.normal(0, 9), -22, 22))
    return replace(scene, light=light, camera=camera, pitch=pitch)


def _padded(image: Image, labels: Labels, landmarks: Points) -> tuple[Image, Labels, Points]:
    matrix = alignment_matrix(landmarks)
    matrix[:, 2] += MARGIN
    matrix /= 1 + 2 * MARGIN
    height, width = image.shape[:2]
    # To the unit coordinates of the photo and on to those of the padded crop.
    unit = matrix @ np.array(((width, 0, -0.5), (0, height, -0.5), (0, 0, 1)))
    return *_warped(image, labels, unit, PADDED), apply(matrix, landmarks)


def _warped(image: Image, labels: Labels, unit: Matrix, size: int) -> tuple[Image, Labels]:
    """Both under a map of unit coordinates; beyond the border its pixels are repeated."""
    from_pixels = np.array(((1, 0, 0.5), (0, 1, 0.5), (0, 0, image.shape[0]))) / image.shape[0]
    pixels = size * (unit @ from_pixels)
    pixels[:, 2] -= 0.5
    ways = (cv2.INTER_LINEAR, cv2.INTER_NEAREST)
    warped = (
        cv2.warpAffine(array, pixels, (size, size), flags=way, borderMode=cv2.BORDER_REPLICATE)
        for array, way in zip((image, labels), ways, strict=True)
    )
    return next(warped).astype(np.uint8), next(warped).astype(np.uint8)
