"""A Ray cluster of several nodes on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from ray.cluster_utils import Cluster

_ATTEMPTS = 4


@contextmanager
def ray_nodes(*cpus: int) -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and nodes with so many."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            cluster = _started(*cpus)
            break
        except Exception as error:  # Ray gives a node half a minute, which a machine may not have
            if not attempts_left or "timed out" not in str(error):
                raise
    yield cluster
    cluster.shutdown()  # type: ignore[no-untyped-call]


def _started(*cpus: int) -> Cluster:
    # Ray gives a node's agents less than a busy machine may need for their start.
    patient = {"agent_register_timeout_ms": 120_000}
    quick = {**patient, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}
    system = {"health_check_initial_delay_ms": 0, **quick}
    head = {"num_cpus": 0, "include_dashboard": False, "no_monitor": True, "_system_config": system}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for count in cpus:
            cluster.add_node(num_cpus=count)
    except Exception:
        cluster.shutdown()  # type: ignore[no-untyped-call]
        raise
    return cluster
