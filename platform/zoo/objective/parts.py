"""Parts of the aligned face that are compared apart: mouth, eyes, forehead, face, surroundings.

A style photo may show the right mouth and the wrong eyes. So mouth and eyes each have their own
N_best: for a patch on the mouth, the photos whose mouths are alike. The surroundings of the face
are not the person: they do not count in the style term, and little in the content term, because
compositing uses the photo's.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.masks.face_mask import face_outline
from zoo.photos.image import Points


@dataclass(frozen=True, eq=False)
class Part:
    """A part: where its patches lie, whose landmarks choose their photos, how much they count.

    Attributes:
        outline: a convex polygon [K, 2] in unit crop coordinates.
        landmarks: indices (iBUG order).
        style: weight of its patches in the style term.
        content: and in the content term.
    """

    outline: Points
    landmarks: tuple[int, ...]
    style: float
    content: float = 1.0


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _above(outline: Points, row: float) -> Points:
    """A convex outline, all that lies below ``row`` drawn up to it."""
    cut = np.minimum(outline, np.array((1, row), np.float32))
    return np.asarray(cv2.convexHull(cut)[:, 0], np.float32)


_ALL = tuple(range(68))

SURROUNDINGS = Part(_box(0, 0, 1, 1), _ALL, style=0.0, content=1.0)
"""Hair and background: stitching keeps the photo's."""

FACE = Part(face_outline(REFERENCE), _ALL, style=1.0)
FOREHEAD = Part(
    _above(face_outline(REFERENCE), 0.24),
    _ALL,
    style=1.0,
    content=1.75,
)
"""What lies above the brows. A person whose hair falls on the forehead on most photos is known by
it, so the identity term paints a hairline on bare foreheads; the content term knows that they are
bare (docs/training.md)."""

EYES = Part(_box(0.12, 0.24, 0.88, 0.47), (*range(17, 27), *range(36, 48)), style=1.0)
MOUTH = Part(_box(0.25, 0.60, 0.75, 0.86), tuple(range(48, 68)), style=0.25, content=2.5)
"""The mouth says little about who it is and much about what it does: with the full weight of
style, closed mouths open for a person who smiles on every photo (docs/training.md)."""

PARTS = (SURROUNDINGS, FACE, FOREHEAD, EYES, MOUTH)
"""A location belongs to the last part whose outline holds its centre."""


@cache
def part_of_each_location(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Index into :data:`PARTS` of each location, [height · width], row by row."""
    index_P = torch.zeros(height * width, dtype=torch.long)
    for index, part in enumerate(PARTS):
        outline = np.ascontiguousarray(part.outline[:, None])
        for location in range(height * width):
            row, column = divmod(location, width)
            centre = ((column + 0.5) / width, (row + 0.5) / height)
            if cv2.pointPolygonTest(outline, centre, False) >= 0:
                index_P[location] = index
    return index_P.to(device)


@cache
def weight_of_each_location(
    term: Literal["style", "content"], height: int, width: int, device: torch.device
) -> Tensor:
    """The weight of its part in that term, float32 [height · width]."""
    weights = torch.tensor([getattr(part, term) for part in PARTS], dtype=torch.float32)
    return weights[part_of_each_location(height, width)].to(device)


@cache
def locations_that_count(
    term: Literal["style", "content"], height: int, width: int, device: torch.device
) -> Tensor:
    """Indices of those with a weight in that term, in order, int64 [Q]."""
    return weight_of_each_location(term, height, width, device).nonzero()[:, 0]


@cache
def landmarks_of(part: Part, device: torch.device) -> Tensor:
    """The part's landmarks as an index tensor."""
    return torch.tensor(part.landmarks, device=device)
