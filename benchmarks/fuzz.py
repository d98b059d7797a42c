"""Feeds each reader of others' data faulty inputs by chance, for as long as asked.

    python benchmarks/fuzz.py [READER ...] --seconds 60

For each reader of ``tests/readers.py``: how many inputs it was given, how many it took, how many it
refused with a sentence, the slowest, and findings: errors that its docstring does not name, with
the line of ours that they come from. A finding of our own code is shown with its smallest input
(Hypothesis makes it smaller); of a death in other people's code, which takes the process along,
only the signal is told, and no input is kept anywhere. Each reader has a process of its own.

Hypothesis (https://hypothesis.readthedocs.io) changes valid files by their structure, which takes
fuzzers of bytes (atheris) hours to find.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.readers import READERS

ROUND = 200  # inputs between two looks at the clock
GRACE_SECONDS = 120  # seconds beyond those asked for, in which a reader must have ended


def main() -> int:
    """Prints a line for each reader; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="READER", default=sorted(READERS))
    parser.add_argument("--seconds", type=float, default=60, help="for each reader")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    total = found = 0
    spawning = multiprocessing.get_context("spawn")
    for name in asked.readers:
        ours, theirs = spawning.Pipe(duplex=False)
        child = spawning.Process(target=fuzz, args=(name, asked.seconds, asked.seed, theirs))
        child.start()
        theirs.close()
        count, taken, slowest, findings = 0, 0, 0.0, list[str]()
        until = time.monotonic() + asked.seconds + GRACE_SECONDS
        while ours.poll(max(0.0, until - time.monotonic())):
            try:
                count, taken, slowest, findings = ours.recv()
            except EOFError:
                break
        else:
            findings.append(f"it hangs: no end after {asked.seconds + GRACE_SECONDS:.0f} s")
            child.kill()
        child.join()
        if child.exitcode:
            findings.append(f"its process died with {child.exitcode} (other people's code)")
        total, found = total + count, found + len(findings)
        print(
            f"{name}: {count} inputs, {taken} taken, {count - taken - len(findings)} refused, "
            f"slowest {slowest:.2f} s, {len(findings)} findings",
            flush=True,
        )
        for finding in findings:
            print("  " + finding.replace("\n", "\n  "))
    print(f"{total} inputs, {found} findings")
    return 1 if found else 0


def fuzz(name: str, seconds: float, start: int, told: Connection) -> None:
    """Tries inputs until the time is over, or something is found."""
    reader = READERS[name]()
    count, taken, slowest, findings = 0, 0, 0.0, list[str]()
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:

        @settings(
            max_examples=ROUND,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def each(data: st.DataObject) -> None:
            nonlocal count, taken, slowest
            given_ = data.draw(reader.inputs)
            begun = time.monotonic()
            count += 1
            try:
                reader.read(given_, Path(folder))
                taken += 1
            except reader.allowed:
                pass
            finally:
                slowest = max(slowest, time.monotonic() - begun)

        for one in reader.each:
            count += 1
            try:
                reader.read(one, Path(folder))
                taken += 1
            except reader.allowed:
                continue
            except Exception as error:
                findings.append(_words(error))
        number = start
        while time.monotonic() < until and not findings:
            number += 1
            try:
                seed(number)(each)()
            except Exception as error:
                findings.append(_words(error))
            told.send((count, taken, slowest, findings))


def _words(error: BaseException) -> str:
    places = [
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "/zoo/" in frame.filename
    ]
    notes = [note[:500] for note in getattr(error, "__notes__", ())]
    words = (
        f"{type(error).__name__}: {str(error)[:200]} at {' > '.join(places) or 'no line of ours'}"
    )
    return "\n".join([words, *notes])


if __name__ == "__main__":
    raise SystemExit(main())
