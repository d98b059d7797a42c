"""The network that trainings may start from: a face of nobody in particular, from renders.

``pipelines/shipped/start.py`` makes it.
"""

from importlib.resources import as_file, files

from torch import Tensor

from zoo.networks.shipped import START


def read_start() -> dict[str, Tensor]:
    """Its weights (half precision on disk): of a slim network of 128 px with 16 filters."""
    from safetensors.torch import load_file

    with as_file(files("zoo.networks") / START) as path:
        return {name: value.float() for name, value in load_file(path).items()}
