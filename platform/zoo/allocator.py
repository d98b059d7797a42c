"""The memory allocator's settings for processes that swap.

A swap makes and drops arrays of some megabytes all the time. By default glibc returns their memory
to the system at once, and the system zeroes it, page by page, when it is wanted again.
"""

import ctypes

_KEPT = 128 << 20  # bytes, freed, that a process keeps for its next array
_MAPPED = 32 << 20  # bytes from which an array has pages of its own, and returns them: at most this
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h


def keep_freed_memory() -> None:
    """Lets this process keep what it frees, where the C library is glibc; elsewhere does nothing.

    Source: https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _MAPPED)
        mallopt(_TRIM_THRESHOLD, _KEPT)
