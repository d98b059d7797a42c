"""Freed memory is kept: in a process of its own, since nothing sets the allocator back."""

import subprocess
import sys

import pytest

PAGES = """
import resource
import sys
import numpy as np
from zoo.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()

def work():
    arrays = [np.full(1 << 20, 1, np.float32) for _ in range(8)]

work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 10)
"""


def pages(how: str) -> int:
    """That eight arrays of four megabytes each cost when they are made again."""
    shown = subprocess.run([sys.executable, "-c", PAGES, how], capture_output=True, check=True)
    return int(shown.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_memory_that_was_freed_costs_no_pages_when_it_is_used_again() -> None:
    by_default = pages("by default")
    if by_default < 1000:
        pytest.skip("huge pages: there are few to be zeroed")
    assert pages("kept") < by_default / 20
