"""Ray and the application on it, in a process: ``python -m zoo.serving.deployment.engine``.

:mod:`zoo.serving.server` starts it, with the options as a line of JSON on standard input, and reads
a line of standard output: open, or why not. It ends when standard input ends, and therefore also
when its parent was killed.

Ray changes the signal handlers of its process at start and end; stopping the server does not depend
on them here.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import warnings
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from typing import Any, TextIO

from zoo import local_ray
from zoo.cluster.joining import tell_ray
from zoo.errors import ServingError, UsageError, ZooError
from zoo.serving.deployment.backend import Backend
from zoo.serving.options import Options
from zoo.serving.web.graceful_shutdown import GracefulShutdown


def main() -> None:
    """Serves until standard input ends."""
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    warnings.simplefilter("ignore")
    with ExitStack() as stack:
        try:
            options = _options(sys.stdin.readline())
            api, listener = _clients_side()
            bound = _bound(listener, options)
            front = stack.enter_context(_running(options))
        except ZooError as error:
            refusal = {"error": type(error).__name__, "message": str(error)}
            print(json.dumps(refusal), file=said, flush=True)
            raise SystemExit(error.exit_code) from error
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # they go to all of a group; the starter decides
        ending = GracefulShutdown()
        app = api.create(front, options, ending)
        asyncio.run(_serve(listener.Listener(app, options, bound), ending, said))


async def _serve(listener: Any, ending: GracefulShutdown, said: TextIO) -> None:
    """Answers clients until standard input ends, and then those whose requests are under way."""
    await listener.open()
    print(json.dumps({"open": True}), file=said, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await ending.wait()
    await listener.close()


def question(options: Options) -> str:
    """The line that tells an engine what to serve."""
    return json.dumps(asdict(options)) + "\n"


def _options(line: str) -> Options:
    told = json.loads(line)
    return Options(**{**told, "names": tuple(told["names"])})


def _running(options: Options) -> AbstractContextManager[Backend]:
    """The application while it runs.

    Raises:
        UsageError: Ray Serve is not installed.
    """
    try:
        if options.cluster:
            tell_ray()
        else:
            local_ray.load()
        from zoo.serving.deployment.running import running
    except ImportError as error:
        raise _missing(error) from error
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    return running(options)


def _clients_side() -> tuple[Any, Any]:
    try:
        from zoo.serving.web import api, listener
    except ImportError as error:
        raise _missing(error) from error
    return api, listener


def _bound(listener: Any, options: Options) -> Any:
    try:
        return listener.bind(options)
    except OSError as error:
        raise ServingError(
            f"The server did not start: {options.host}:{options.port} is now in use; choose "
            "another with --port."
        ) from error


def _missing(error: ImportError) -> UsageError:
    return UsageError(
        f"Serving needs {error.name}, which is not installed here; install it with: "
        "pip install 'faceswap-zoo[serve]'"
    )


if __name__ == "__main__":
    main()
