"""A proxy between a client and a real HTTP server that breaks what passes, as it is told."""

import http.client
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fault:
    """What happens to one request in place of being answered as the server does.

    Attributes:
        status: answered without asking the server, with ``body``.
        body: of that answer.
        reset: the connection is reset, after the request has come.
        keep: the answer's body is cut after so many bytes and the connection reset.
        wait: seconds before anything happens.
        flip: a bit of the answer's body at this byte is turned.
    """

    status: int = 0
    body: str = ""
    reset: bool = False
    keep: int | None = None
    wait: float = 0.0
    flip: int | None = None


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    range: str | None


@dataclass
class FaultyProxy:
    """Where the proxy listens; the faults to come, one per matching request; what came."""

    upstream: str
    url: str = ""
    faults: deque[tuple[Callable[[Seen], bool], Fault]] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    down_until: float = 0.0

    def next(self, *faults: Fault, method: str = "", path: str = "") -> None:
        """Plans ``faults`` for the next requests of this method whose path holds ``path``."""

        def concerns(seen: Seen) -> bool:
            return method in ("", seen.method) and path in seen.path

        self.faults.extend((concerns, fault) for fault in faults)

    def go_down(self, seconds: float) -> None:
        """From now on every connection is reset, for so long."""
        self.down_until = time.monotonic() + seconds

    def take(self, seen: Seen) -> Fault | None:
        """The fault for a request."""
        self.seen.append(seen)
        if time.monotonic() < self.down_until:
            return Fault(reset=True)
        for index, (concerns, fault) in enumerate(self.faults):
            if concerns(seen):
                del self.faults[index]
                return fault
        return None


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """Runs a proxy in front of the server at ``upstream``."""
    proxy = FaultyProxy(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    host = urlsplit(proxy.upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self._body()
            fault = proxy.take(Seen(self.command, self.path, self.headers.get("Range"))) or Fault()
            time.sleep(fault.wait)
            if fault.reset:
                self._reset()
            elif fault.status:
                self._answer(fault.status, {"Content-Type": "application/xml"}, fault.body.encode())
            else:
                self._pass_on(body, fault)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = serve

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _pass_on(self, body: bytes, fault: Fault) -> None:
            left_out = {"transfer-encoding", "connection", "expect", "content-length"}
            headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
            connection = http.client.HTTPConnection(host, timeout=60)
            try:
                connection.request(
                    self.command, self.path, body, {**headers, "Content-Length": str(len(body))}
                )
                answer = connection.getresponse()
                content = answer.read()
            except OSError:
                self._reset()
                return
            finally:
                connection.close()
            if fault.flip is not None:
                flipped = bytearray(content)
                flipped[fault.flip] ^= 1
                content = bytes(flipped)
            self._answer(answer.status, dict(answer.getheaders()), content, fault.keep)

        def _answer(
            self, status: int, headers: dict[str, str], content: bytes, keep: int | None = None
        ) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(b"" if self.command == "HEAD" else content[:keep])
            if keep is not None and keep < len(content):
                self.wfile.flush()
                time.sleep(0.05)  # so that what was sent is not overtaken by the reset
                self._reset()

        def _reset(self) -> None:
            """Closes with RST, as a machine that is gone does."""
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        def handle(self) -> None:
            with suppress(ConnectionError):  # clients hang up when they have seen enough
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
