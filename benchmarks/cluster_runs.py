"""Commands run on the cluster of benchmarks/cluster.py, with what they cost and a node lost."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_cluster import LocalCluster


@dataclass
class Bench:
    """What the parts share."""

    folder: Path
    cluster: LocalCluster
    kill: bool
    nodes: int

    def run(self, *command: str, on_cluster: bool, cwd: Path | None = None) -> "Ran":
        """Runs ``python COMMAND`` in processes of this machine or on the cluster."""
        own = {**self.cluster.environment, "RAY_ADDRESS": self.cluster.address}
        environment = {**os.environ, **(own if on_cluster else {})}
        begin = time.perf_counter()
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                [sys.executable, *command], env=environment, cwd=cwd, stdout=said, stderr=said
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            words = said.read()
        return Ran(process.returncode, time.perf_counter() - begin, usage, words)

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
    """A command that ended."""

    code: int
    seconds: float
    usage: resource.struct_rusage
    said: str

    @property
    def words(self) -> str:
        """What it cost."""
        cpu = self.usage.ru_utime + self.usage.ru_stime
        memory = self.usage.ru_maxrss / 1024
        return f"{self.seconds:7.1f} s, driver {cpu:5.1f} s of CPU, {memory:4.0f} MB at most"


@contextmanager
def s3(folder: Path) -> Iterator[str]:
    """The server of moto, in a process of its own."""
    code = (
        "import logging, time, pathlib\n"
        "from tests import servers\n"
        "logging.getLogger('werkzeug').setLevel(logging.ERROR)\n"
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
