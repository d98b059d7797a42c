"""One check of ``zoo doctor``, run in bounded time, and its result."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from zoo.errors import ZooError

SECONDS = 90.0
"""A check that takes longer has failed."""


class State(StrEnum):
    """The result of a check; only a broken one makes ``zoo doctor`` fail."""

    OK = "ok"
    NOTE = "note"  # works, and could do better; or is not there and not needed
    BROKEN = "broken"


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        state: how it is.
        found: in words.
        fix: what to do; empty when nothing is needed.
        seconds: that it took.
    """

    name: str
    state: State
    found: str
    fix: str = ""
    seconds: float = 0.0


def run(name: str, check: Callable[[], Check], seconds: float = SECONDS) -> Check:
    """Runs one check with a timeout of ``seconds``; an exception is a finding, too."""
    results: list[Check] = []

    def work() -> None:
        try:
            results.append(check())
        except ZooError as error:
            results.append(Check(name, State.BROKEN, str(error)))
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            results.append(Check(name, State.BROKEN, reason))

    begun = time.monotonic()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    took = round(time.monotonic() - begun, 2)
    if not results:
        slow = Check(name, State.BROKEN, f"no answer in {seconds:.0f} seconds", "Try it again.")
        return replace(slow, seconds=took)
    return replace(results[0], seconds=took)


def python(code: str, *arguments: str) -> str:
    """What a Python process prints last.

    Raises:
        RuntimeError: it failed or took too long; says with what.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            timeout=SECONDS - 5,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"no answer in {SECONDS - 5:.0f} seconds") from error
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    if done.returncode or not lines:
        raise RuntimeError(lines[-1] if lines else f"ended with code {done.returncode}")
    return lines[-1]
