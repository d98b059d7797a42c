"""How many processor cores this process may use: the one place that counts them."""

import os


def available_cores() -> int:
    """The cores that the operating system lets this process run on; at least 1."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
