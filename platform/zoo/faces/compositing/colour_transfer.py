"""Colour transfer: a swapped face takes on the photo's light and colours.

A network shows its person in the light of that person's photos. Low frequencies of a face are light
and complexion, high frequencies are the person (Shashua & Riklin-Raviv's quotient image, 2001, uses
the same observation). So the low frequencies are replaced by the photo's, in a perceptual colour
space, and the high frequencies stay: no seam shows, and the identity does not change.
"""

import cv2
import numpy as np

from zoo.faces.compositing.lab import from_lab, to_lab
from zoo.photos.image import AnyArray, Image, Plane

LIGHT = 0.3
"""Standard deviation of the low-pass for lightness, in distances of the outer eye corners."""

COLOUR = 0.3
"""The same for colour: it says less about shape, and a blush or a lip must not be smeared."""

_CONTRAST = (0.7, 1.2)  # limits of the change of lightness' quick part
_SATURATION = (0.0, 1.2)  # and of colour's: in a grey photo none is left
_SMALL = 48  # pixels: the slow part of a face is found at this size


def transfer_colour(swapped: Image, photo: Image, mask: Plane, eyes: float) -> Plane:
    """``swapped`` [H, W, 3] as float32 0..255, lit and coloured like ``photo`` inside ``mask``.

    Args:
        swapped: the swapped face where it goes in the photo.
        photo: of the same shape.
        mask: [H, W] 0..1, what of both shows the face's skin.
        eyes: distance of the outer eye corners, pixels.
    """
    a, b = to_lab(swapped), to_lab(photo)
    mask_HW3 = each_channel(mask)
    slow_a, slow_b = (_low_frequencies(lab, mask_HW3, eyes) for lab in (a, b))
    quick = a - slow_a
    spread_a, spread_b = _deviation(quick, mask_HW3), _deviation(b - slow_b, mask_HW3)
    limits = np.array((_CONTRAST, _SATURATION, _SATURATION)).T
    gain = np.clip((spread_b + 0.5) / (spread_a + 0.5), *limits)
    of_channels = np.array((*gain, 0.0), np.float64)  # what OpenCV takes for a scalar
    return from_lab(np.asarray(slow_b + cv2.multiply(quick, of_channels), np.float32))


def each_channel(plane: Plane) -> Plane:
    """``plane`` [H, W] as three channels [H, W, 3]: NumPy is slow at repeating the last axis."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)


def _low_frequencies(lab: Plane, mask_HW3: Plane, eyes: float) -> Plane:
    """Each channel [H, W, 3] blurred inside the mask alone."""
    height, width = lab.shape[:2]
    scale = min(1.0, _SMALL / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small: AnyArray = lab * mask_HW3
    weight: AnyArray = mask_HW3[..., 0]
    if scale < 1:
        small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
        weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    planes = [
        _blurred(small[..., channel], sigma * eyes * scale)
        / np.maximum(_blurred(weight, sigma * eyes * scale), 1e-3)
        for channel, sigma in enumerate((LIGHT, COLOUR, COLOUR))
    ]
    slow = np.stack(planes, axis=-1).astype(np.float32)
    return slow if scale == 1 else np.asarray(cv2.resize(slow, (width, height)), np.float32)


def _blurred(plane: AnyArray, sigma: float) -> Plane:
    sigma = max(sigma, 0.3)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))


def _deviation(quick: Plane, mask_HW3: Plane) -> Plane:
    """The root mean square [3] of each channel of ``quick`` [H, W, 3], weighted by the mask."""
    squares = np.array(cv2.sumElems(quick * quick * mask_HW3)[:3])
    total = max(cv2.sumElems(mask_HW3)[0], 1e-6)
    return np.asarray(np.sqrt(squares / total), np.float32)
