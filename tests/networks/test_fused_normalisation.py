from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.networks.fused_normalisation import compiled, normalised_relu
from zoo.networks.transformation import TransformationNetwork, fuse_normalisation


def learnt(output: Tensor, photos: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The output and a gradient of its input, in float64."""
    (gradient,) = torch.autograd.grad((output.double() * weights).sum(), photos)
    return output.double(), gradient.double()


def test_it_is_instance_normalisation_and_relu() -> None:
    torch.manual_seed(0)
    photos = 3 + torch.randn(2, 5, 6, 7, requires_grad=True)
    scale, shift, weights = torch.rand(5), torch.randn(5), torch.randn(2, 5, 6, 7)
    plain = F.relu(F.instance_norm(photos, weight=scale, bias=shift, eps=1e-5))
    found = normalised_relu(photos, scale, shift, 1e-5)
    for one, other in zip(*(learnt(out, photos, weights) for out in (found, plain)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_where_nothing_can_be_compiled_kernels_are_pytorchs_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to find C compiler.\nPlease specify one.")

    monkeypatch.setattr(torch, "compile", fails)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    compiled.cache_clear()
    network = TransformationNetwork(64, 4)
    fuse_normalisation(network)
    compiled.cache_clear()
    assert all(block.kernel is None for block in network.branches)
    assert "torch.compile does not work here (RuntimeError: Failed to find C compiler.)" in (
        caplog.text
    )
    assert len(caplog.records) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_compiled_normalisation_is_pytorchs(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    gpu = torch.device("cuda")
    kernel = compiled(gpu)
    assert kernel
    photos = torch.randn(2, 32, 16, 16, device=gpu, dtype=dtype)
    photos = photos.to(memory_format=torch.channels_last).requires_grad_()
    scale, shift = torch.rand(32, device=gpu), torch.randn(32, device=gpu)
    weights = torch.rand(2, 32, 16, 16, device=gpu)
    exact = F.relu(F.instance_norm(photos.float(), weight=scale, bias=shift, eps=1e-5))
    found = kernel(photos, scale, shift, 1e-5)
    for one, other in zip(*(learnt(out, photos, weights) for out in (found, exact)), strict=True):
        error = (one - other).norm() / other.norm()
        assert error < (0.02 if dtype is torch.bfloat16 else 1e-4)
