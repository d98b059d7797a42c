"""Where the workers of one training meet.

By default torch.distributed listens on all networks of the first worker's machine, without
authentication. If Ray runs for this machine only, the rendezvous is on loopback.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.distributed import TCPStore  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Rank:
    """The place of one worker among several that share a training."""

    rank: int
    workers: int
    host: str
    """Address and port where rank 0 waits for the others."""
    port: int

    def environment(self) -> dict[str, str]:
        """What torchrun would set, which Ray Train's local mode and torch read."""
        found = {
            "RANK": str(self.rank),
            "LOCAL_RANK": "0",  # each worker sees its own GPU only
            "WORLD_SIZE": str(self.workers),
            "LOCAL_WORLD_SIZE": "1",
            "MASTER_ADDR": self.host,
            "MASTER_PORT": str(self.port),
            "TORCHELASTIC_USE_AGENT_STORE": "True",  # rank 0's Rendezvous has opened the store
        }
        if _is_loopback(self.host):
            found |= dict.fromkeys(("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"), _loopback())
        return found


class Rendezvous:
    """A port of this machine that takes connections from now on.

    Args:
        host: this machine's address, as the other workers know it.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self._socket = _listening(host)
        self.port = int(self._socket.getsockname()[1])

    def open(self, workers: int) -> "TCPStore":
        """The store by which ``workers`` find each other, for as long as it is referred to."""
        from torch.distributed import TCPStore  # type: ignore[attr-defined]

        return TCPStore(
            self.host,
            self.port,
            workers,
            is_master=True,
            wait_for_workers=False,
            master_listen_fd=self._socket.detach(),
        )


def _listening(host: str) -> socket.socket:
    if _is_loopback(host):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, 0), family=family)
    # A node's address in its cluster need not be one of its own (containers have others).
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", 0))


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _loopback() -> str:
    """The name of the interface: ``lo`` on Linux, ``lo0`` on macOS."""
    return next(name for _, name in socket.if_nameindex() if name.startswith("lo"))
