"""Content: the output keeps the input's pose and expression (paper, equation 1)."""

from torch import Tensor

from zoo.objective.workers import mean_of_workers


def content_loss(output_BCHW: Tensor, photo_BCHW: Tensor) -> Tensor:
    """(1/|Φ(x)|) ‖Φ(x̂) − Φ(x)‖², in units of the mean square of Φ(x). Scalar, float32.

    The normalisation makes the term independent of the perceptual network's scale:
    0 is the input itself, 1 an output whose features vanish.

    Args:
        output_BCHW: Φ(x̂), relu4_2 of the output.
        photo_BCHW: Φ(x), relu4_2 of the input photo.
    """
    target = photo_BCHW.float()
    scale = mean_of_workers(target.square().mean())
    return (output_BCHW.float() - target).square().mean() / scale
