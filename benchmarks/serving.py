"""`zoo serve` under many clients: errors, latency, memory; then what it refuses, and a camera.

Starts a server of its own on loopback with the identities of the cache, asks it from concurrent
clients that each wait for their answer before asking again, and reads its processes' memory.
Usage:

    python benchmarks/serving.py --photo face.jpg [--clients 50] [--seconds 60] [--json]
"""

import argparse
import asyncio
import io
import json
import math
import os
import statistics
import time
from pathlib import Path

import httpx2
from machine import machine
from PIL import Image as Pillow
from websockets.asyncio.client import connect

from zoo.cli.terminal.project_context import registry_uri_or_none
from zoo.serving.options import Options
from zoo.serving.server import serving
from zoo.serving.web.camera import Outcome

_CAMERA = 60  # frames per second that it gives
_UNDER_WAY = 3  # frames, as in the page


def main() -> None:
    """Start, load, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, required=True, help="a photo with a face")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=30)
    parser.add_argument("--camera", type=float, default=10, help="seconds")
    parser.add_argument("--port", type=int, default=8912)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    started = time.perf_counter()
    options = Options(
        port=arguments.port, registry=registry_uri_or_none(), rate=0, threads=os.cpu_count() or 2
    )
    with serving(options) as server:
        found: dict[str, object] = {"machine": machine()}
        found["start, s"] = round(time.perf_counter() - started, 1)
        found |= asyncio.run(measure(server.address, arguments))
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:40} {value}")


async def measure(url: str, arguments: argparse.Namespace) -> dict[str, object]:
    """All of it, one after the other."""
    photo = arguments.photo.read_bytes()
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=300, limits=limits) as client:
        listed = (await client.get("/api/identities")).json()["identities"]
        names = [one["name"] for one in listed]
        if not names:
            raise SystemExit("error: no identity to serve here; change into a project with some.")
        await load(client, photo, names, arguments.clients, arguments.warm_up)
        memories = [memory()]
        watch = asyncio.create_task(watched(memories, arguments.seconds / 6))
        seconds, errors = await load(client, photo, names, arguments.clients, arguments.seconds)
        watch.cancel()
        memories.append(memory())
        found: dict[str, object] = {
            "identities": len(names),
            "clients": arguments.clients,
            "answers": len(seconds),
            "errors": len(errors),
            "answers per second": round(len(seconds) / arguments.seconds, 2),
            "latency p50, s": round(statistics.median(seconds), 3),
            "latency p95, s": round(statistics.quantiles(seconds, n=20)[-1], 3),
            "memory from the warm-up to the end, MB": " ".join(map(str, memories)),
        }
        if errors:
            found["first error"] = errors[0]
        for name, upload in hostile(photo).items():
            answer = await client.post(
                "/api/swap", files={"photo": upload}, data={"identity": names[0]}
            )
            found[f"{name} upload"] = f"{answer.status_code} {answer.json()['detail']}"
    return found | await film(url, photo, names[0], arguments.camera)


async def load(
    client: httpx2.AsyncClient, photo: bytes, names: list[str], clients: int, seconds: float
) -> tuple[list[float], list[str]]:
    """Latencies of all good answers, and what was wrong with the others."""
    good: list[float] = []
    bad: list[str] = []
    end = time.monotonic() + seconds

    async def one(number: int) -> None:
        name = names[number % len(names)]
        while time.monotonic() < end:
            asked = time.perf_counter()
            try:
                answer = await client.post(
                    "/api/swap", files={"photo": photo}, data={"identity": name}
                )
                if answer.status_code != 200:
                    bad.append(f"{answer.status_code} {answer.text[:200]}")
                    continue
            except httpx2.HTTPError as error:
                bad.append(repr(error))
                continue
            good.append(time.perf_counter() - asked)

    await asyncio.gather(*(one(number) for number in range(clients)))
    return good, bad


async def watched(memories: list[int], every: float) -> None:
    """Adds to ``memories`` every so many seconds, until it is cancelled."""
    while True:
        await asyncio.sleep(every)
        memories.append(memory())


def hostile(photo: bytes) -> dict[str, bytes]:
    """Uploads that must be refused."""
    bomb = io.BytesIO()
    Pillow.new("1", (30_000, 30_000)).save(bomb, "PNG")
    return {
        "oversized": b"\xff\xd8\xff" + bytes(30_000_000),
        "broken": photo[: len(photo) // 3],
        "hostile (900 megapixels)": bomb.getvalue(),
        "hostile (a script)": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "empty": b"",
    }


async def film(url: str, photo: bytes, name: str, seconds: float) -> dict[str, object]:
    """One camera, as the page films: frames per second, and each one's latency.

    A frame is sent as often as a camera gives one, while fewer than three are under way.
    """
    with Pillow.open(io.BytesIO(photo)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((640, 640))
    frames = moving(picture)
    delays: list[float] = []
    server: list[int] = []
    sent: dict[int, float] = {}
    passed_over: list[int] = []  # whose places the next answer frees, as in the page
    async with connect(f"{url.replace('http', 'ws')}/api/live?identity={name}") as socket:

        async def send(number: int) -> None:
            sent[number] = time.perf_counter()
            await socket.send(number.to_bytes(4) + frames[number % len(frames)])

        async def pump() -> None:
            for number in range(1, 100_000):
                while len(sent) >= _UNDER_WAY:
                    await asyncio.sleep(1 / _CAMERA)
                await send(number)
                await asyncio.sleep(1 / _CAMERA)

        await send(0)
        await socket.recv()  # the first one waits for the network to be loaded
        sent.clear()
        filming = asyncio.create_task(pump())
        started = time.perf_counter()
        try:
            while time.perf_counter() - started < seconds:
                answer = await socket.recv()
                assert isinstance(answer, bytes), answer
                number = int.from_bytes(answer[:4])
                if answer[6] == Outcome.PASSED_OVER:
                    passed_over.append(number)
                    continue
                delays.append(time.perf_counter() - sent[number])
                server.append(int.from_bytes(answer[4:6]))
                for done in (number, *passed_over):
                    del sent[done]
                passed_over.clear()
        finally:
            filming.cancel()
    return {
        "camera, frames per second": round(len(delays) / (time.perf_counter() - started), 1),
        "camera, latency p50, ms": round(1000 * statistics.median(delays)),
        "camera, server p50, ms": round(statistics.median(server)),
        "camera, frame": "x".join(map(str, picture.size)),
    }


def moving(picture: Pillow.Image, count: int = 90) -> list[bytes]:
    """JPEGs of a picture that sways as a person before a camera does, and comes back."""
    frames = []
    for number in range(count):
        phase = 2 * math.pi * number / count
        frame = io.BytesIO()
        swayed = picture.rotate(
            3 * math.sin(2 * phase),
            Pillow.Resampling.BILINEAR,
            translate=(
                round(0.02 * picture.width * math.sin(3 * phase)),
                round(0.01 * picture.height * math.cos(phase)),
            ),
        )
        swayed.save(frame, "JPEG", quality=80)
        frames.append(frame.getvalue())
    return frames


def memory() -> int:
    """Megabytes of this server's processes, shared pages divided among those that share them."""
    total = 0
    for process in _below(os.getpid()):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total // 1024


def _below(parent: int) -> list[int]:
    """A process's descendants, itself not included: it holds the clients."""
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_below(int(child))]
    return found


if __name__ == "__main__":
    main()
