"""Parts of the aligned face that move on their own: the mouth, the eyes with the brows, the rest.

A style photo may show the right mouth and the wrong eyes. So each part has its own N_best: for
a patch on the mouth, the photos whose mouths are alike.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Part:
    """A part: its landmarks (iBUG order), and where its patches lie.

    Attributes:
        landmarks: indices.
        box: left, top, right, bottom in unit crop coordinates.
        weight: of its patches in the style term.
    """

    landmarks: tuple[int, ...]
    box: tuple[float, float, float, float]
    weight: float = 1.0


FACE = Part(tuple(range(68)), (0.0, 0.0, 1.0, 1.0))
EYES = Part((*range(17, 27), *range(36, 48)), (0.12, 0.24, 0.88, 0.47))
MOUTH = Part(tuple(range(48, 68)), (0.25, 0.60, 0.75, 0.86), weight=0.5)
"""The mouth says little about who it is and much about what it does: with the full weight,
closed mouths open for a person who smiles on every photo (docs/training.md)."""

PARTS = (FACE, EYES, MOUTH)
"""A location belongs to the last part whose box holds it."""


def part_of_each_location(height: int, width: int) -> Tensor:
    """Index into :data:`PARTS` of each location, [height · width], row by row."""
    y = (torch.arange(height) + 0.5).div(height)[:, None]
    x = (torch.arange(width) + 0.5).div(width)[None, :]
    index_HW = torch.zeros(height, width, dtype=torch.long)
    for index, part in enumerate(PARTS):
        left, top, right, bottom = part.box
        index_HW[(x > left) & (x < right) & (y > top) & (y < bottom)] = index
    return index_HW.flatten()
