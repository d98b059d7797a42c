"""The compact perceptual network: VGG-19's features in a few megabytes, shipped in the package.

All convolutions whose features nobody asks for keep some of their channels (channel pruning, after
He et al. 2017, https://arxiv.org/abs/1707.06168); the last two become pairs of a thin 3×3 and a 1×1
convolution (low-rank factors, after Zhang et al. 2016, https://arxiv.org/abs/1505.06798). Both are
fitted to VGG-19's own responses on faces and then trained on to agree with them
(``pipelines/shipped/distill.py``). Same input, layers and shapes as
:class:`zoo.networks.vgg19.VGG19`.
"""

from collections import OrderedDict
from importlib.resources import as_file, files
from itertools import pairwise

from torch import nn

from zoo.networks.shipped import COMPACT
from zoo.networks.vgg19 import CONVOLUTIONS, VGG19

WIDTHS = {
    "conv1_1": 16,
    "conv1_2": 32,
    "conv2_1": 48,
    "conv2_2": 64,
    "conv3_2": 64,
    "conv3_3": 64,
    "conv3_4": 96,
}
"""Channels that each pruned layer keeps."""

RANKS = {"conv4_1": 128, "conv4_2": 128}
"""Channels between the thin 3×3 and the 1×1 convolution of each factorised layer."""

_BEFORE = {name: before for before, name in pairwise(CONVOLUTIONS)}


class Compact(VGG19):
    """photo_B3HW in 0..1 → {"relu3_1": B256(H/4)(W/4), "relu4_1", "relu4_2": B512(H/8)(W/8)}."""

    @staticmethod
    def convolution(name: str, inputs: int, outputs: int) -> nn.Module:
        """The layer called ``name``: pruned, factorised, or as it is."""
        inputs = WIDTHS.get(_BEFORE.get(name, ""), inputs)
        outputs = WIDTHS.get(name, outputs)
        if name not in RANKS:
            return VGG19.convolution(name, inputs, outputs)
        rank = RANKS[name]
        return nn.Sequential(
            OrderedDict(
                thin=nn.Conv2d(inputs, rank, kernel_size=3, padding=1, bias=False),
                wide=nn.Conv2d(rank, outputs, kernel_size=1),
            )
        )


def read_compact() -> Compact:
    """The network with the weights that the package ships (half precision on disk)."""
    from safetensors.torch import load_file

    network = Compact()
    with as_file(files("zoo.networks") / COMPACT) as path:
        weights = load_file(path)
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.eval().requires_grad_(False)
