"""Ray nodes on this machine that share nothing but its cores: what a cluster is to a driver.

Each node has process ids, a temporary folder and a cache of its own, and sees an empty folder where
the driver's disk is (Linux, as root; elsewhere nodes see the disk). The head has no CPUs.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from zoo import local_ray

_SECONDS_TO_START = 120.0
_RAY = str(Path(sys.executable).parent / "ray")
_QUICK = (
    '{"health_check_period_ms": 1000, "health_check_failure_threshold": 5, '
    '"health_check_initial_delay_ms": 0}'
)


@dataclass
class LocalCluster:
    """One that runs.

    Attributes:
        address: for ``RAY_ADDRESS``.
        environment: what else a driver must set.
        nodes: their processes, the head first.
    """

    address: str
    environment: dict[str, str]
    _hidden: Sequence[Path]
    nodes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _folders: list[str] = field(default_factory=list)

    def add(self, cpus: int, *, head: bool = False) -> "subprocess.Popen[bytes]":
        """Starts a node."""
        folder = mkdtemp(prefix="zoo-node-", dir="/tmp")
        self._folders.append(folder)
        place = ["--head", f"--port={self.address.rpartition(':')[2]}"]
        place += [f"--system-config={_QUICK}", "--include-dashboard=false"]
        command = [_RAY, "start", "--block", "--disable-usage-stats", f"--num-cpus={cpus}"]
        command += [
            "--num-gpus=0",
            "--object-store-memory=300000000",
            "--node-ip-address=127.0.0.1",
        ]
        command += [f"--temp-dir={folder}/ray"]
        command += place if head else [f"--address={self.address}"]
        script = "exec " + " ".join(f"'{word}'" for word in command)
        if sys.platform == "linux" and os.geteuid() == 0:
            hide = "".join(
                f"mount -t tmpfs tmpfs '{path}' && " for path in self._hidden if not head
            )
            command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            command += ["sh", "-c", hide + script]
        own = {"TMPDIR": folder, "ZOO_CACHE": f"{folder}/cache", "ZOO_DATA": f"{folder}/data"}
        if head:  # where the driver works
            own = {"TMPDIR": folder}
        environment = {**os.environ, **self.environment, **own}
        environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = (
            "1"  # several nodes; loopback is told above
        )
        environment.pop("RAY_ADDRESS", None)
        with Path(folder, "log").open("wb") as log:
            node = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.nodes.append(node)
        return node

    def wait_for(self, count: int) -> None:
        """Waits until so many nodes live."""
        code = (
            "import ray, sys, time\n"
            "ray.init(log_to_driver=False, logging_level='ERROR')\n"
            f"while sum(node['Alive'] for node in ray.nodes()) != {count}: time.sleep(0.2)"
        )
        environment = {**os.environ, **self.environment, "RAY_ADDRESS": self.address}
        until = time.monotonic() + _SECONDS_TO_START
        while subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode:
            assert time.monotonic() < until, "the nodes do not come up"

    def kill(self, node: "subprocess.Popen[bytes]") -> None:
        """SIGKILL to all processes of a node at once."""
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def end(self) -> None:
        """Kills what runs, and removes what it wrote."""
        for node in reversed(self.nodes):
            if node.poll() is None:
                self.kill(node)
        time.sleep(0.5)
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def local_cluster(workers: Sequence[int], hidden: Sequence[Path] = ()) -> Iterator[LocalCluster]:
    """A head without CPUs, and nodes with so many each.

    Args:
        workers: CPUs of each node.
        hidden: folders that only the driver's node sees.
    """
    from tests.servers import free_port

    environment = local_ray.environment()
    cluster = LocalCluster(f"127.0.0.1:{free_port()}", environment, hidden)
    try:
        cluster.add(0, head=True)
        cluster.wait_for(1)
        for cpus in workers:
            cluster.add(cpus)
        cluster.wait_for(1 + len(workers))
        yield cluster
    finally:
        cluster.end()
