"""Content: the output keeps the input's pose and expression (paper, equation 1).

    L_content = (1/|Φ(x)|) Σ_i w_i ‖Φ_i(x̂) − Φ_i(x)‖²

The paper has w_i = 1 everywhere. Here each part of the face has its own
(:mod:`zoo.objective.parts`): more for the mouth, which shows expression, less for the surroundings,
which compositing takes from the photo.
"""

from torch import Tensor

from zoo.objective.distributed import mean_of_workers
from zoo.objective.parts import weight_of_each_location


def content_loss(output_BCHW: Tensor, photo_BCHW: Tensor) -> Tensor:
    """L_content in units of the mean square of Φ(x). Scalar, float32.

    The normalisation makes the term independent of the perceptual network's scale: 0 is the
    input itself, about 1 an output whose features vanish.

    Args:
        output_BCHW: Φ(x̂), relu4_2 of the output.
        photo_BCHW: Φ(x), relu4_2 of the input photo.
    """
    height, width = photo_BCHW.shape[2:]
    weight_P = weight_of_each_location("content", height, width, photo_BCHW.device)
    target = photo_BCHW.float()
    scale = mean_of_workers(target.square().mean())
    error = (output_BCHW.float() - target).square() * weight_P.view(height, width)
    return error.mean() / scale
