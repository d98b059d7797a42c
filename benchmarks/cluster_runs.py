"""Commands of a benchmark, run by processes of this machine or by a cluster on it."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batch
from local_cluster import LocalCluster


@dataclass
class Bench:
    """What the parts share.

    Attributes:
        folder: on the driver's disk, which nodes do not see.
        cluster: that runs.
        kill: whether a node is to be lost in the middle.
        nodes: how many have a CPU.
    """

    folder: Path
    cluster: LocalCluster
    kill: bool
    nodes: int

    def run(
        self,
        *command: str,
        on_cluster: bool,
        cwd: Path | None = None,
        also: Mapping[str, str] | None = None,
    ) -> "Ran":
        """Runs ``python COMMAND`` in processes of this machine or on the cluster.

        Args:
            command: what follows ``python``.
            on_cluster: whether ``RAY_ADDRESS`` is set.
            cwd: the working folder.
            also: more of the environment.
        """
        own = {**self.cluster.environment, "RAY_ADDRESS": self.cluster.address}
        environment = {**os.environ, **(own if on_cluster else {}), **(also or {})}
        asked, worked = self.requests(), self.cluster.seconds_of_cpu()
        begin = time.perf_counter()
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                [sys.executable, *command], env=environment, cwd=cwd, stdout=said, stderr=said
            )
            try:
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:  # it would work on without us
                process.terminate()
                process.wait()
                raise
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - begin
            said.seek(0)
            words = said.read()
        nodes = self.cluster.seconds_of_cpu()
        gained = [now - before for now, before in zip(nodes, worked, strict=False)]
        return Ran(process.returncode, seconds, usage, words, self.requests() - asked, gained)

    def requests(self) -> Counter[str]:
        """What S3 was asked for until now, by method."""
        return Counter((self.folder / "requests").read_text().split())

    @contextmanager
    def losing_a_node(self, when: Callable[[], bool]) -> Iterator[None]:
        """Kills the last node once, when ``when`` says so; another takes its place afterwards."""
        if not self.kill:
            yield
            return
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.1):
                if when():
                    self.cluster.kill(self.cluster.nodes[-1])
                    print("  a node was killed", flush=True)
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if self.cluster.nodes[-1].poll() is not None:
            self.cluster.add(1)
            self.cluster.wait_for(1 + self.nodes)


@dataclass
class Ran:
    """A command that ended.

    Attributes:
        code: its exit code.
        seconds: of wall time.
        usage: of the command and the processes that it started itself: of the driver.
        said: on stdout and stderr.
        requests: to S3, by method, of whoever made them.
        nodes: seconds of CPU time that each node used meanwhile, the head first.
    """

    code: int
    seconds: float
    usage: resource.struct_rusage
    said: str
    requests: Counter[str]
    nodes: list[float]

    @property
    def driver(self) -> float:
        """Seconds of CPU time."""
        return self.usage.ru_utime + self.usage.ru_stime

    @property
    def words(self) -> str:
        """What it cost."""
        memory = self.usage.ru_maxrss / 1024
        nodes = " + ".join(f"{seconds:.1f}" for seconds in self.nodes)
        return (
            f"{self.seconds:7.1f} s; CPU time of the driver {self.driver:.1f} s, of nodes {nodes} "
            f"s; driver's memory at most {memory:.0f} MB"
        )


@contextmanager
def s3(folder: Path, latency: float = 0.0) -> Iterator[str]:
    """The server of moto, in a process of its own, which writes down each request's method.

    Args:
        folder: of its notes.
        latency: seconds that each answer waits: moto answers at once, a store far away does not.
    """
    code = (
        "import logging, time, pathlib\n"
        "from tests import servers\n"
        f"asked = open('{folder}/requests', 'a', buffering=1)\n"
        "class Count(logging.Handler):\n"
        "    def filter(self, record):\n"  # comes before the answer, and holds no lock
        f"        time.sleep({latency})\n"
        "        return True\n"
        "    def emit(self, record):\n"
        "        said = record.getMessage().split('\"')\n"
        "        if len(said) > 1: print(said[1].split()[0], file=asked)\n"
        "log = logging.getLogger('werkzeug')\n"
        "log.setLevel(logging.INFO)\n"
        "log.handlers, log.propagate = [Count()], False\n"
        "with servers.s3() as url:\n"
        f"    pathlib.Path('{folder}/s3').write_text(url)\n"
        "    time.sleep(1e9)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", code])
    try:
        while not (folder / "s3").is_file() or not (folder / "s3").read_text():
            time.sleep(0.1)
        yield (folder / "s3").read_text()
    finally:
        server.kill()
        server.wait()


def prepared(bench: Bench) -> list[Path]:
    """A network in the registry's cache, and rendered photos."""
    from tests.networks_on_disk import write_network

    renders = bench.folder / "renders"
    if not renders.is_dir():
        batch.RENDERED, batch.SIDE = 8, 256
        batch.render(renders)
        batch.register(write_network(bench.folder / "network.onnx", 0.5, size=64))
    return sorted(renders.iterdir())


def client() -> Any:
    """A client of S3."""
    from zoo.s3.client import connect

    return connect()


def keys(store: Any, prefix: str) -> list[str]:
    """Of all objects below a prefix."""
    pages = store.get_paginator("list_objects_v2").paginate(Bucket="zoo", Prefix=f"{prefix}/")
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
