"""Ray and the application on it, in a process of their own: ``python -m zoo.serving.engine``.

:mod:`zoo.serving.server` starts it, with the options as a line of JSON on standard input, and
reads a line of standard output: open, or why not. It ends when standard input does, so also when
who started it was killed.

Ray changes how its process takes signals, when it starts and again when it ends; here nobody's
way to end the server depends on that.
"""

import json
import logging
import os
import signal
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from zoo import local_ray
from zoo.errors import ServingError, UsageError, ZooError
from zoo.serving.ending import SECONDS_TO_ANSWER
from zoo.serving.options import Options

_OBJECT_STORE = 256 * 2**20  # bytes
_SECONDS_TO_BE_HEARD = 5.0
_QUIET = {"log_level": "ERROR", "enable_access_log": False}


def main() -> None:
    """Serves until standard input ends."""
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    warnings.simplefilter("ignore")
    try:
        ray, front = _open(_options(sys.stdin.readline()))
    except ZooError as error:
        refusal = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(refusal), file=said, flush=True)
        raise SystemExit(error.exit_code) from error
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # they go to all of a group; who started it decides
    try:
        print(json.dumps({"open": True}), file=said, flush=True)
        sys.stdin.read()
        with suppress(Exception):  # then it ends without
            front.end.remote().result(timeout_s=SECONDS_TO_ANSWER + _SECONDS_TO_BE_HEARD)
    finally:
        ray.shutdown()
        local_ray.remove(os.environ["TMPDIR"])


def question(options: Options) -> str:
    """The line that tells an engine what to serve."""
    return json.dumps(asdict(options)) + "\n"


def _options(line: str) -> Options:
    told = json.loads(line)
    return Options(**{**told, "names": tuple(told["names"])})


def _open(options: Options) -> tuple[Any, Any]:
    """Starts all of it; returns Ray and a handle of the front.

    Raises:
        UsageError: Ray Serve is not installed.
        ServingError: it does not start.
    """
    try:
        ray = local_ray.load()
        from ray import serve

        from zoo.serving.application import build
    except ImportError as error:
        raise UsageError(
            f"Serving needs {error.name}, which is not installed here; install it with: "
            "pip install 'faceswap-zoo[serve]'"
        ) from error
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        local_ray.start(
            os.environ["TMPDIR"],
            num_cpus=1,
            logging_level=logging.CRITICAL,
            object_store_memory=_OBJECT_STORE,
        )
        serve.start(proxy_location="HeadOnly", http_options=_http(options), logging_config=_QUIET)
        front = serve.run(build(options), name="zoo", route_prefix="/", logging_config=_QUIET)
    except Exception as error:  # Ray has no common base for what may go wrong at its start
        reason = (" ".join(str(error).split()) or type(error).__name__)[:300].rstrip(".")
        raise ServingError(f"The server did not start ({reason}); try again.") from error
    return ray, front


def _http(options: Options) -> dict[str, Any]:
    listening: dict[str, Any] = {"host": options.host.strip("[]"), "port": options.port}
    if options.certificate:
        listening |= {"ssl_certfile": options.certificate, "ssl_keyfile": options.key}
    return listening


if __name__ == "__main__":
    main()
