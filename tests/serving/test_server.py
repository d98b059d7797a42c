"""``zoo serve`` as a process: what it opens and what it refuses."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Awaitable, Iterable, Iterator
from pathlib import Path

import httpx2
import numpy as np
import psutil
import pytest
from PIL import Image as Pillow
from websockets.asyncio.client import connect

from tests.serving.conftest import Server, encoded, moving
from zoo.errors import UsageError
from zoo.serving.live_frames import MAX_BYTES, MAX_PIXELS
from zoo.serving.options import Options, is_loopback
from zoo.serving.server import address, serving


def test_concurrent_swaps_with_several_identities_all_succeed(
    server: Server, portrait: bytes
) -> None:
    async def swap(client: httpx2.AsyncClient, identity: str) -> httpx2.Response:
        files, data = {"photo": ("a.png", portrait)}, {"identity": identity}
        return await client.post("/api/swap", files=files, data=data)

    async def all_of_them() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(base_url=server.url, timeout=120) as client:
            asked: list[Awaitable[httpx2.Response]] = [
                swap(client, name) for name in ("ada", "bruno") * 6
            ]
            return await asyncio.gather(*asked)

    answers = asyncio.run(all_of_them())
    assert {answer.status_code for answer in answers} == {200}
    networks = [answer.headers["zoo-network"].partition(";")[0] for answer in answers]
    assert networks == ["ada:1", "bruno:1"] * 6


def test_an_identity_without_a_basis_is_not_served(server: Server, portrait: bytes) -> None:
    shown = httpx2.get(f"{server.url}/api/identities", timeout=60).json()["identities"]
    assert [one["name"] for one in shown] == ["ada", "bruno"]
    answer = httpx2.post(
        f"{server.url}/api/swap",
        files={"photo": portrait},
        data={"identity": "nobody"},
        timeout=60,
    )
    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]


def test_a_large_upload_is_refused_while_the_server_goes_on(server: Server) -> None:
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        answer = client.post(
            "/api/swap", files={"photo": bytes(26_000_000)}, data={"identity": "ada"}
        )
    assert answer.status_code == 413
    assert "25 MB" in answer.json()["detail"]
    assert httpx2.get(f"{server.url}/health", timeout=60).json()["status"] == "ok"


def film(server: Server, frames: Iterable[bytes]) -> list[int]:
    """Whether each JPEG came back with a swapped face."""

    async def look() -> list[int]:
        found = []
        socket_address = f"{server.url.replace('http', 'ws')}/api/live?identity=ada"
        async with connect(socket_address, max_size=None) as socket:
            for number, frame in enumerate(frames):
                await socket.send(number.to_bytes(4) + frame)
                answer = await asyncio.wait_for(socket.recv(), 60)
                assert isinstance(answer, bytes)
                assert int.from_bytes(answer[:4]) == number
                found.append(answer[6])
        return found

    return asyncio.run(look())


def test_a_camera_through_ray(server: Server, portrait: bytes) -> None:
    picture = np.array(Pillow.open(io.BytesIO(portrait)).convert("RGB"))
    frames = [encoded(frame, "JPEG") for frame in moving(picture, 4)]
    assert film(server, frames) == [1, 1, 1, 1]


def test_the_largest_frames_pass_through_ray(server: Server, portrait: bytes) -> None:
    """With what is kept of the one before, they are just below a limit of gRPC's (4 MiB)."""
    side = round(MAX_PIXELS**0.5)
    picture = Pillow.open(io.BytesIO(portrait)).convert("RGB").resize((side, side))
    noise = np.random.default_rng(1).normal(0, 25, (side, side, 3))
    noisy = np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)
    frame = encoded(noisy, "JPEG", quality=96)
    assert 0.9 * MAX_BYTES < len(frame) < MAX_BYTES
    assert film(server, [frame, frame, frame]) == [1, 1, 1]


def test_a_camera_goes_on_when_its_worker_dies(server: Server, portrait: bytes) -> None:
    picture = np.array(Pillow.open(io.BytesIO(portrait)).convert("RGB"))
    frames = [encoded(frame, "JPEG") for frame in moving(picture, 4)]
    (worker,) = [
        process
        for process in psutil.Process(server.process.pid).children(recursive=True)
        if "ServeReplica" in "".join(process.cmdline())
    ]

    def one_by_one() -> Iterator[bytes]:
        yield frames[0]
        worker.kill()
        yield from frames[1:]

    assert film(server, one_by_one()) == [1, 1, 1, 1]


def test_another_sites_page_is_refused_through_ray(server: Server) -> None:
    headers = {"host": "evil.example"}
    assert httpx2.get(f"{server.url}/", headers=headers, timeout=60).status_code == 421


def test_a_second_server_on_the_port_says_so(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli.main", "serve", "--port", port],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith("choose another with --host or --port.")


def test_live_uses_the_server_that_is_there(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-m", "zoo.cli.main", "live", "-i", "ada", "--port", port]
    done = subprocess.run([*command, "--no-browser"], capture_output=True, text=True, check=False)
    assert done.stdout == f"The server is ready at {server.url}/#identity=ada&mode=camera\n"


def test_which_addresses_are_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "::1", "[::1]", "localhost", "127.8.8.8")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.0.2.1", "example.org")))
    assert address(Options(host="0.0.0.0", port=8)) == "http://localhost:8"
    assert address(Options(host="::1", certificate="c", key="k")) == "https://[::1]:8000"


def test_an_address_of_another_machine_is_refused_at_once() -> None:
    with (
        pytest.raises(UsageError, match=r"Cannot listen on 192\.0\.2\.77:8000"),
        serving(Options(host="192.0.2.77")),
    ):
        pass


def test_a_certificate_that_cannot_serve_https_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("a key")
    for options in (
        Options(certificate=str(file), key=str(file), port=8131),
        Options(certificate=str(file), port=8131),
    ):
        with pytest.raises(UsageError, match="--key"), serving(options):
            pass
