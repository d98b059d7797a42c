"""A differentiable composite: an approximation of the finished picture.

Compositing (:mod:`zoo.faces.compositing.blending`) keeps the high frequencies of a network's output
inside the mask; the surroundings and the low frequencies, light and complexion, are replaced by the
photo's. A term that is computed on the composite therefore measures what remains of the output.

    C(x̂, x) = x + M · (x̂ − L(x̂) + L(x) − x),   L the low-pass inside the mask M

It is simpler than the real compositing: in RGB, on the aligned crop, with the reference's outline
for every face.

Shapes: B batch, H = W side of the crop.
"""

from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.faces.geometry.reference import REFERENCE, interocular
from zoo.faces.masks.face_mask import face_mask

SLOW = 0.25
"""Standard deviation of L, in distances of the outer eye corners.

A little less than stitching's: what lies between must not be what the likeness rests on.
"""

_SLOW_SIDE = 32  # pixels: the slow part is found at this size
_DRAWN_SIDE = 512  # pixels: the mask is drawn at this size and averaged down


def composite(output_B3HW: Tensor, photo_B3HW: Tensor) -> Tensor:
    """C(x̂, x): the output in the photo's surroundings and light. RGB, about 0..1.

    Args:
        output_B3HW: x̂ in 0..1, of 32 pixels a side or a multiple.
        photo_B3HW: x in 0..1.
    """
    mask_11HW = _mask(output_B3HW.shape[-1], output_B3HW.device).to(output_B3HW.dtype)
    change = output_B3HW - photo_B3HW
    quick = change - _low_frequencies(change, mask_11HW)
    return photo_B3HW + mask_11HW * quick


def _low_frequencies(picture_B3HW: Tensor, mask_11HW: Tensor) -> Tensor:
    """Low-pass inside the mask only, as compositing applies it to lightness."""
    small = mask_11HW.shape[-1] // _SLOW_SIDE
    weight = F.avg_pool2d(mask_11HW, small)
    blurred = _blurred(F.avg_pool2d(picture_B3HW, small) * weight)
    slow = blurred / _blurred(weight).clamp_min(1e-3)
    return F.interpolate(slow, picture_B3HW.shape[-2:], mode="bilinear")


def _blurred(picture_BCHW: Tensor) -> Tensor:
    """A separable Gaussian, zero beyond the rim."""
    kernel = _gaussian(picture_BCHW.device).to(picture_BCHW.dtype)
    channels, size = picture_BCHW.shape[1], len(kernel)
    row = kernel.view(1, 1, 1, size).expand(channels, 1, 1, size)
    blurred = F.conv2d(picture_BCHW, row, padding=(0, size // 2), groups=channels)
    return F.conv2d(blurred, row.transpose(2, 3), padding=(size // 2, 0), groups=channels)


@cache
def _gaussian(device: torch.device) -> Tensor:
    eyes = interocular(REFERENCE)
    sigma = SLOW * eyes * _SLOW_SIDE
    reach = torch.arange(-round(3 * sigma), round(3 * sigma) + 1).float()
    kernel = torch.exp(-reach.square() / (2 * sigma**2))
    return (kernel / kernel.sum()).to(device)


@cache
def _mask(side: int, device: torch.device) -> Tensor:
    """The face's mask_11HW in a crop that is aligned to the reference."""
    drawn = face_mask(REFERENCE * _DRAWN_SIDE - 0.5, (_DRAWN_SIDE, _DRAWN_SIDE))
    mask = cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.ascontiguousarray(mask, np.float32))[None, None].to(device)
