"""What an autoscaler of the cluster could start, as far as it says.

Ray has two. Neither tells what kinds of nodes it has; version 2 tells which of the requests that
wait none of its nodes could ever hold, and so it is asked with one.
"""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

Resources = Mapping[str, float]

ANSWER_SECONDS = 60.0
"""For which an autoscaler is waited for that has not answered; by itself it looks every 5 s."""

_LOOK_SECONDS = 0.5
_WATCHED_NODE = re.compile("node_[0-9a-f]{56}")
_NODE_GROUP = "ray.io/node-group"


@dataclass(frozen=True)
class Growth:
    """What an autoscaler could start: kinds of nodes with the most there may be of each.

    Attributes:
        kinds: resources and number; none where it is known only that there is an autoscaler.
        answers: whether it can be asked (:func:`could_start`).
    """

    kinds: tuple[tuple[Resources, int], ...] = ()
    answers: bool = False


def growth(ray: Any) -> Growth | None:
    """What the cluster's autoscaler could start; None when there is none."""
    from ray._private.state import state
    from ray.autoscaler.v2.utils import is_autoscaler_v2

    config = state.get_cluster_config()
    if config is not None and config.node_group_configs:  # which some platforms report
        kinds = [
            (dict(group.resources), 1 << 20 if group.max_count < 0 else group.max_count)
            for group in config.node_group_configs
            if group.max_count
        ]
        if kinds:
            return Growth(tuple(kinds))
    if is_autoscaler_v2(fetch_from_server=True):
        # Without a configuration it only watches, and nodes belong to no group.
        return Growth(answers=True) if _are_grouped(ray) else None
    return Growth() if starts_nodes(_status()) else None


def is_coming(ray: Any) -> bool:
    """Whether an autoscaler may yet report for the first time, which takes it a while."""
    return _are_grouped(ray) and _status() is None


def starts_nodes(status: bytes | None) -> bool:
    """Whether what an autoscaler of version 1 reports is that of one that starts nodes.

    Every head runs one, which without a configuration only watches, and calls each node a kind of
    its own, by the node's id.
    """
    try:
        report = json.loads(status or b"{}")["autoscaler_report"]
        kinds = [*(report["active_nodes"] or {}), *(report.get("idle_nodes") or {})]
    except (ValueError, TypeError, KeyError):
        return False
    return any(not _WATCHED_NODE.fullmatch(kind) for kind in kinds)


def could_start(ray: Any, bundle: Resources, count: int, wait: float = ANSWER_SECONDS) -> bool:
    """Asks an autoscaler of version 2 whether it could start nodes that hold a request.

    The request is a placement group, which is taken back; nodes that it has begun to start come
    nevertheless, and the work for them follows.

    Args:
        ray: the module, connected.
        bundle: what one worker asks for, by Ray's names (``CPU``, ``GPU``, ``memory``).
        count: how many at once.
        wait: seconds for the answer; False when there is none.
    """
    from ray.util import placement_group, remove_placement_group

    group = placement_group([dict(bundle)] * count)
    try:
        until, asked = time.monotonic() + wait, None
        while time.monotonic() < until:
            if group.wait(0):
                return True
            heard, refused, version = _state(ray, group.id.hex())
            if refused:
                return False
            if asked is None and version is not None:
                asked = version
            elif asked is not None and heard > asked:  # it has looked since, and does not mind
                return True
            time.sleep(_LOOK_SECONDS)
        return False
    finally:
        with suppress(ValueError):
            remove_placement_group(group)


def _are_grouped(ray: Any) -> bool:
    return any(node.get("Labels", {}).get(_NODE_GROUP) for node in ray.nodes())


def _status() -> bytes | None:
    """What an autoscaler of version 1 reports."""
    from ray.experimental.internal_kv import _internal_kv_get

    status: bytes | None = _internal_kv_get(b"__autoscaling_status")
    return status


def _state(ray: Any, group: str) -> tuple[int, bool, int | None]:
    """What the autoscaler says of a placement group.

    Returns:
        The version of the cluster's state that the autoscaler saw last; whether it refuses the
        group; and the version now, if the group waits in it.
    """
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.core.generated.autoscaler_pb2 import GetClusterStatusReply  # type: ignore[attr-defined]

    client = GcsClient(address=ray.get_runtime_context().gcs_address)
    reply = GetClusterStatusReply()
    reply.ParseFromString(client.get_cluster_status())
    scaler, cluster = reply.autoscaling_state, reply.cluster_resource_state
    refused = any(one.details.startswith(group) for one in scaler.infeasible_gang_resource_requests)
    waits = any(one.details.startswith(group) for one in cluster.pending_gang_resource_requests)
    version = cluster.cluster_resource_state_version if waits else None
    return scaler.last_seen_cluster_resource_state_version, refused, version
