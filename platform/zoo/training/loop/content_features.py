"""Features of the content photos, computed once and kept from one training to the next.

A recipe's seed draws the same photos in the same order for every identity, and Φ of a photo does
not change. A sixth to a fifth of a training's work on a CPU would go into computing it again. On a
GPU each batch is computed whole.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from zoo.networks.vgg19 import CONTENT_LAYER
from zoo.training.loop.batches import Batch

MOST_BYTES = 512 << 20
"""That are kept: 2,000 photos at 128 px in bfloat16."""


@dataclass
class ContentFeatures:
    """Φ(x) at the content layer by photo.

    Attributes:
        most_bytes: beyond which no more is kept.
    """

    most_bytes: int = MOST_BYTES
    _of: Hashable = None
    _kept: dict[tuple[int, int, bool], Tensor] = field(default_factory=dict)
    _bytes: int = 0

    def belong_to(self, *of: Hashable) -> None:
        """Forgets all that is of another pack or network."""
        if of != self._of:
            self._kept.clear()
            self._of, self._bytes = of, 0

    @torch.no_grad()
    def of(
        self,
        batch: Batch,
        photos_B3HW: Tensor,
        perceptual: Callable[[Tensor], Mapping[str, Tensor]],
    ) -> Tensor:
        """Φ of the photos, features_BCHW.

        Args:
            batch: says which photos they are.
            photos_B3HW: in 0..1, on the device.
            perceptual: Φ.
        """
        if not batch.drawn or photos_B3HW.is_cuda:  # whole batches are quicker there
            return perceptual(photos_B3HW)[CONTENT_LAYER]
        found = []
        for place, (index, mirrored) in enumerate(batch.drawn):
            key = (photos_B3HW.shape[-1], index, mirrored)
            features = self._kept.get(key)
            if features is None:
                # Alone, so that the result does not depend on what else must be computed.
                features = perceptual(photos_B3HW[place : place + 1])[CONTENT_LAYER]
                if self._bytes + features.nbytes <= self.most_bytes:
                    self._kept[key] = features
                    self._bytes += features.nbytes
            found.append(features)
        return torch.cat(found)
