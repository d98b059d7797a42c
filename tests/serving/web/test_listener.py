"""What a connection may hold up, and for how long: over real sockets, without Ray."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect

from zoo.serving.options import Options
from zoo.serving.web import listener
from zoo.serving.web.listener import Listener, bind

_SECONDS = 0.4
_REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
Client = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers a GET with 4 MB at ``/large``, else with what was sent; echoes over a WebSocket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] != "websocket.disconnect":
            if "text" in event:
                await send({"type": "websocket.send", "text": event["text"]})
        return
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        body, more = body + event.get("body", b""), event.get("more_body", False)
    if scope["path"] == "/large":
        body = bytes(4_000_000)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, len(body) or 1, 1_000_000):
        part = body[start : start + 1_000_000]
        more = start + 1_000_000 < len(body)
        await send({"type": "http.response.body", "body": part, "more_body": more})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Client, int], Any]], None]:
    """Runs what it is given with a way to connect, and the port."""
    monkeypatch.setattr(listener, "SECONDS_FOR_HEADERS", _SECONDS)
    monkeypatch.setattr(listener, "SECONDS_TO_TAKE", _SECONDS)

    def run(test: Callable[[Client, int], Any]) -> None:
        async def all_of_it() -> None:
            bound = bind(Options(port=0))
            port = bound.getsockname()[1]
            opened = Listener(app, Options(), bound)
            await opened.open()
            writers: list[asyncio.StreamWriter] = []

            async def client() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
                writers.append(writer)
                return reader, writer

            try:
                async with asyncio.timeout(20):
                    await test(client, port)
            finally:
                for writer in writers:
                    writer.transport.abort()
                await opened.close()

        asyncio.run(all_of_it())

    return run


async def answered(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    (length,) = (line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    return await reader.readexactly(int(length.split()[1]))


async def seconds_until_closed(reader: asyncio.StreamReader) -> float:
    started = time.monotonic()
    try:
        while await reader.read(2**16):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - started


@pytest.mark.parametrize("sent", [b"", b"GET / HT", _REQUEST[:-2]])
def test_headers_that_never_end_do_not_keep_a_connection(run: Any, sent: bytes) -> None:
    async def test(client: Client, port: int) -> None:
        reader, writer = await client()
        writer.write(sent)
        other, its = await client()
        its.write(_REQUEST)
        assert await answered(other) == b""
        assert _SECONDS / 2 < await seconds_until_closed(reader) < 10 * _SECONDS

    run(test)


def test_a_byte_now_and_then_does_not_keep_a_connection(run: Any) -> None:
    async def test(client: Client, port: int) -> None:
        reader, writer = await client()
        writer.write(_REQUEST)
        await answered(reader)
        await asyncio.sleep(1.5 * _SECONDS)  # idle between two requests it may be longer
        closed = asyncio.create_task(seconds_until_closed(reader))
        for byte in (_REQUEST * 3)[: len(_REQUEST) - 2]:
            writer.write(bytes([byte]))
            await asyncio.sleep(_SECONDS / 10)
            if closed.done():
                break
        assert await closed < 10 * _SECONDS

    run(test)


def test_a_body_may_take_longer_than_headers(run: Any) -> None:
    async def test(client: Client, port: int) -> None:
        reader, writer = await client()
        writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\n")
        for _ in range(3):
            await asyncio.sleep(_SECONDS)
            writer.write(b"x")
        assert await answered(reader) == b"xxx"

    run(test)


def test_a_camera_may_stay(run: Any) -> None:
    async def test(client: Client, port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/") as socket:
            await asyncio.sleep(2 * _SECONDS)
            await socket.send("still here")
            assert await socket.recv() == "still here"

    run(test)


def test_who_does_not_take_an_answer_is_left(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(client: Client, port: int) -> None:
        reader, writer = await client()
        writer.write(_REQUEST.replace(b"/ ", b"/large ", 1) * 8)
        await asyncio.sleep(3 * _SECONDS)
        took = 0
        try:
            while part := await reader.read(2**20):
                took += len(part)
        except ConnectionError:
            pass
        assert took < 8 * 4_000_000

    run(test)


def test_with_too_many_connections_the_longest_waiting_goes(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(listener, "SECONDS_FOR_HEADERS", 60)

    async def test(client: Client, port: int) -> None:
        busy, its = await client()
        its.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\n")
        waiting = [await client() for _ in range(3)]
        assert await seconds_until_closed(waiting[0][0]) < 10
        waiting[2][1].write(_REQUEST)
        assert await answered(waiting[2][0]) == b""
        its.write(b"abc")
        assert await answered(busy) == b"abc"

    run(test)
