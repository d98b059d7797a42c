"""Starts and stops a server, and cleans up.

It has its own Ray, or joins the cluster at ``RAY_ADDRESS`` if that is asked for. Ray runs in a
process of its own (:mod:`zoo.serving.deployment.engine`), and this one only waits: whenever and
however often it is told to stop, it stops Ray and removes Ray's files. If it is killed, the engine
ends by itself.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from zoo.errors import ServingError, UsageError
from zoo.local_ray import private_folder, remove
from zoo.serving.deployment.engine import question
from zoo.serving.options import Options

_SECONDS_TO_END = 30.0  # more than what is under way may take


@dataclass(frozen=True)
class Server:
    """One that is open."""

    address: str
    _engine: "subprocess.Popen[str]"

    def wait(self) -> None:
        """Returns never.

        Raises:
            ServingError: it ended by itself.
        """
        code = self._engine.wait()
        raise ServingError(
            f"The server's process ended by itself (exit code {code}), perhaps because memory "
            "ran out; start it again with fewer --networks or --threads."
        )


@contextmanager
def serving(options: Options) -> Iterator[Server]:
    """Runs the server for the time of the block.

    In the main thread a first SIGINT or SIGTERM ends the block, and further ones do nothing.

    Raises:
        UsageError: the address or port cannot be had, certificate and key do not go together, or
            Ray Serve is not installed.
        ServingError: the server does not start.
    """
    _check_port(options)
    _check_certificate(options)
    with _ending_once():
        folder = private_folder()
        engine = None
        try:
            engine = subprocess.Popen(
                [sys.executable, "-m", "zoo.serving.deployment.engine"],
                env={**os.environ, **_environment(folder)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # a terminal's Ctrl-C is this process's affair
            )
            _wait_until_open(engine, options)
            yield Server(address(options), engine)
        finally:
            if engine is not None:
                _end(engine)
            remove(folder)


def address(options: Options) -> str:
    """Where a browser on this machine finds the server."""
    host = options.host
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    elif ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http{'s' if options.certificate else ''}://{host}:{options.port}"


def _environment(folder: str) -> dict[str, str]:
    """What the engine and its processes read at their start."""
    return {
        "TMPDIR": folder,  # what they leave goes with it
        "RAY_SERVE_LOG_TO_STDERR": "0",
        # The loop that answers clients also finds workers for them; a thread more takes longer.
        "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    }


def _wait_until_open(engine: "subprocess.Popen[str]", options: Options) -> None:
    assert engine.stdin is not None and engine.stdout is not None
    with suppress(BrokenPipeError):  # it died; that is seen when it is read from
        engine.stdin.write(question(options))
        engine.stdin.flush()
    line = engine.stdout.readline()
    if not line:
        raise ServingError(
            f"The server did not start (its process ended with exit code {engine.wait()}); "
            "try again."
        )
    said = json.loads(line)
    if "open" not in said:
        kind = UsageError if said["error"] == UsageError.__name__ else ServingError
        raise kind(said["message"])
    engine.stdout.close()


def _end(engine: "subprocess.Popen[str]") -> None:
    """An open one ends in order; one that still starts is killed, and Ray's processes with it."""
    assert engine.stdin is not None and engine.stdout is not None
    is_open = engine.stdout.closed
    engine.stdout.close()
    with suppress(BrokenPipeError):
        engine.stdin.close()
    if is_open:
        with suppress(subprocess.TimeoutExpired):
            engine.wait(_SECONDS_TO_END)
    with suppress(ProcessLookupError):
        os.killpg(engine.pid, signal.SIGKILL)
    engine.wait()


@contextmanager
def _ending_once() -> Iterator[None]:
    """Signals that end a process raise at the first, and do nothing from then on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ended = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal ended
        ended = True
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # which is what a background job may have for SIGINT
            signal.signal(number, end)
    try:
        yield
    finally:
        if not ended:
            for number, handler in before.items():
                signal.signal(number, handler)


def _check_port(options: Options) -> None:
    """Checks the port early, with a short message.

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


def _check_certificate(options: Options) -> None:
    """Checks the certificate: with a bad one the server would start but refuse every connection.

    Raises:
        UsageError: one is missing, or they cannot serve https together.
    """
    if (options.certificate is None) != (options.key is None):
        raise UsageError("Give --cert and --key together, or neither.")
    if options.certificate is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key, password="")
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(
            f"{options.certificate} and {options.key} cannot serve https "
            f"({reason or 'not PEM'}); --cert takes a certificate in PEM, with its issuers behind "
            "it, and --key its private key, unencrypted."
        ) from error
