"""Options of a server."""

import ipaddress
from dataclasses import dataclass

LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))


@dataclass(frozen=True)
class Options:
    """Address, access and limits of a server.

    Attributes:
        host: the address to bind.
        port: the port to bind.
        token: what clients must show; None lets everybody in who reaches the server.
        names: host names by which it may be addressed, besides its own address.
        certificate: a PEM file, with which it speaks https; None for http.
        key: the certificate's, a PEM file.
        registry: the address of the registry, or None when only the cache is known.
        networks: how many networks each worker keeps in memory, the least used going first.
        workers: processes that swap.
        threads: photos that one worker has under way at once.
        max_bytes: of an upload.
        max_pixels: of a photo.
        max_waiting_bytes: of all uploads together that wait for a worker.
        rate: requests per second that one client may keep up; 0 for no limit.
        burst: requests that it may make at once.
        live: cameras at the same time.
        cluster: whether the workers are on the Ray cluster that ``RAY_ADDRESS`` names; else Ray is
            started for this machine alone.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    names: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    registry: str | None = None
    networks: int = 8
    workers: int = 1
    threads: int = 2
    max_bytes: int = 25_000_000
    max_pixels: int = 50_000_000
    max_waiting_bytes: int = 500_000_000
    rate: float = 20.0
    burst: int = 100
    live: int = 4
    cluster: bool = False

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is an address of this machine that no other can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
