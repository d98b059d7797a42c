"""What holds for every test: nothing is read from or written to the folders of who runs them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from zoo import local_ray

# Before a test module imports Ray: what it starts in this process stays on this machine.
os.environ.update(local_ray.environment())

# Before one imports torch. Test processes have about a core each: with two threads a training step
# takes ten times as long as with one, because each OpenMP thread waits for the other by spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")


_SERVERS_FIRST = ("training", "cluster", "serving", "pipelines", "registry")
"""Folders whose tests start servers and take longest: begun last, one process would run them alone
while the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    last = len(_SERVERS_FIRST)
    ranks = {name: rank for rank, name in enumerate(_SERVERS_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(tests).parts[0], last))


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One key signs all outputs of a test run, and none of the user's does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_DATA", str(tmp_path_factory.mktemp("data")))
        for name in ("ZOO_SIGNING_CHAIN", "ZOO_SIGNING_KEY", "ZOO_TRUST"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """Ctrl-C can be tested: a shell's background jobs ignore SIGINT, and so does all they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
