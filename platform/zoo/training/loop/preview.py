"""A picture of how a training is doing: photos above, swaps below."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

COLUMNS = 8
SIDE = 128


@torch.no_grad()
def preview_jpeg(network: nn.Module, photos_B3HW: Tensor) -> bytes:
    """:func:`preview` of what ``network`` (on any device) makes of the photos, as JPEG."""
    device = next(network.parameters()).device
    picture = preview(photos_B3HW, network(photos_B3HW.to(device)).cpu())
    encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    return encoded.tobytes()


def preview(photos_B3HW: Tensor, swapped_B3HW: Tensor) -> NDArray[np.uint8]:
    """Two rows of up to eight faces, uint8 RGB [2·128, 8·128, 3]."""
    rows = [
        np.concatenate([_picture(face) for face in batch[:COLUMNS]], axis=1)
        for batch in (photos_B3HW, swapped_B3HW)
    ]
    return np.concatenate(rows)


def _picture(face_3HW: Tensor) -> NDArray[np.uint8]:
    pixels = (face_3HW.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    interpolation = cv2.INTER_CUBIC if face_3HW.shape[-1] < SIDE else cv2.INTER_AREA
    picture = cv2.resize(
        pixels.permute(1, 2, 0).cpu().numpy(), (SIDE, SIDE), interpolation=interpolation
    )
    return np.asarray(picture, np.uint8)
