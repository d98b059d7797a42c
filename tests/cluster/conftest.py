"""A cluster of two nodes, and work for it: one for all tests, because its start takes longest."""

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster

from tests.ray_nodes import ray_nodes


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and a node of two CPUs."""
    with ray_nodes(2) as cluster:
        yield cluster
