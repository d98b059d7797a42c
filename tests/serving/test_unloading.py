"""Serve unloads a network while a request uses it, and calls a destructor twice: ours has none."""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
from ray.serve.multiplex import _ModelMultiplexWrapper

from tests.networks_on_disk import write_network
from zoo.swapping.network import SwapNetwork


def serves_own(models: "OrderedDict[str, Any]") -> _ModelMultiplexWrapper:
    """What Serve keeps a replica's models in, without a replica."""
    wrapper = object.__new__(_ModelMultiplexWrapper)
    wrapper.models = models
    for name in ("models_unload_counter", "model_unload_latency_ms", "registered_model_gauge"):
        setattr(wrapper, name, MagicMock())
    return wrapper


def test_a_network_that_serve_unloads_answers_those_who_use_it(tmp_path: Path) -> None:
    network = SwapNetwork(write_network(tmp_path / "network.onnx", 0.5, size=64), threads=1)
    crops = np.full((2, 64, 64, 3), 200, np.uint8)
    wrapper = serves_own(OrderedDict(ada=network))
    asyncio.run(wrapper.unload_model_lru())
    assert not wrapper.models
    assert network(crops).mean() == 100


def test_serve_calls_a_destructor_twice(tmp_path: Path) -> None:
    called: list[int] = []

    class Closing:
        def __del__(self) -> None:
            called.append(1)

    wrapper = serves_own(OrderedDict(ada=Closing()))
    asyncio.run(wrapper.unload_model_lru())
    assert len(called) == 2  # so that a network with one would be closed under its users
    assert not hasattr(SwapNetwork, "__del__")
