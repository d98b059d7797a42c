"""What a cluster has room for, and what it could ever have: Ray itself waits for ever, silently.

A request is compared with the nodes that live and, where an autoscaler is at work, with the nodes
that it could start.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import ClusterError

Resources = Mapping[str, float]

GRACE_SECONDS = 5.0
"""For which nodes that are about to join are waited for, before a request is refused."""

_LOOK_SECONDS = 0.5
_ASKED = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}
_MOST_SHAPES = 4
_WATCHED_NODE = re.compile("node_[0-9a-f]{56}")


@dataclass(frozen=True)
class Growth:
    """What an autoscaler could start: kinds of nodes with the most there may be of each.

    Attributes:
        kinds: resources and number; none where it is known only that there is an autoscaler.
    """

    kinds: tuple[tuple[Resources, int], ...]

    def fits(self, each: Resources) -> bool:
        """Whether a node that it could start holds one worker; True when that is not known."""
        return not self.kinds or any(room([node], each) for node, _ in self.kinds)

    def room(self, each: Resources) -> int:
        """How many workers all that it could start would hold."""
        return sum(count * room([node], each) for node, count in self.kinds)


def alive(nodes: Sequence[Mapping[str, Any]]) -> list[Resources]:
    """Resources of the nodes that live, of what ``ray.nodes()`` gives."""
    return [node["Resources"] for node in nodes if node["Alive"]]


def room(nodes: Sequence[Resources], each: Resources) -> int:
    """How many workers that need ``each`` (``num_cpus``, ``num_gpus``, ``memory``) fit.

    Counted node by node: four CPUs on two nodes do not hold a worker that needs three.
    """
    keys = [(key, each[asked]) for asked, key in _ASKED.items() if each.get(asked)]
    if not keys:
        return len(nodes)
    return sum(min(int(node.get(key, 0) / need + 1e-9) for key, need in keys) for node in nodes)


def growth(ray: Any) -> Growth | None:
    """What the cluster's autoscaler could start; None when there is none."""
    from ray._private.state import state

    config = state.get_cluster_config()
    if config is not None and config.node_group_configs:
        kinds = [
            (dict(group.resources), 1 << 20 if group.max_count < 0 else group.max_count)
            for group in config.node_group_configs
            if group.max_count
        ]
        if kinds:
            return Growth(tuple(kinds))
    # The older autoscaler says what it has started, and not what it could.
    from ray.experimental.internal_kv import _internal_kv_get

    return Growth(()) if starts_nodes(_internal_kv_get(b"__autoscaling_status")) else None


def starts_nodes(status: bytes | None) -> bool:
    """Whether what an autoscaler reports is that of one that starts nodes.

    Every head runs one, which without a configuration only watches, and calls each node a kind of
    its own, by the node's id.
    """
    try:
        report = json.loads(status or b"{}")["autoscaler_report"]
        kinds = [*(report["active_nodes"] or {}), *(report.get("idle_nodes") or {})]
    except (ValueError, TypeError, KeyError):
        return False
    return any(not _WATCHED_NODE.fullmatch(kind) for kind in kinds)


def check_room(
    ray: Any, each: Resources, *, workers: int = 1, who: str, change: str, wait: float | None = None
) -> None:
    """Refuses what the cluster can never hold.

    Args:
        ray: the module, connected.
        each: what one worker asks for.
        workers: that must fit at once.
        who: asks, in words: ``"A training"``.
        change: what its owner can change, in words.
        wait: seconds for nodes that are about to join.

    Raises:
        ClusterError: no node holds it, and none that could be started would.
    """
    until = time.monotonic() + (GRACE_SECONDS if wait is None else wait)
    while True:
        nodes = alive(ray.nodes())
        if room(nodes, each) >= workers:
            return
        grows = growth(ray)
        if grows and grows.fits(each) and (not grows.kinds or grows.room(each) >= workers):
            return
        if time.monotonic() >= until:
            break
        time.sleep(_LOOK_SECONDS)
    several = f", {workers} times at once" if workers > 1 else ""
    could = ""
    if grows and grows.kinds:
        could = f", and its autoscaler could start {_shapes([node for node, _ in grows.kinds])}"
    raise ClusterError(
        f"{who} asks for {described(each)} on one machine{several}, which the Ray cluster never "
        f"has: its nodes have {_shapes(nodes)}{could}. {change}, or add such a machine."
    )


def described(each: Resources) -> str:
    """What one worker asks of a machine, in words."""
    words = [f"{each.get('num_cpus', 0):g} {_plural(each.get('num_cpus', 0), 'CPU')}"]
    if each.get("num_gpus"):
        words.append(f"{each['num_gpus']:g} {_plural(each['num_gpus'], 'GPU')}")
    if each.get("memory"):
        words.append(f"{each['memory'] / 2**30:.1f} GiB of memory")
    return _and(words)


def _shapes(nodes: Sequence[Resources]) -> str:
    """``2 × 4 CPUs and 1 GPU; 0 CPUs``: the largest kinds of nodes."""
    kinds = Counter(
        (node.get("GPU", 0), node.get("CPU", 0), int(node.get("memory", 0) / 2**30))
        for node in nodes
    )
    if not kinds:
        return "nothing"
    words = []
    for (gpus, cpus, memory), count in sorted(kinds.items(), reverse=True)[:_MOST_SHAPES]:
        each = described({"num_cpus": cpus, "num_gpus": gpus})
        words.append(f"{f'{count} × ' if count > 1 else ''}{each} with {memory} GiB")
    return "; ".join(words)


def _plural(count: float, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
