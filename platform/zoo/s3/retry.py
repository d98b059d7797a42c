"""Waiting out an outage: boto3 itself gives up after seconds, a restarting store needs more."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from zoo.errors import OutageError

PATIENCE = 120.0
"""Seconds without any progress after which work in the background gives up."""
SHORT_PATIENCE = 5.0
"""The same where a person waits."""
LONGEST_PAUSE = 8.0

Result = TypeVar("Result")
log = logging.getLogger(__name__)


def patiently(act: Callable[[], Result], patience: float) -> Result:
    """What ``act`` returns, tried again through an outage for ``patience`` seconds.

    Pauses grow twofold, each a random part of its length, so that a hundred nodes do not come
    back at the same moment.

    Raises:
        OutageError: it still lasts.
    """
    deadline = time.monotonic() + patience
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
