"""Starting and stopping a server: Ray of its own, nothing left behind.

It never joins a cluster: an address in ``RAY_ADDRESS`` is for training. Ray's dashboard is off, its
own ports listen on loopback, and its processes speak only to who knows a secret of this start.
"""

import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import ServingError, UsageError
from zoo.serving.options import Options

_OBJECT_STORE = 256 * 2**20  # bytes
_ATTEMPTS = 3
_SECONDS_TO_END = 20.0
_LONGEST = 20  # characters, before what Ray appends


@contextmanager
def serving(options: Options) -> Iterator[str]:
    """Runs the server for the time of the block, and yields its address.

    Raises:
        UsageError: the address or port cannot be had, or Ray Serve is not installed.
    """
    _check_port(options)
    _quieten()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import ray
            from ray import serve

            from zoo.serving.application import build
        except ImportError as error:
            raise UsageError(
                f"Serving needs {error.name}, which is not installed here; install it with: "
                "pip install 'faceswap-zoo[serve]'"
            ) from error
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    folder = _folder()
    before = signal.getsignal(signal.SIGTERM)
    quiet = {"log_level": "ERROR", "enable_access_log": False}
    try:
        try:
            with _temporary_files_in(folder):  # what its processes leave goes with it
                _start(ray, folder)
            serve.start(
                proxy_location="HeadOnly",
                http_options=_http(options),
                logging_config=quiet,
            )
            serve.run(build(options), name="zoo", route_prefix="/", logging_config=quiet)
        except Exception as error:  # Ray has no common base for what may go wrong at its start
            reason = (" ".join(str(error).split()) or type(error).__name__)[:300].rstrip(".")
            raise ServingError(f"The server did not start ({reason}); try again.") from error
        if _in_main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray's own handler would leave its folder behind
        yield address(options)
    finally:
        with _unhurried():
            if ray.is_initialized():
                ray.shutdown()
            _remove(folder)


def address(options: Options) -> str:
    """Where a browser on this machine finds the server."""
    host = options.host
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    elif ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http{'s' if options.certificate else ''}://{host}:{options.port}"


def _start(ray: Any, folder: str) -> None:
    """Ray gives its own processes half a minute, which a busy machine may not have for them."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            ray.init(
                address="local",
                num_cpus=1,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                object_store_memory=_OBJECT_STORE,
                _temp_dir=folder,
            )
        except Exception as error:
            ray.shutdown()
            if not attempts_left or "timed out" not in str(error):
                raise
        else:
            return


def _folder() -> str:
    """A folder for Ray, whose sockets' paths may have 107 bytes at most."""
    place = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="zoo-ray-", dir=place if len(place) <= _LONGEST else "/tmp")


def _remove(folder: str) -> None:
    """Waits for the last processes that write there."""
    deadline = time.monotonic() + _SECONDS_TO_END
    while Path(folder).exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1)


def _http(options: Options) -> dict[str, Any]:
    listening: dict[str, Any] = {"host": options.host.strip("[]"), "port": options.port}
    if options.certificate:
        listening |= {"ssl_certfile": options.certificate, "ssl_keyfile": options.key}
    return listening


@contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """For the processes that are started in the block."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


@contextmanager
def _unhurried() -> Iterator[None]:
    """Lets a second Ctrl-C not end the block half-way."""
    if not _in_main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _check_port(options: Options) -> None:
    """Says what Ray Serve would say late and at length.

    Raises:
        UsageError: the port is taken or the address is not this machine's.
    """
    host = options.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, options.port))
        except OSError as error:
            raise UsageError(
                f"Cannot listen on {options.host}:{options.port} "
                f"({(error.strerror or str(error)).lower()}); choose another with --host or --port."
            ) from error


def _quieten() -> None:
    """Settings that Ray reads when it is imported."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_SERVE_LOG_TO_STDERR", "0")
    # What Ray does on laptops with Windows or macOS: all its own ports on loopback.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    # Whoever speaks to its processes (workers' ports are open to all networks) must know this.
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
