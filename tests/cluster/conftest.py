"""A cluster of two nodes, and work for it: one for all tests, because its start takes longest."""

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster

_ATTEMPTS = 4


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and a node of two CPUs."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            cluster = _started()
            break
        except Exception as error:  # Ray gives a node half a minute, which a machine may not have
            if not attempts_left or "timed out" not in str(error):
                raise
    yield cluster
    cluster.shutdown()  # type: ignore[no-untyped-call]


def _started() -> Cluster:
    # Ray gives a node's agents less than a busy machine may need for their start.
    patient = {"agent_register_timeout_ms": 120_000}
    quick = {**patient, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}
    system = {"health_check_initial_delay_ms": 0, **quick}
    head = {"num_cpus": 0, "include_dashboard": False, "no_monitor": True, "_system_config": system}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        cluster.add_node(num_cpus=2)
    except Exception:
        cluster.shutdown()  # type: ignore[no-untyped-call]
        raise
    return cluster
