"""The Ray cluster: connection, capacity, and translation of its errors."""

import logging
import os
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from zoo import local_ray
from zoo.errors import StorageError, TrainingError, ZooError

Resources = Mapping[str, float]
SECONDS_TO_KNOCK = 10.0


@contextmanager
def connected() -> Iterator[Any]:
    """The module ``ray``, connected to the cluster that ``RAY_ADDRESS`` names, else to its own.

    What was started here is for this machine alone (:mod:`zoo.local_ray`). What a cluster asks
    for, ``RAY_AUTH_MODE`` and ``RAY_AUTH_TOKEN`` give it.

    Raises:
        TrainingError: the cluster cannot be reached, or does not take the token.
    """
    address = local_ray.cluster_address()
    if not address:
        with local_ray.local_ray(logging_level=logging.ERROR) as ray:
            yield ray
        return
    ray = _joined(address)
    try:
        yield ray
    finally:
        ray.shutdown()


def alive(nodes: Sequence[Mapping[str, Any]]) -> list[Resources]:
    """Resources of the nodes that live, of what ``ray.nodes()`` gives."""
    return [node["Resources"] for node in nodes if node["Alive"]]


def room(nodes: Sequence[Resources], each: Resources) -> int:
    """How many workers that need ``each`` (``num_cpus``, ``num_gpus``) fit on these nodes.

    Counted node by node: four CPUs on two nodes do not hold a worker that needs three.
    """
    keys = [(key, each[f"num_{key.lower()}s"]) for key in ("CPU", "GPU")]
    return sum(
        min(int(node.get(key, 0) / need + 1e-9) for key, need in keys if need) for node in nodes
    )


def reason(error: Exception) -> str:
    """One line for people: what ended a training."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ZooError):
        return str(cause)
    if cause is not None:
        words = str(cause).strip().splitlines()
        return f"{type(cause).__name__}: {words[0] if words else 'no message'}"
    kind = type(error).__name__
    return {
        "ActorDiedError": "its process or machine died (killed, or out of memory)",
        "ActorUnavailableError": "its machine cannot be reached",
        "NodeDiedError": "its machine is gone",
        "OutOfMemoryError": "its machine ran out of memory; raise fanout.cpus_per_job, so that "
        "fewer train side by side",
    }.get(kind, f"{kind}: {(str(error).strip().splitlines() or ['no message'])[0]}")


def is_final(error: Exception) -> bool:
    """Whether a retry is useless: our own errors, except storage outages."""
    cause = getattr(error, "cause", None)
    return isinstance(cause, ZooError) and not isinstance(cause, StorageError)


def _joined(address: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if "RAY_AUTH_TOKEN" in os.environ:  # which is given to be shown
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
    try:
        _knock(address)
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except ray.exceptions.AuthenticationError as error:
        raise TrainingError(
            f"The Ray cluster at RAY_ADDRESS={address} requires another token; set "
            "RAY_AUTH_TOKEN to the one that it was started with."
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(
            f"No Ray cluster answers at RAY_ADDRESS={address}; check the address, that "
            "`ray status` works there and, if it asks for a token, RAY_AUTH_TOKEN; or unset "
            "RAY_ADDRESS to train on this machine."
        ) from error
    return ray


def _knock(address: str) -> None:
    """Fails at once where Ray would try for minutes.

    Raises:
        OSError: nobody listens at ``host:port``.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_KNOCK).close()
