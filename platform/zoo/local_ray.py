"""Starts Ray for this machine only; every Ray that zoo starts is started here.

By default Ray's head, raylet, agents and workers listen on all networks, and whoever can reach them
can run code. Here their ports are on loopback, they require a token generated at each start, and
their files are in a folder that only its owner can enter. A cluster that ``RAY_ADDRESS`` names is
its owner's responsibility: it is only joined (:mod:`zoo.cluster.joining`).
"""

import ipaddress
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from zoo.errors import UsageError

_ATTEMPTS = 3
_SECONDS_TO_END = 20.0
_LONGEST = 20  # characters, before what Ray appends: a socket's path may have 107 bytes


def cluster_address() -> str | None:
    """The cluster that ``RAY_ADDRESS`` names; None when Ray is to be started here."""
    address = os.environ.get("RAY_ADDRESS")
    return None if address in (None, "", "local") else address


def environment() -> dict[str, str]:
    """What Ray reads when it is imported, and its processes when they start."""
    return {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # What Ray does on laptops with Windows or macOS: its ports on loopback.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        # Whoever speaks to its processes must know this.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": _token(),
    }


@contextmanager
def local_ray(**options: Any) -> Iterator[Any]:
    """The module ``ray`` with its own Ray instance, which ends with the block.

    It also ends with this process, even when that is killed.

    Args:
        options: more for ``ray.init``.

    Raises:
        UsageError: see :func:`start`.
    """
    folder = private_folder()
    try:
        ray = start(folder, **options)
        try:
            yield ray
        finally:
            ray.shutdown()
    finally:
        remove(folder)


def load() -> Any:
    """Imports Ray, restricted to this machine, and returns the module.

    Raises:
        UsageError: it was imported before without being told.
    """
    os.environ.update(environment())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
    here = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
    if not ipaddress.ip_address(here).is_loopback:
        raise UsageError(
            f"Ray was imported before it was told to stay on this machine, and would listen on "
            f"{here}; import ray later, or set RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 first."
        )
    return ray


def start(folder: str, **options: Any) -> Any:
    """Starts Ray, and returns the module.

    Args:
        folder: where it writes (:func:`private_folder`).
        options: more for ``ray.init``.

    Raises:
        UsageError: see :func:`load`.
    """
    ray = load()
    # Ray gives its own processes half a minute, which a busy machine may not have for them.
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            ray.init(
                address="local",  # else it would join what somebody started here last
                include_dashboard=False,
                log_to_driver=False,
                # Not the folder itself, because Ray lets everybody into the one it is given.
                _temp_dir=str(Path(folder, "ray")),
                **options,
            )
            break
        except Exception as error:
            ray.shutdown()
            if not attempts_left or "timed out" not in str(error):
                raise
    return ray


def private_folder() -> str:
    """A new private folder for Ray's files."""
    place = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="zoo-ray-", dir=place if len(place) <= _LONGEST else "/tmp")


def remove(folder: str) -> None:
    """Removes Ray's folder; waits for the last processes that write there."""
    deadline = time.monotonic() + _SECONDS_TO_END
    while Path(folder).exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1)


@cache
def _token() -> str:
    """One for all of this process's life, because Ray reads it once."""
    import secrets

    return secrets.token_hex(32)
