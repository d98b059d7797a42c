"""Gradient descent of a face towards another's light, by the light network.

A picture that a network in training shows follows this gradient. The desired result is the same
face under the other light; a possible result is the same face with a pattern that the light network
mistakes for the light. Two ways of stepping, both by small steps along the gradient until a tenth
of the distance is left, so that the change is about the least that does.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.networks.light import LightNetwork

_LEFT = 0.1  # part of the distance at which to stop
_STEPS = 300
_ORDER = 3  # of the field's polynomials


def descend_field(network: LightNetwork, face_11SS: Tensor, goal_11SS: Tensor) -> Tensor:
    """The face times a smooth positive field, which alone may change: luminance_11SS in 0..1."""
    field_KSS = _polynomials(face_11SS.shape[-1])

    def relit(weights_K: Tensor) -> Tensor:
        field_SS: Tensor = torch.tensordot(weights_K, field_KSS, 1).exp()
        return (face_11SS * field_SS).clamp(0, 1)

    return _descend(network, relit, torch.zeros(len(field_KSS)), goal_11SS, step=0.05)


def descend_pixels(network: LightNetwork, face_11SS: Tensor, goal_11SS: Tensor) -> Tensor:
    """The face with every pixel free to change: luminance_11SS in 0..1."""
    return _descend(network, lambda face: face.clamp(0, 1), face_11SS.clone(), goal_11SS, step=0.4)


def _descend(
    network: LightNetwork,
    picture: Callable[[Tensor], Tensor],
    free: Tensor,
    goal_11SS: Tensor,
    step: float,
) -> Tensor:
    """``picture(free)`` after ``free`` has gone down, by steps of at most this length."""
    wanted, first = network(goal_11SS).detach(), None
    for _ in range(_STEPS):
        free.requires_grad_(True)
        loss = F.mse_loss(network(picture(free)), wanted)
        first = loss.item() if first is None else first
        if loss.item() <= _LEFT * first:
            break
        (slope,) = torch.autograd.grad(loss, free)
        length = step * (loss.item() / first) ** 0.5
        free = (free - length * slope / (slope.norm() + 1e-12)).detach()
    return picture(free).detach()


def _polynomials(side: int) -> Tensor:
    """Orthonormal polynomials [K, S, S] of the place, without the constant, which is exposure."""
    line = torch.linspace(-1, 1, side)
    down, right = torch.meshgrid(line, line, indexing="ij")
    powers = [(i, j) for i in range(_ORDER + 1) for j in range(_ORDER + 1 - i)]
    raw = torch.stack([(right**i * down**j).flatten() for i, j in powers], 1)
    orthonormal, _ = torch.linalg.qr(raw)
    field_KSS: Tensor = (orthonormal[:, 1:] * side).T.reshape(-1, side, side)
    return field_KSS
