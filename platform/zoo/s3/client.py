"""One boto3 client per process and configuration, made when it is first needed.

The retry policy waits out an outage: boto3 itself gives up after seconds, a restarting store
needs more.
"""

import logging
import os
import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from zoo.errors import OutageError

CONNECT_SECONDS = 10
READ_SECONDS = 30


def connect() -> Any:
    """The client for the present environment and ``~/.aws``; threads may share it.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration is wrong.
        ValueError: the endpoint is no URL.
    """
    settings = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    return _client(settings, READ_SECONDS)


def endpoint() -> str:
    """The URL that requests go to, or what is known of it."""
    try:
        return str(connect().meta.endpoint_url)
    except Exception:  # the reason is told elsewhere
        return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "S3"


@lru_cache(maxsize=4)
def _client(settings: tuple[tuple[str, str], ...], read_seconds: float) -> Any:
    import botocore.session
    from boto3.session import Session
    from botocore.config import Config

    core = botocore.session.Session()
    config: dict[str, Any] = {}
    # `legacy` retries neither all connection errors nor with full jitter.
    if core.get_config_variable("retry_mode") == "legacy":
        config["retries"] = {"mode": "standard"}
    return Session(botocore_session=core).client(
        "s3",
        config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds, **config),
    )


RETRY_SECONDS = 120.0
"""Seconds without any progress after which work in the background gives up."""
SHORT_RETRY_SECONDS = 5.0
"""The same where a person waits."""
LONGEST_PAUSE = 8.0

Result = TypeVar("Result")
log = logging.getLogger(__name__)


def retry(act: Callable[[], Result], retry_seconds: float) -> Result:
    """The result of ``act``, retried during an outage for ``retry_seconds``.

    Pauses grow twofold, each a random part of its length, so that a hundred nodes do not come
    back at the same moment.

    Raises:
        OutageError: it still lasts.
    """
    deadline = time.monotonic() + retry_seconds
    pause = 0.5
    while True:
        try:
            return act()
        except OutageError as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            if pause == 0.5:
                log.warning("%s Trying for another %.0f s.", error, left)
            time.sleep(min(left, random.uniform(pause / 2, pause)))
            pause = min(2 * pause, LONGEST_PAUSE)
