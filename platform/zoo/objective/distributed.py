"""Data parallelism: several workers, each with a part of one batch, give the same result as one.

Gradients are averaged, so every term must be a mean over photos, with equal parts on all workers.
Denominators are averaged first. With a single worker these functions do nothing.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, distributed
from torch.nn import Parameter


def workers() -> int:
    """How many share this training."""
    return distributed.get_world_size() if _are_several() else 1


def rank() -> int:
    """Which of them this process is, from 0."""
    return distributed.get_rank() if _are_several() else 0


def mean_of_workers(value: Tensor) -> Tensor:
    """The mean of a tensor without gradient over all workers."""
    if not _are_several():
        return value
    total = value.detach().float().clone()
    distributed.all_reduce(total)
    return total / workers()


def means_of_workers(values: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """:func:`mean_of_workers` of scalars, in one exchange."""
    if not _are_several():
        return values
    means = mean_of_workers(torch.stack([value.float() for value in values.values()]))
    return dict(zip(values, means, strict=True))


def average_gradients(parameters: Iterable[Parameter]) -> None:
    """Replaces each gradient with its mean over all workers, in one exchange."""
    if not _are_several():
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    together = mean_of_workers(torch.cat([gradient.flatten() for gradient in gradients]))
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, mean in zip(gradients, torch.split(together, sizes), strict=True):
        gradient.copy_(mean.view_as(gradient))


def _are_several() -> bool:
    return distributed.is_available() and distributed.is_initialized()
