"""Ray nodes on this machine that share nothing but its cores: what a cluster is to a driver.

Each node has process ids, a temporary folder and a cache of its own, and sees an empty folder where
the driver's disk is (Linux, as root; elsewhere nodes see the disk). The head has no CPUs.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType

import psutil

from tests.servers import free_port
from zoo import local_ray

_SECONDS_TO_START = 1200.0
_RAY = str(Path(sys.executable).parent / "ray")
_PROVIDER = "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider"
"""Under this name, because Ray's wheel lacks the defaults of the one that it calls fake."""
_HEAD = "ray.head.default"
FAKE_HEAD_NODE_ID = "f" * 51 + "00000"
_AGENTS = ("dashboard-agent-grpc", "dashboard-agent-listen", "runtime-env-agent", "metrics-export")
_QUICK = (
    '{"health_check_period_ms": 1000, "health_check_failure_threshold": 12, '
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
    _starts: list[Callable[[], "subprocess.Popen[bytes]"]] = field(default_factory=list)
    _killed: set[int] = field(default_factory=set)

    def add(
        self,
        cpus: int,
        *,
        head: bool = False,
        more: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> "subprocess.Popen[bytes]":
        """Starts a node; a head perhaps with ``more`` of an environment and of Ray's options."""
        folder = mkdtemp(prefix="zoo-node-", dir="/tmp")
        self._folders.append(folder)
        place = ["--head", f"--port={self.address.rpartition(':')[2]}"]
        place += [f"--system-config={_QUICK}", "--include-dashboard=false"]
        place += [] if options else ["--no-monitor"]
        command = [_RAY, "start", "--block", "--disable-usage-stats", f"--num-cpus={cpus}"]
        command += ["--include-log-monitor=false"]
        command += [
            "--num-gpus=0",
            "--object-store-memory=300000000",
            "--node-ip-address=127.0.0.1",
        ]
        command += [f"--temp-dir={folder}/ray"]
        # Told its agents' ports, a node waits for fewer of them; it gives each 15 s by itself.
        command += [f"--{name}-port={free_port()}" for name in _AGENTS]
        command += [*place, *options] if head else [f"--address={self.address}"]
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
        environment["RAY_agent_register_timeout_ms"] = "120000"
        environment |= more or {}
        environment.pop("RAY_ADDRESS", None)

        def start() -> "subprocess.Popen[bytes]":
            with Path(folder, "log").open("ab") as log:
                return subprocess.Popen(
                    command,
                    env=environment,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

        self.nodes.append(start())
        self._starts.append(start)
        return self.nodes[-1]

    def wait_for(self, count: int) -> None:
        """Waits until so many nodes live; what ended before it was up is started again.

        Ray gives a node half a minute, which a busy machine may not have for it.
        """
        code = (
            "import ray, time\n"
            "ray.init(log_to_driver=False, logging_level='ERROR')\n"
            "until = time.monotonic() + 60\n"
            f"while sum(node['Alive'] for node in ray.nodes()) != {count}:\n"
            "    assert time.monotonic() < until\n"
            "    time.sleep(0.2)"
        )
        environment = {**os.environ, **self.environment, "RAY_ADDRESS": self.address}
        until = time.monotonic() + _SECONDS_TO_START
        command = [sys.executable, "-c", code]
        while True:
            probe = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            while probe.poll() is None:
                time.sleep(0.2)
                for place, node in enumerate(self.nodes):
                    if node.poll() is not None and node.pid not in self._killed:
                        self.nodes[place] = self._starts[place]()
            if probe.returncode == 0:
                return
            assert time.monotonic() < until, "the nodes do not come up"

    def seconds_of_cpu(self) -> list[float]:
        """CPU time that each node has used until now, the head first."""
        return [_seconds_of_cpu(node.pid) for node in self.nodes]

    def kill(self, node: "subprocess.Popen[bytes]") -> None:
        """SIGKILL to all processes of a node at once."""
        self._killed.add(node.pid)
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
    environment = local_ray.environment()
    cluster = LocalCluster(f"127.0.0.1:{free_port()}", environment, hidden)
    try:
        cluster.add(0, head=True)
        cluster.wait_for(1)
        for count, cpus in enumerate(workers, 2):  # one by one: each start takes a core
            cluster.add(cpus)
            cluster.wait_for(count)
        yield cluster
    finally:
        cluster.end()


@contextmanager
def growing_cluster(
    kinds: Mapping[str, tuple[int, int]], *, version: int = 2, idle_minutes: float = 0.5
) -> Iterator[LocalCluster]:
    """A head without CPUs whose autoscaler starts and ends nodes, and no others at first.

    The nodes are processes of Ray's autoscaler ("fake multi-node"), in the head's process ids and
    on its disk: all end with the head.

    Args:
        kinds: CPUs of each kind of node, and how many there may be.
        version: of the autoscaler.
        idle_minutes: after which a node without work is ended.
    """
    environment = local_ray.environment()
    cluster = LocalCluster(f"127.0.0.1:{free_port()}", environment, ())
    folder = mkdtemp(prefix="zoo-autoscaler-", dir="/tmp")
    types = {
        name: {
            "resources": {"CPU": cpus, "object_store_memory": 300_000_000},
            "node_config": {},
            "min_workers": 0,
            "max_workers": most,
        }
        for name, (cpus, most) in kinds.items()
    }
    types[_HEAD] = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}
    config = {
        "cluster_name": "zoo",
        "max_workers": 100,
        "idle_timeout_minutes": idle_minutes,
        "provider": {
            "type": "external",
            "module": _PROVIDER,
            "gcs_address": cluster.address,
            "launch_multiple": True,
            "head_node_id": FAKE_HEAD_NODE_ID,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "head_node_type": _HEAD,
        "available_node_types": types,
        "auth": {},
        "upscaling_speed": 10,
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
        "initialization_commands": [],
        **{f"{who}setup_commands": [] for who in ("", "head_", "worker_")},
        **{f"{who}_start_ray_commands": [] for who in ("head", "worker")},
    }
    place = Path(folder, "autoscaler.json")
    place.write_text(json.dumps(config))
    more = {
        "RAY_FAKE_CLUSTER": "1",
        "RAY_NODE_TYPE_NAME": _HEAD,
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # its nodes take loopback by themselves
    }
    if version == 2:
        more |= {
            "RAY_enable_autoscaler_v2": "1",
            "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
            "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
        }
    try:
        cluster.add(0, head=True, more=more, options=[f"--autoscaling-config={place}"])
        cluster.wait_for(1)
        yield cluster
    finally:
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)


def ending_in_order() -> None:
    """Has SIGTERM end this process as Ctrl-C does, and its clusters with it."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


def _seconds_of_cpu(pid: int) -> float:
    """Of a process and all below it, also those that have ended and were waited for."""
    try:
        top = psutil.Process(pid)
        found = [top, *top.children(recursive=True)]
    except psutil.Error:
        return 0.0
    seconds = 0.0
    for process in found:
        with suppress(psutil.Error):
            seconds += sum(process.cpu_times()[:4])
    return seconds
