"""How many faults put into a package's code do its tests notice?

    python benchmarks/mutants.py photos provenance --count 40 --seed 1 --minutes 20

Each mutant is one small change: another comparison, operator, number, word, condition, or a
statement left out (DeMillo et al. 1978, "Hints on test data selection"). Of all that a package
allows, ``count`` are taken at even distances, beginning at random; each is written into a copy of
``platform/`` and only the tests that reach the changed line or stand near it are run, the quick
ones first, until one fails. They run in forks of a process that has imported what others wrote, so
a mutant costs its tests and not the imports. Survivors are printed, to be looked at: some change
nothing that anybody could see.

``make mutants`` runs 40 of each package; with ``--count 0`` all are run. Why not mutmut or
cosmic-ray: the one moves tests and sources into a tree of its own, in which tests that start
``zoo``, Ray or DVC do not find their files; the other starts pytest with all its imports for each
mutant, 4 s; neither takes an even sample.
"""

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

from benchmarks.mutations import Mutant, mutants_of, mutated

ROOT = Path(__file__).parents[1]
PACKAGES = ("faces", "objective", "registry", "provenance", "photos")
ALSO = {
    "provenance": ("registry/publishing/test_signatures.py",),
    "photos": tuple(f"swapping/video/test_{name}.py" for name in ("signal", "fields", "hdr")),
}
"""Tests of a package that stand beside another's, because they need more than the package."""

ALONE = ("zoo", "tests", "benchmarks", "ray", "conftest", "__main__", "pytest", "_pytest")
"""Modules that each fork imports for itself: ours, and what must not be imported early."""

PLENTY = 40.0  # seconds that the tests of one mutant may take, by the clock of the first run
BESIDE = 10.0  # and those that do not reach its line
QUIET = (
    "-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


def main() -> int:
    """Prints the share of each package; 1 when one is below ``--least``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", default=list(PACKAGES))
    parser.add_argument("--count", type=int, default=40, help="mutants of each; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="for each package's mutants"
    )
    parser.add_argument("--least", type=float, default=0.8, help="share that must be killed")
    parser.add_argument("--only", default="", help="tests that match this, as pytest's -k")
    parser.add_argument(
        "--keep", type=Path, help="folder of what the first runs found; while the code is the same"
    )
    asked = parser.parse_args()
    shares = {}
    for name in asked.packages:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "platform", Path(folder) / "platform")
            shares[name] = package(Path(folder) / "platform", name, asked)
    for name, (killed, tried) in shares.items():
        print(f"{name}: {killed} of {tried} killed ({killed / max(tried, 1):.0%})")
    return 0 if all(k >= asked.least * n for k, n in shares.values()) else 1


def package(platform: Path, name: str, asked: argparse.Namespace) -> tuple[int, int]:
    """Mutants killed and tried."""
    os.environ |= {"PYTHONPATH": str(platform), "OMP_NUM_THREADS": "1"}
    begun = time.monotonic()
    kept = asked.keep / f"{name}.json" if asked.keep else None
    if kept and kept.is_file():
        found_before = kept.read_text()
    else:
        found_before = in_fork(lambda: _reached(platform, name, asked.only), 1800) or ""
        if kept and found_before:
            kept.write_text(found_before)
    known = json.loads(found_before or "{}")
    if not known:
        raise SystemExit(f"error: the tests of {name} fail without a mutant.")
    for module in known["imports"]:
        try:
            importlib.import_module(module)
        except Exception:  # a module that is made when it is used, or for another system
            continue
    found = [
        mutant
        for path in sorted((platform / "zoo" / name).rglob("*.py"))
        for mutant in mutants_of(path)
    ]
    some = evenly(found, asked.count, asked.seed)
    spent = time.monotonic() - begun
    print(f"{name}: {len(some)} of {len(found)} mutants; first run {spent:.0f} s", flush=True)
    tests = [test for mutant in some for test in tests_of(mutant, known, platform)[:1]]
    if (code := in_fork(lambda: _run(list(dict.fromkeys(tests))), 1800)) != "0":
        raise SystemExit(f"error: without a mutant the tests of {name} end with {code} in a fork.")
    begun, killed, tried = time.monotonic(), 0, 0
    for mutant in some:
        if time.monotonic() - begun > 60 * asked.minutes:
            print(f"{name}: no time for the other {len(some) - tried}")
            break
        tests = tests_of(mutant, known, platform)
        verdict = _verdict(mutant, tests, known) if tests else "no test reaches it"
        tried += 1
        killed += verdict in ("killed", "timed out")
        if verdict != "killed":
            where = f"{mutant.path.relative_to(platform)}:{mutant.line}"
            print(f"  {verdict}: {where}: {mutant.was} -> {mutant.now}", flush=True)
    return killed, tried


def evenly(found: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """``count`` of them at even distances, beginning at random; all for 0."""
    if not 0 < count < len(found):
        return found
    step = len(found) / count
    first = random.Random(seed).random() * step
    return [found[int(first + step * number)] for number in range(count)]


def tests_of(mutant: Mutant, known: dict[str, Any], platform: Path) -> list[str]:
    """Those that reach the line; then quick ones that reach its module, or stand where it does.

    A line that runs once, at import or behind a cache, is reached by one test at most, and what
    other processes run by none.
    """
    reached: dict[str, list[str]] = known["lines"].get(str(mutant.path.relative_to(platform)), {})
    seconds: dict[str, float] = known["seconds"]
    lines = range(mutant.line, mutant.last + 1)
    near = {test for line in lines for test in reached.get(str(line), ())}
    place = f"tests/{mutant.path.parent.relative_to(platform / 'zoo')}"
    others = {test for names in reached.values() for test in names}
    others |= {test for test in seconds if test.partition("::")[0].rpartition("/")[0] == place}
    chosen = _quick(near, seconds, PLENTY)
    return chosen + _quick(others - set(chosen), seconds, PLENTY if not near else BESIDE)


def _quick(tests: set[str], seconds: dict[str, float], most: float) -> list[str]:
    """The quickest, as many as take no longer together; at least one."""
    chosen: list[str] = []
    total = 0.0
    for test in sorted(tests, key=lambda test: seconds[test]):
        total += seconds[test]
        if chosen and total > most:
            break
        chosen.append(test)
    return chosen


def _verdict(mutant: Mutant, tests: list[str], known: dict[str, Any]) -> str:
    before = mutant.path.read_bytes()
    mutant.path.write_bytes(mutated(before, mutant))
    limit = 20 + 5 * sum(known["seconds"][test] for test in tests) + known["overhead"]

    try:
        code = in_fork(lambda: _run(tests), limit)
    finally:
        mutant.path.write_bytes(before)
    if code is None:
        return "timed out"
    return "survived" if code == "0" else "killed"


def _run(tests: list[str]) -> str:
    return str(int(pytest.main([*QUIET, "--timeout", "0", *tests])))


class _Recorder:
    """A plugin that tells coverage which test is running, and how long each took."""

    def __init__(self, measured: Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.measured.switch_context(item.nodeid)
        begun = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.monotonic() - begun


def _reached(platform: Path, name: str, only: str) -> str:
    begun = time.monotonic()
    measured = Coverage(data_file=None, source=[str(platform / "zoo" / name)], config_file=False)
    recorder = _Recorder(measured)
    measured.start()
    chosen = ["-k", only] if only else []
    places = [str(ROOT / "tests" / place) for place in (name, *ALSO.get(name, ()))]
    code = pytest.main([*QUIET, "--timeout", "0", *chosen, *places], plugins=[recorder])
    measured.stop()
    if code:
        return ""
    data = measured.get_data()
    lines = {
        str(Path(path).relative_to(platform)): {
            str(line): [test for test in tests if test]
            for line, tests in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }
    others = [one for one in sys.modules if one.partition(".")[0] not in ALONE]
    overhead = time.monotonic() - begun - sum(recorder.seconds.values())
    return json.dumps(
        {"lines": lines, "seconds": recorder.seconds, "imports": others, "overhead": overhead}
    )


def in_fork(task: Callable[[], str], limit: float) -> str | None:
    """What ``task`` returns in a process of its own; None when it takes longer than ``limit``."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _serve(task, answer, Path(folder))
        until = time.monotonic() + limit
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return None
            time.sleep(0.02)
        return answer.read_text() if answer.exists() else "died"


def _serve(task: Callable[[], str], answer: Path, folder: Path) -> None:
    os.setsid()
    folder.chmod(0o755)  # PostgreSQL runs as another user
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    sys.path[:0] = [os.environ["PYTHONPATH"], str(ROOT)]
    os.chdir(ROOT)
    said = os.open(
        os.environ.get("MUTANTS_LOG", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT
    )
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        answer.write_text(task())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
