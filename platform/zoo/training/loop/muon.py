"""Muon: orthogonalised steps for convolution kernels; Adam for all other parameters.

Adam treats each weight by itself. Muon takes a kernel as the matrix that it is, output channels
by inputs, and replaces the matrix of its averaged gradient, G = UΣVᵀ, by about UVᵀ: every
direction of the kernel then learns as fast as the few that dominate the gradient (Jordan et al.
2024, https://kellerjordan.github.io/posts/muon/). Half of Adam's iterations reach the same
objective here, or nearly (docs/training.md).

PyTorch's own :class:`torch.optim.Muon` takes matrices only, and no rate that lies in a tensor, as
a CUDA graph needs it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

_MOMENTUM = 0.95
_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315
"""Of the Newton-Schulz polynomial, chosen there for a steep slope at 0: after five rounds all
singular values lie between about 0.7 and 1.2."""

_PER_ADAM = 15.0
"""A kernel's rate in units of Adam's, whose steps have entries of about 1 where UVᵀ has some of
1/√inputs. Half of it or twice as much ends nearly as well (docs/training.md)."""


class Muon(Optimizer):
    """Muon for kernels of 3×3 and more, Adam for all else: biases, normalisations, 1×1 kernels.

    Args:
        parameters: of one network.
        lr: Adam's rate, a number or a tensor; kernels take ``_PER_ADAM`` times as much.
        fused, capturable: see :class:`torch.optim.Adam`.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float | Tensor,
        *,
        fused: bool | None = None,
        capturable: bool = False,
    ) -> None:
        kernels: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for one in parameters:
            (kernels if one.ndim == 4 and one[0, 0].numel() > 1 else others).append(one)
        self._adam = Adam(others, lr=lr, fused=fused, capturable=capturable)
        super().__init__([{"params": kernels}], {"lr": lr, "capturable": capturable})
        self._kernels = self.param_groups[0]
        self.param_groups.append(self._adam.param_groups[0])
        self._adam.state = self.state  # one place for all moments

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One iteration from the gradients; a parameter without one stays."""
        assert closure is None
        self._adam.step()
        rate = _PER_ADAM * self._kernels["lr"]
        for kernel in self._kernels["params"]:
            if kernel.grad is None:
                continue
            state = self.state[kernel]
            if not state:
                state["momentum"] = torch.zeros_like(kernel)
            average = state["momentum"].lerp_(kernel.grad, 1 - _MOMENTUM)
            ahead = kernel.grad.lerp(average, _MOMENTUM)  # Nesterov
            kernel.sub_(rate * orthogonalised(ahead.flatten(1)).view(kernel.shape))


def orthogonalised(matrix_OI: Tensor) -> Tensor:
    """About UVᵀ of the matrix UΣVᵀ, by Newton-Schulz iterations; zero stays zero."""
    tall = matrix_OI.shape[0] > matrix_OI.shape[1]
    found: Tensor = matrix_OI.T if tall else matrix_OI  # the smaller side's products cost less
    found = found / found.norm().clamp_min(1e-7)
    for _ in range(_STEPS):
        gram = found @ found.T
        found = torch.addmm(found, torch.addmm(gram, gram, gram, beta=_B, alpha=_C), found, beta=_A)
    return found.T if tall else found
