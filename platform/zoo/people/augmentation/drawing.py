"""Draws into a picture and its labels at once: surfaces, outlines, compositing.

Lengths and positions are in unit coordinates of the picture, (0, 0) to (1, 1).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from zoo.people.render import SKIN

Map = npt.NDArray[np.float32]
Random = np.random.Generator

FRACTION_BITS = 4
"""Of drawing coordinates."""


@dataclass
class DrawingContext:
    """A picture in the making; the functions below draw into it.

    Attributes:
        image: float32 [S, S, 3], sRGB 0..255.
        labels: uint8 [S, S].
        landmarks: float32 [68, 2], unit coordinates.
    """

    image: Map
    labels: npt.NDArray[np.uint8]
    landmarks: Map

    @property
    def size(self) -> int:
        return int(self.image.shape[0])


def noise(random: Random, size: int, cells: tuple[int, int]) -> Map:
    """Smooth noise [size, size] of about unit variance, ``cells`` (across, down) waves."""
    grid = random.standard_normal((cells[1] + 1, cells[0] + 1)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC))


def fabric(random: Random, size: int) -> Map:
    """A patterned surface [size, size, 3], 0..255: plain, striped, checked or knitted."""
    colour = any_colour(random)
    surface = np.broadcast_to(colour, (size, size, 3)).astype(np.float32)
    kind = random.random()
    if kind < 0.3:
        y, x = np.mgrid[0:size, 0:size].astype(np.float32)
        angle = random.uniform(0, np.pi)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * random.uniform(0.15, 1.6))
        if kind < 0.1:
            wave = np.maximum(wave, np.sin((y * np.cos(angle) - x * np.sin(angle)) * 0.5))
        surface = surface + (wave > random.uniform(-0.5, 0.8))[..., None] * (
            any_colour(random) - colour
        )
    folds = 0.16 * noise(random, size, (int(random.integers(2, 9)), int(random.integers(2, 9))))
    weave = random.uniform(0, 0.1) * random.standard_normal((size, size)).astype(np.float32)
    return np.asarray(surface * np.maximum(1 + folds + weave, 0.2)[..., None], np.float32)


def lay(
    random: Random, sitting: DrawingContext, cover: Map, layer: Map, label: int, shadow: float = 0.5
) -> None:
    """Puts ``layer`` over the picture where ``cover`` is, with a contact shadow around it."""
    image, size = sitting.image, sitting.size
    dark = shadow * random.uniform(0, 1)
    if dark > 0.05:
        shift = random.normal(0, 0.015, 2) * size
        move = np.array(((1, 0, shift[0]), (0, 1, abs(shift[1]))))
        soft = cv2.GaussianBlur(cover, (0, 0), random.uniform(0.008, 0.03) * size)
        soft = cv2.warpAffine(soft, move, (size, size))
        image *= (1 - dark * soft)[..., None]
    image += cover[..., None] * (np.clip(layer, 0, 255) - image)
    sitting.labels[cover > 0.5] = label


def any_colour(random: Random) -> npt.NDArray[np.float64]:
    """Any, sRGB 0..255; dark and greyish ones more often, as things are."""
    value = 255 * random.uniform(0.04, 1.0) ** 1.3
    spread = random.choice((0.05, 0.15, 0.5))
    tint = np.exp(random.normal(0, spread, 3))
    return np.asarray(np.clip(value * tint / tint.max(), 0, 255))


def skin_tone(random: Random, sitting: DrawingContext) -> npt.NDArray[np.float64]:
    """The face's own colour, a little off; sometimes another person's hand."""
    middle = sitting.image[sitting.size // 4 : -sitting.size // 4]
    skin = middle[sitting.labels[sitting.size // 4 : -sitting.size // 4] == SKIN]
    tone = np.percentile(skin, random.uniform(40, 85), axis=0) if len(skin) else np.full(3, 128.0)
    if random.random() < 0.25:
        tone = np.array((230, 180, 150)) * random.uniform(0.25, 1.05)
    tone = tone * np.exp(random.normal(0, 0.1)) * np.exp(random.normal(0, 0.04, 3))
    return np.asarray(np.clip(tone, 5, 250))


def polygon(size: int, outline: npt.NDArray[Any]) -> Map:
    """Cover [size, size] in 0..1 of a closed outline [K, 2]."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [pixels(size, outline)], 255, cv2.LINE_AA, FRACTION_BITS)
    return np.asarray(mask / np.float32(255), np.float32)


def line(size: int, points: list[npt.NDArray[np.float64]], thick: float) -> Map:
    """A polyline with round ends, ``thick`` wide; thinner than a pixel it is faint."""
    mask = np.zeros((size, size), np.uint8)
    width = thick * size
    value = int(255 * min(1.0, width))
    cv2.polylines(
        mask,
        [pixels(size, np.stack(points))],
        False,
        value,
        max(1, round(width)),
        cv2.LINE_AA,
        FRACTION_BITS,
    )
    return np.asarray(mask / np.float32(255), np.float32)


def pixels(size: int, points: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Points as OpenCV draws them with :data:`FRACTION_BITS`."""
    return np.asarray(np.rint((points * size - 0.5) * (1 << FRACTION_BITS)), np.int32)
