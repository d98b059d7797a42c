"""Joining the Ray cluster that ``RAY_ADDRESS`` names, or starting one for this machine alone."""

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zoo import local_ray
from zoo.errors import ClusterError

SECONDS_TO_KNOCK = 10.0

_joined_here: list[Any] = []
"""The module ``ray`` for each block of :func:`connected` that is open in this process."""


@contextmanager
def connected() -> Iterator[Any]:
    """The module ``ray``, connected to the cluster that ``RAY_ADDRESS`` names, else to its own.

    What was started here is for this machine alone (:mod:`zoo.local_ray`). What a cluster asks
    for, ``RAY_AUTH_MODE`` and ``RAY_AUTH_TOKEN`` give it. A block within another has the same
    connection.

    Raises:
        ClusterError: the cluster cannot be reached, or does not take the token.
    """
    if _joined_here:
        yield _joined_here[-1]
        return
    address = local_ray.cluster_address()
    if not address:
        with local_ray.local_ray(logging_level=logging.ERROR) as ray:
            yield from _held(ray)
        return
    ray = _joined(address)
    try:
        yield from _held(ray)
    finally:
        ray.shutdown()


def tell_ray() -> None:
    """Sets what Ray reads when it is imported, where a cluster is to be joined."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # By itself Ray tries a task that runs out of memory for ever.
    os.environ.setdefault("RAY_task_oom_retries", "3")
    if "RAY_AUTH_TOKEN" in os.environ:  # which is given to be shown
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _held(ray: Any) -> Iterator[Any]:
    _joined_here.append(ray)
    try:
        yield ray
    finally:
        _joined_here.pop()


def _joined(address: str) -> Any:
    tell_ray()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import ray
        except ImportError as error:
            raise ClusterError(
                f"RAY_ADDRESS={address} names a Ray cluster, and Ray is not installed here; "
                "install faceswap-zoo[train], or unset RAY_ADDRESS to work on this machine."
            ) from error
    try:
        _knock(address)
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except ray.exceptions.AuthenticationError as error:
        raise ClusterError(
            f"The Ray cluster at RAY_ADDRESS={address} requires another token; set "
            "RAY_AUTH_TOKEN to the one that it was started with."
        ) from error
    except (OSError, RuntimeError, ValueError, ray.exceptions.RaySystemError) as error:
        raise ClusterError(
            f"No Ray cluster answers at RAY_ADDRESS={address}; check the address, that "
            "`ray status` works there and, if it asks for a token, RAY_AUTH_TOKEN; or unset "
            "RAY_ADDRESS to work on this machine."
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
