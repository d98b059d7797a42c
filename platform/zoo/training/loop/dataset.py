"""The content data of a phase; a GPU holds all of it.

A pack of 10,000 faces takes 0.5 GB at 128 px. On the GPU a batch is four small kernels; from the
host it would be read, resized, turned into floats and copied while the GPU waits.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

from zoo.faces.curation.face_pack import FacePack
from zoo.faces.geometry.reference import mirror_landmarks
from zoo.photos.image import Image
from zoo.training.loop.batches import Batch, check_size, content_batch, draw, own_share

_SHARE = 0.25
"""Of the GPU's free memory that the content may take."""


class Dataset(Protocol):
    """The photos of one phase."""

    def batch(self, step: int) -> Batch:
        """Those of iteration ``step``: this worker's share of them."""


@dataclass(frozen=True)
class HostDataset:
    """Each batch is made when it is asked for.

    Attributes:
        pack: the content.
        resolution: of the phase, pixels.
        size: photos per batch.
        seed: of the recipe.
    """

    pack: FacePack
    resolution: int
    size: int
    seed: int

    def batch(self, step: int) -> Batch:
        share = own_share()
        return content_batch(self.pack, self.resolution, self.size, self.seed, step, share)


class DeviceDataset:
    """The same batches, bit for bit, drawn on ``device``, where all photos lie.

    Args:
        host: what to draw.
        steps: the iterations of the phase.
        device: any.
    """

    def __init__(self, host: HostDataset, steps: range, device: torch.device) -> None:
        pack = host.pack
        check_size(pack.size, host.resolution)
        mirrored = np.stack([mirror_landmarks(points) for points in pack.landmarks])
        draws = [draw(len(pack), host.size, host.seed, step) for step in steps]
        self._steps = steps
        self._faces_N3HW = _resized(pack, host.resolution).to(device)
        self._landmarks_2N682 = torch.from_numpy(np.stack([pack.landmarks, mirrored])).to(device)
        self._chosen_SB = torch.from_numpy(np.stack([chosen for chosen, _ in draws])).to(device)
        self._mirrored_SB = torch.from_numpy(np.stack([mirror for _, mirror in draws])).to(device)

    def batch(self, step: int) -> Batch:
        number, share = step - self._steps.start, own_share()
        chosen_B, mirrored_B = self._chosen_SB[number, share], self._mirrored_SB[number, share]
        faces = self._faces_N3HW.index_select(0, chosen_B)
        faces = torch.where(mirrored_B[:, None, None, None], faces.flip(-1), faces)
        landmarks = self._landmarks_2N682[mirrored_B.long(), chosen_B]
        return Batch(faces.float().div_(255), landmarks)


def dataset_on(device: torch.device, host: HostDataset, steps: range) -> Dataset:
    """The content on ``device`` if that is a GPU with room for it, else on the host."""
    if device.type != "cuda":
        return host
    needed = len(host.pack) * 3 * host.resolution**2
    free = torch.cuda.mem_get_info(device)[0]
    return DeviceDataset(host, steps, device) if needed < _SHARE * free else host


def _resized(pack: FacePack, resolution: int) -> Tensor:
    """uint8 faces_N3HW at ``resolution``."""
    side = (resolution, resolution)

    def resized(index: int) -> Image:
        small = cv2.resize(pack.faces[index], side, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    with ThreadPoolExecutor() as threads:
        faces = list(threads.map(resized, range(len(pack))))
    return torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).contiguous()
