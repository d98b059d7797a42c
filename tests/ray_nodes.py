"""A Ray cluster of several nodes on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from ray.cluster_utils import Cluster


@contextmanager
def ray_nodes(*cpus: int) -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and nodes with so many."""
    quick = {"health_check_period_ms": 1000, "health_check_failure_threshold": 5}
    system = {"health_check_initial_delay_ms": 0, **quick}
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": system}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for count in cpus:
        cluster.add_node(num_cpus=count)
    yield cluster
    cluster.shutdown()  # type: ignore[no-untyped-call]
