"""`zoo serve` under pressure: a worker killed, an end asked for, slow clients, oversized uploads.

Starts servers of its own on loopback with the identities of the cache (ZOO_CACHE), and asks them
for swaps of a rendered portrait by the first. Two parts:

1. `--clients` clients ask for `--seconds`; after a third of it a worker is killed with SIGKILL, and
   at the end the server is told to end (SIGTERM) with all clients under way.
2. Eight clients ask alone; then beside connections whose headers never end, bodies that trickle,
   and oversized uploads. Latencies (p95) are compared, the rounds taken in turns.

Usage:

    python benchmarks/pressure.py [--clients 50] [--seconds 120] [--workers 2] [--json]
"""

import argparse
import asyncio
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from hostile_clients import CLIENTS, attack
from machine import machine
from PIL import Image as Pillow

from zoo.people import random_person, random_scene, render

_FEW = 8
_ROUNDS = 3


def main() -> None:
    """Start, press, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--client-kind", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client_kind:
        asyncio.run(attack(arguments.client_kind, arguments.url))
        return
    with tempfile.TemporaryDirectory(prefix="zb-") as folder:
        found = {"machine": machine()}
        for part in (ends, slow):
            with served(Path(folder), arguments) as (url, process):
                arguments.identity = first_identity(url)
                found |= asyncio.run(part(url, process, portrait(), arguments))
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:58} {value}")


async def ends(
    url: str, process: "subprocess.Popen[str]", photo: bytes, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Clients that go on while a worker dies, until the server has ended."""
    outcomes: list[tuple[float, str, float]] = []  # when, what, seconds
    told = float("inf")

    async def client() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=120) as http:
            while True:
                asked = time.monotonic()
                outcome = await swap(http, photo, arguments.identity)
                outcomes.append((asked, outcome, time.monotonic() - asked))
                if outcome == "ConnectError" and asked > told:
                    return  # it is gone
                if outcome != "200":
                    await asyncio.sleep(0.2)

    async with httpx2.AsyncClient(base_url=url, timeout=120) as http:
        assert await swap(http, photo, arguments.identity) == "200"
    clients = [asyncio.create_task(client()) for _ in range(arguments.clients)]
    await asyncio.sleep(arguments.seconds / 3)
    killed_at, killed = time.monotonic(), kill_a_worker(process.pid)
    await asyncio.sleep(2 * arguments.seconds / 3)
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*clients), 120)
    ended = time.monotonic() - told
    before = [one for one in outcomes if one[0] < told]
    after = [one for one in outcomes if one[0] >= told]
    good = [seconds for _, outcome, seconds in before if outcome == "200"]
    return {
        "clients": arguments.clients,
        "workers": arguments.workers,
        "killed": killed,
        "asked before the end": dict(Counter(outcome for _, outcome, _ in before)),
        "of these under way when it was told to end": sum(
            one[0] + one[2] >= told for one in before
        ),
        "asked after it": dict(Counter(outcome for _, outcome, _ in after)),
        "answers per second": round(len(good) / arguments.seconds, 1),
        "latency p50 and p95, s": quantiles(good),
        "longest after the kill, s": round(
            max((one[2] for one in before if one[0] + one[2] > killed_at), default=0), 1
        ),
        "from SIGTERM to the end, s": round(ended, 1),
    }


async def slow(
    url: str, process: "subprocess.Popen[str]", photo: bytes, arguments: argparse.Namespace
) -> dict[str, Any]:
    """The latencies of a few clients alone and beside others that are slow or too large."""
    del process
    host, port = url.removeprefix("http://").split(":")
    rounds: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        for name in ("alone", *CLIENTS):
            seconds = await beside(url, photo, arguments, name)
            rounds.setdefault(name, []).extend(seconds)
    alone = p95(rounds["alone"])
    found: dict[str, Any] = {}
    for name, seconds in rounds.items():
        found[f"p50 and p95 {name}, s"] = quantiles(seconds)
        if name != "alone":
            found[f"p95 beside {name}, ratio"] = round(p95(seconds) / alone, 2)
    return found | await kept(host, int(port))


async def beside(
    url: str, photo: bytes, arguments: argparse.Namespace, client_kind: str
) -> list[float]:
    """Latencies of a few clients; the nuisance comes from a process of its own."""
    seconds: list[float] = []
    command = [sys.executable, __file__, "--client-kind", client_kind, "--url", url]
    bad = subprocess.Popen(command) if client_kind in CLIENTS else None
    await asyncio.sleep(2)
    end = time.monotonic() + arguments.seconds / (4 * _ROUNDS)

    async def client() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=120) as http:
            while time.monotonic() < end:
                asked = time.monotonic()
                outcome = await swap(http, photo, arguments.identity)
                assert outcome == "200", outcome
                seconds.append(time.monotonic() - asked)

    await asyncio.gather(*(client() for _ in range(_FEW)))
    if bad:
        bad.kill()
        bad.wait()
    return seconds


async def kept(host: str, port: int) -> dict[str, Any]:
    """How many connections with unfinished headers are still open after a while."""
    opened = [await asyncio.open_connection(host, port) for _ in range(20)]
    for _, writer in opened:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    await asyncio.sleep(30)
    still = 0
    for reader, writer in opened:
        try:
            async with asyncio.timeout(0.01):
                await reader.read(1)
        except TimeoutError:
            still += 1
        except OSError:
            pass
        writer.transport.abort()
    found: dict[str, Any] = {"of 20 unfinished headers open after 30 s": still}
    async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", timeout=20) as http:
        for path in ("/-/healthz", "/-/routes"):
            answer = await http.get(path, headers={"host": "evil.example"})
            found[f"{path} for another host's name"] = answer.status_code
    return found


async def swap(http: httpx2.AsyncClient, photo: bytes, identity: str) -> str:
    """How it ended: a status, or the name of an exception."""
    try:
        answer = await http.post(
            "/api/swap", files={"photo": ("a.jpg", photo)}, data={"identity": identity}
        )
    except httpx2.HTTPError as error:
        return type(error).__name__
    return str(answer.status_code)


@contextmanager
def served(
    folder: Path, arguments: argparse.Namespace
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """``zoo serve`` without a limit of requests; its address and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo.cli.main", "serve", "--quiet", "--port", str(port),
         "--rate", "0", "--workers", str(arguments.workers)],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise SystemExit("error: the server did not start.")
        yield url, process
    finally:
        process.terminate()
        process.wait(60)


def first_identity(url: str) -> str:
    """The name of one that can be swapped to."""
    listed = httpx2.get(f"{url}/api/identities", timeout=60).json()["identities"]
    if not listed:
        raise SystemExit("error: no identity to serve here; change into a project with some.")
    return str(listed[0]["name"])


def kill_a_worker(parent: int) -> str:
    """Kills the first process below ``parent`` that swaps; its name."""
    for process in _below(parent):
        name = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()
        if name.startswith("ray::ServeReplica") and "worker" in name:
            os.kill(process, signal.SIGKILL)
            return name
    raise SystemExit("error: there is no worker to kill.")


def _below(parent: int) -> Iterator[int]:
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _below(int(child))


def portrait() -> bytes:
    """A JPEG of 640 x 480 with one face."""
    picture = Pillow.fromarray(render(random_person(11), random_scene(5, max_yaw=8), 480).image)
    wide, file = Pillow.new("RGB", (640, 480), (90, 110, 100)), io.BytesIO()
    wide.paste(picture, (80, 0))
    wide.save(file, "JPEG", quality=92)
    return file.getvalue()


def quantiles(seconds: list[float]) -> str:
    """Median and 95th percentile, and of how many."""
    return f"{statistics.median(seconds):.2f} {p95(seconds):.2f} ({len(seconds)} answers)"


def p95(seconds: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    main()
