"""A Ray cluster of several nodes on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from ray.cluster_utils import Cluster

from tests.servers import free_port

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
    quick = {"health_check_period_ms": 1000, "health_check_failure_threshold": 5}
    system = {"health_check_initial_delay_ms": 0, **quick}
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": system}
    cluster = Cluster(initialize_head=True, head_node_args={**head, **_agents()})
    try:
        for count in cpus:
            cluster.add_node(num_cpus=count, **_agents())
    except Exception:
        cluster.shutdown()  # type: ignore[no-untyped-call]
        raise
    return cluster


def _agents() -> dict[str, int]:
    """Ports of a node's agents: told them, it need not wait for the agents, up to 15 s."""
    names = ("metrics_agent", "dashboard_agent_listen", "runtime_env_agent", "metrics_export")
    return {f"{name}_port": free_port() for name in names}
