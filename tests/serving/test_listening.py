"""Who can reach what ``zoo serve`` opens: nobody but this machine, or nobody without the secret.

Ray binds one port of each replica to all networks (``[::]:0`` in ``ray.serve._private.replica``);
it asks every caller for the token of this start.
"""

import ipaddress
import socket
import struct
from pathlib import Path

import grpc

from tests.serving.conftest import Server, processes_of

_LISTEN = "0A"  # include/net/tcp_states.h


def test_all_is_on_loopback_or_asks_for_the_secret(server: Server) -> None:
    listening = _listening(processes_of(server.process.pid))
    assert len(listening) > 5
    assert int(server.url.rpartition(":")[2]) in {
        port for host, port in listening if host == "127.0.0.1"
    }
    open_to_all = [port for host, port in listening if not _is_loopback(host)]
    assert len(open_to_all) <= 3  # the front, a worker and the library
    for port in open_to_all:
        for secret in ((), (("authorization", "Bearer wrong"),)):
            assert _answer(port, secret) == grpc.StatusCode.UNAUTHENTICATED


def _answer(port: int, metadata: tuple[tuple[str, str], ...]) -> grpc.StatusCode | None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
        try:
            call(b"", metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            return grpc.StatusCode(error.code())
    return None


def _listening(processes: list[int]) -> list[tuple[str, int]]:
    """Addresses and ports of all TCP sockets of these processes that take connections."""
    ours = set()
    for process in processes:
        for handle in Path(f"/proc/{process}/fd").iterdir():
            name = str(handle.readlink())
            if name.startswith("socket:["):
                ours.add(name.removeprefix("socket:[").removesuffix("]"))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in ours:
                host, port = fields[1].split(":")
                found.append((_address(host), int(port, 16)))
    return found


def _address(digits: str) -> str:
    words = struct.pack(
        f"={len(digits) // 8}I", *struct.unpack(f">{len(digits) // 8}I", bytes.fromhex(digits))
    )
    return socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words)


def _is_loopback(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
