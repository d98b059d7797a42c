"""What processes that a test started take connections on, and what is answered there."""

import http.client
import ipaddress
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

_LISTEN = "0A"  # include/net/tcp_states.h
_SECONDS_BETWEEN_LOOKS = 0.05
_SECONDS_TO_ANSWER = 5.0
# One question of each of Ray's services: all of them only tell of what is there.
_QUESTIONS = (
    "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "/ray.rpc.NodeManagerService/GetNodeStats",
    "/ray.rpc.CoreWorkerService/GetCoreWorkerStats",
)
_UNKNOWN = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE)


@dataclass(frozen=True)
class Listening:
    """A TCP socket that takes connections."""

    program: str
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        address = ipaddress.ip_address(self.host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def mark(name: str) -> dict[str, str]:
    """A variable for a process's environment, by which it and all that it starts are found."""
    return {"ZOO_TEST_PROCESS": f"{name}-{os.urandom(8).hex()}"}


@contextmanager
def watched(marked: dict[str, str]) -> Iterator[set[Listening]]:
    """Looks again and again, until the block ends; what was seen up to now."""
    seen: set[Listening] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_SECONDS_BETWEEN_LOOKS):
            seen.update(listening(marked_by(marked)))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def marked_by(marked: dict[str, str]) -> list[int]:
    """The processes that carry a mark, whoever is their parent by now, and all that they began.

    (A process that names itself may write over its environment.)
    """
    ((name, value),) = marked.items()
    sign = f"{name}={value}".encode()
    parents: dict[int, int] = {}
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            process = int(folder.name)
            parents[process] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if sign in (folder / "environ").read_bytes().split(b"\0"):
                found.add(process)
        except OSError:  # it has ended, or is somebody else's
            continue
    while begun := {one for one, parent in parents.items() if parent in found} - found:
        found |= begun
    return sorted(found)


def processes_of(root: int) -> list[int]:
    """A process and all that it and they have begun."""
    found = [root]
    for process in found:  # which grows
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def listening(processes: list[int]) -> set[Listening]:
    """All TCP sockets of these processes that take connections."""
    owners: dict[str, str] = {}
    for process in processes:
        try:
            program = " ".join(Path(f"/proc/{process}/cmdline").read_text().split("\0")).strip()[
                :100
            ]
            for handle in Path(f"/proc/{process}/fd").iterdir():
                name = str(handle.readlink())
                if name.startswith("socket:["):
                    owners[name.removeprefix("socket:[").removesuffix("]")] = program
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in owners:
                host, port = fields[1].split(":")
                found.add(Listening(owners[fields[9]], _address(host), int(port, 16)))
    return found


def _address(digits: str) -> str:
    words = struct.pack(
        f"={len(digits) // 8}I", *struct.unpack(f">{len(digits) // 8}I", bytes.fromhex(digits))
    )
    return socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words)


def grpc_answers(port: int) -> set[str]:
    """How the services of Ray that are at a port answer without a token, and with a wrong one.

    Empty where there is none of them.
    """
    found = set()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for question in _QUESTIONS:
            for shown in ((), (("authorization", "Bearer wrong"),)):
                try:
                    channel.unary_unary(question)(b"", metadata=shown, timeout=_SECONDS_TO_ANSWER)
                except grpc.RpcError as error:
                    code = grpc.StatusCode(error.code())
                    found |= set() if code in _UNKNOWN else {code.name}
                else:
                    found.add("OK")
    return found


def http_answer(port: int) -> tuple[int, bytes] | None:
    """Status and beginning of the page without a token; None where nobody speaks HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS_TO_ANSWER)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read()[:200]
    except (http.client.HTTPException, OSError):
        return None
    finally:
        connection.close()
