"""A cluster of two nodes, and work for it."""

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster

from tests.ray_nodes import ray_nodes


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and a node of two CPUs."""
    with ray_nodes(2) as cluster:
        yield cluster
