"""A cluster of two nodes, and work for it."""

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and a node of two CPUs."""
    quick = {"health_check_period_ms": 1000, "health_check_failure_threshold": 5}
    system = {"health_check_initial_delay_ms": 0, **quick}
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": system}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=2)
    yield cluster
    cluster.shutdown()  # type: ignore[no-untyped-call]
