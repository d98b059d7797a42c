"""What a cluster has room for, and what it could ever have: Ray itself waits for ever, silently.

A request is compared with the nodes that live and, where an autoscaler is at work, with the nodes
that it could start.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.cluster.autoscaling import (
    ANSWER_SECONDS,
    Growth,
    Resources,
    could_start,
    growth,
    is_coming,
)
from zoo.errors import ClusterError

GROWN_AT_ONCE = 100
"""Pieces of work that wait for machines which an autoscaler has yet to start."""

GRACE_SECONDS = 5.0
"""For which nodes that are about to join are waited for, before a request is refused."""

_LOOK_SECONDS = 0.5
_ASKED = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}
_MOST_SHAPES = 4


def alive(nodes: Sequence[Mapping[str, Any]]) -> list[Resources]:
    """Resources of the nodes that live, of what ``ray.nodes()`` gives."""
    return [node["Resources"] for node in nodes if node["Alive"]]


def room(nodes: Sequence[Resources], each: Resources) -> int:
    """How many workers that need ``each`` (``num_cpus``, ``num_gpus``, ``memory``) fit.

    Counted node by node: four CPUs on two nodes do not hold a worker that needs three.
    """
    needs = _by_rays_names(each)
    if not needs:
        return len(nodes)
    return sum(
        min(int(node.get(key, 0) / need + 1e-9) for key, need in needs.items()) for node in nodes
    )


def grown(ray: Any, each: Resources) -> int:
    """How many workers will fit: now, or once an autoscaler has started nodes for those that wait.

    At most :data:`GROWN_AT_ONCE` more than now.
    """
    now, grows = room(alive(ray.nodes()), each), growth(ray)
    if grows is None:
        return now
    most = _room_of(grows, each) if grows.kinds else now + GROWN_AT_ONCE
    return max(now, min(now + GROWN_AT_ONCE, most))


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
    begin = time.monotonic()
    wait = GRACE_SECONDS if wait is None else wait
    while True:
        nodes = alive(ray.nodes())
        if room(nodes, each) >= workers:
            return
        grows = growth(ray)
        if grows and grows.kinds and _room_of(grows, each) >= workers:
            return
        if grows and not grows.kinds:
            if not grows.answers or could_start(ray, _by_rays_names(each), workers):
                return
            break
        waited = time.monotonic() - begin
        if waited >= wait and not (waited < ANSWER_SECONDS and is_coming(ray)):
            break
        time.sleep(_LOOK_SECONDS)
    several = f", {workers} times at once" if workers > 1 else ""
    could = ""
    if grows and grows.kinds:
        could = f", and its autoscaler could start {_shapes([node for node, _ in grows.kinds])}"
    elif grows:
        could = ", and its autoscaler starts none that would do (`ray status`)"
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


def _room_of(grows: Growth, each: Resources) -> int:
    """How many workers all that an autoscaler could start would hold."""
    return sum(count * room([node], each) for node, count in grows.kinds)


def _by_rays_names(each: Resources) -> dict[str, float]:
    return {key: each[asked] for asked, key in _ASKED.items() if each.get(asked)}


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
