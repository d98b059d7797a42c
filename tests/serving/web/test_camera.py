"""A camera's frames, their order, and how it ends."""

import asyncio
import io
import json
import struct
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import ClassVar

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Pillow
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.serving.conftest import REGISTRY, encoded
from tests.serving.web.conftest import HERE, SOCKET, InProcess, ask
from zoo.faces.video.tracker import Tracker
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE
from zoo.serving.deployment.backend import Chosen
from zoo.serving.live_frames import RATE, Following, Frame
from zoo.serving.options import Options
from zoo.serving.web import api
from zoo.serving.web.listener import Listener, bind


def test_frames_come_back_swapped_and_marked(client: TestClient, portrait: bytes) -> None:
    with Pillow.open(io.BytesIO(portrait)) as picture:
        frame = encoded(np.asarray(picture.convert("RGB")), "JPEG")
    with client.websocket_connect(
        f"{SOCKET}/api/live?identity=ada", headers={"origin": HERE}
    ) as socket:
        for number in (7, 8):
            socket.send_bytes(struct.pack(">I", number) + frame)
            answer = socket.receive_bytes()
            assert struct.unpack_from(">IHB", answer)[::2] == (number, 1)
            assert DIGITAL_SOURCE_TYPE.encode() in answer
            with Pillow.open(io.BytesIO(answer[7:])) as swapped:
                assert swapped.size == (320, 320)
        empty = encoded(np.full((240, 320, 3), 90, np.uint8), "JPEG")
        socket.send_bytes(struct.pack(">I", 9) + empty)
        assert struct.unpack(">IHB", socket.receive_bytes())[::2] == (9, 0)


def test_the_next_frame_is_tracked_while_one_is_swapped(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))

    class Waiting(InProcess):
        """Swaps a frame only once the next one has been tracked after it."""

        tracked: ClassVar[list[int | None]] = []

        async def frame(
            self, jpeg: bytes, chosen: Chosen, following: Following | None
        ) -> AsyncIterator[Following | Frame]:
            number = len(self.tracked)
            self.tracked.append(following.track if following else None)
            yield Following(Tracker(RATE), track=number)
            async with asyncio.timeout(20):
                while len(self.tracked) < min(3, number + 2):
                    await asyncio.sleep(0.01)
            yield Frame(b"%d" % number, 0.0)

    given = Options(registry=REGISTRY, rate=0.0)
    client = TestClient(api.create(Waiting(network, given), given), base_url=HERE)
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        for number in range(2):
            socket.send_bytes(struct.pack(">I", number) + b"a frame")
            time.sleep(0.1)  # else the second would take the place of the first
        assert socket.receive_bytes()[7:] == b"0"
        socket.send_bytes(struct.pack(">I", 2) + b"a frame")
        assert [socket.receive_bytes()[7:] for _ in range(2)] == [b"1", b"2"]
    assert Waiting.tracked == [None, 0, 1]  # each with what the one before it gave


def test_a_frame_that_is_passed_over_is_answered_at_once(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    swap = threading.Event()

    class Slow(InProcess):
        """Tracks, and swaps when it is told to."""

        async def frame(
            self, jpeg: bytes, chosen: Chosen, following: Following | None
        ) -> AsyncIterator[Following | Frame]:
            yield Following(Tracker(RATE))
            await asyncio.to_thread(swap.wait, 20)
            yield Frame(jpeg, 0.0)

    given = Options(registry=REGISTRY, rate=0.0)
    client = TestClient(api.create(Slow(network, given), given), base_url=HERE)
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        for number in range(6):  # three are under way, and the last passes over two
            socket.send_bytes(struct.pack(">I", number) + b"frame %d" % number)
            time.sleep(0.1)
        for number in (3, 4):
            assert socket.receive_bytes() == struct.pack(">IHB", number, 0, 2)
        swap.set()
        for number in (0, 1, 2, 5):
            answer = socket.receive_bytes()
            assert struct.unpack_from(">IHB", answer)[::2] == (number, 1)
            assert answer[7:] == b"frame %d" % number
    assert 'zoo_live_frames_total{kind="passed over"} 2.0' in client.get("/metrics").text


def test_a_client_that_sends_and_does_not_read_gives_its_place_back(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    for name in ("SECONDS_IDLE", "_SECONDS_TO_CLOSE"):
        monkeypatch.setattr(f"zoo.serving.web.camera.{name}", 0.5)

    class Large(InProcess):
        """Large answers, which soon fill what a connection holds."""

        async def frame(
            self, jpeg: bytes, chosen: Chosen, following: Following | None
        ) -> AsyncIterator[Following | Frame]:
            yield Following(Tracker(RATE))
            yield Frame(bytes(1_000_000), 0.0)

    async def flood(socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            for number in count():
                await socket.send(struct.pack(">I", number) + b"a frame")
                await asyncio.sleep(0.001)

    async def served() -> None:
        given = Options(registry=REGISTRY, rate=0.0, port=0)
        bound = bind(given)
        here = f"127.0.0.1:{bound.getsockname()[1]}"
        listener = Listener(api.create(Large(network, given), given), given, bound)
        await listener.open()
        async with asyncio.timeout(40), httpx2.AsyncClient() as client:
            socket = await connect(f"ws://{here}/api/live?identity=ada", max_queue=1)
            flooding = asyncio.create_task(flood(socket))
            for cameras in ("1.0", "0.0"):
                while (
                    f"zoo_live_sessions {cameras}"
                    not in (await client.get(f"http://{here}/metrics")).text
                ):
                    await asyncio.sleep(0.05)
            flooding.cancel()
            socket.transport.abort()
        await listener.close()

    asyncio.run(served())


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\0\0\0\1not a jpeg", "not a JPEG"),
        (b"\0", "binary message"),
        (bytes(1_600_000), "1500000"),
        (b"\0\0\0\1" + encoded(np.zeros((1300, 1300, 3), np.uint8), "JPEG"), "1300x1300"),
        ("text", "binary message"),
    ],
)
def test_what_is_no_frame_ends_the_camera_with_a_sentence(
    client: TestClient, message: bytes | str, words: str
) -> None:
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        if isinstance(message, str):
            socket.send_text(message)
        else:
            socket.send_bytes(message)
        assert words in json.loads(socket.receive_text())["detail"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


@pytest.mark.parametrize("message", [b"\0\0\0\2not a jpeg", bytes(1_600_000)])
def test_frames_before_an_invalid_one_are_answered(
    client: TestClient, portrait: bytes, message: bytes
) -> None:
    with Pillow.open(io.BytesIO(portrait)) as picture:
        frame = encoded(np.asarray(picture.convert("RGB")), "JPEG")
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        socket.send_bytes(struct.pack(">I", 1) + frame)
        time.sleep(0.1)  # else the second may take the place of the first
        socket.send_bytes(message)
        assert struct.unpack_from(">IHB", socket.receive_bytes())[::2] == (1, 1)
        assert json.loads(socket.receive_text())["status"] == 422
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


@pytest.mark.timeout(60)
def test_a_client_is_watched_after_an_invalid_frame_too(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    monkeypatch.setattr("zoo.serving.web.camera.SECONDS_IDLE", 0.5)

    class Hanging(InProcess):
        """Never swaps, so that the error's turn does not come."""

        async def frame(
            self, jpeg: bytes, chosen: Chosen, following: Following | None
        ) -> AsyncIterator[Following | Frame]:
            yield Following(Tracker(RATE))
            await asyncio.Event().wait()
            yield Frame(None, 0.0)

    given = Options(registry=REGISTRY, rate=0.0)
    client = TestClient(api.create(Hanging(network, given), given), base_url=HERE)
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        socket.send_bytes(b"\0\0\0\1a frame")
        time.sleep(0.1)
        socket.send_bytes(b"\0")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()
    assert "zoo_live_sessions 0.0" in client.get("/metrics").text


def test_a_camera_for_nobody_or_too_many_is_refused(network: Path, client: TestClient) -> None:
    with client.websocket_connect(f"{SOCKET}/api/live?identity=adda") as socket:
        assert "did you mean ada" in json.loads(socket.receive_text())["detail"]
    with ask(network, live=0).websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        assert json.loads(socket.receive_text())["status"] == 503
