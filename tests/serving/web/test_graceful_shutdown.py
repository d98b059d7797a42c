"""However ``zoo serve`` ends, and whenever, nothing of it is left."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.listening import processes_of
from tests.serving.conftest import begin, start


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a name short enough for Ray, for what it writes."""
    with tempfile.TemporaryDirectory(prefix="zt-") as name:
        yield Path(name)


def test_what_is_under_way_is_answered_and_nothing_new_begun(
    zoo_cache: Path, place: Path, couple: bytes
) -> None:
    running = start(zoo_cache, place, "--rate", "0")
    everything = processes_of(running.process.pid)

    def swap() -> int:
        photo = {"photo": ("photo.jpg", couple)}
        fields = {"identity": "ada"}
        return client.post("/api/swap", files=photo, data=fields).status_code

    # One client: each reads the system's certificates, which takes longer than a swap.
    with (
        httpx2.Client(base_url=running.url, timeout=60) as client,
        ThreadPoolExecutor(16) as clients,
    ):
        assert swap() == 200
        asked = [clients.submit(swap) for _ in range(16)]
        _wait(lambda: any(one.done() for one in asked))
        under_way = [one for one in asked if not one.done()]
        running.process.send_signal(signal.SIGTERM)
        _wait(lambda: _takes_no_more(running.url))
        assert {one.result() for one in asked} <= {200, 503}  # 503 to those that came too late
        assert 200 in [one.result() for one in under_way]
    while running.process.poll() is None:  # it ends once, however often it is told to
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
    assert running.process.returncode == 128 + signal.SIGTERM
    _nothing_is_left(place, everything)


def _takes_no_more(url: str) -> bool:
    """Whether a server says that it ends, or has closed its port already."""
    try:
        return httpx2.get(f"{url}/health", timeout=60).status_code == 503
    except httpx2.ConnectError:
        return True


def test_ctrl_c_twice_while_it_starts(zoo_cache: Path, place: Path) -> None:
    process = begin(zoo_cache, place)
    _wait(lambda: any(place.glob("zoo-ray-*/ray/session_2*/logs/raylet*")))
    everything = processes_of(process.pid)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
    _nothing_is_left(place, everything)


@pytest.mark.faults
def test_killed_it_leaves_no_ray_behind(zoo_cache: Path, place: Path) -> None:
    process = begin(zoo_cache, place)
    _wait(lambda: any(place.glob("zoo-ray-*/ray/session_2*/logs/raylet*")))
    everything = processes_of(process.pid)
    process.kill()
    process.communicate(timeout=60)
    _nothing_is_left(place, everything)


@pytest.mark.faults
def test_an_engine_that_dies_is_told_of(zoo_cache: Path, place: Path) -> None:
    running = start(zoo_cache, place)
    _, engine, *rest = processes_of(running.process.pid)
    os.kill(engine, signal.SIGKILL)
    _, err = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert err.startswith("error: The server's process ended by itself (exit code -9)")
    _nothing_is_left(place, [engine, *rest])


def _nothing_is_left(place: Path, processes: list[int]) -> None:
    """At once, or as soon as Ray's workers have noticed that they are alone."""
    _wait(lambda: not any(_is_alive(one) for one in processes))
    _wait(lambda: subprocess.run(["pgrep", "-f", place], check=False, stdout=-3).returncode == 1)
    _wait(lambda: not list(place.glob("zoo-*")))


def _is_alive(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)
