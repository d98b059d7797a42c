"""``zoo serve --cluster``: what is answered at its end, and what a killed one leaves."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import batch
import httpx2
import psutil
from cluster_runs import Bench, prepared

from zoo.registry.local import cache
from zoo.storage import sha256_of

NAMES = ("ada", "bruno", "carol", "dave")
_ACTORS = (
    "import ray\n"
    "ray.init(log_to_driver=False, logging_level='ERROR')\n"
    "print(len(ray.util.list_named_actors(all_namespaces=True)))"
)


def serving(bench: Bench, arguments: argparse.Namespace) -> None:
    """One server that is told to end while it works, and one that is killed."""
    from tests.networks_on_disk import write_network
    from tests.servers import free_port

    photo = prepared(bench)[0].read_bytes()
    for place, name in enumerate(NAMES):
        network = write_network(
            bench.folder / f"{name}.onnx", 0.3 + 0.1 * place, size=64, identity=name
        )
        card = {"identity": name, "version": 1, "sha256": sha256_of(network)}
        card |= {"basis": "synthetic", "recipe": "bench", "resolution": 64, "scores": {}}

        def copy(path: Path, source: Path = network) -> None:
            shutil.copyfile(source, path)

        cache.store(batch.URI, card, copy)
        cache.remember_aliases(batch.URI, name, {"champion": 1})
    for ending in (signal.SIGTERM, signal.SIGKILL):
        port = free_port()
        process, seconds = _start(bench, port)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client:

            def swap(name: str, using: httpx2.Client = client) -> int:
                sent = {"photo": ("photo.jpg", photo)}
                answer = using.post("/api/swap", files=sent, data={"identity": name})
                return answer.status_code

            begin = time.perf_counter()
            first = Counter(swap(name) for name in NAMES * 3)
            print(
                f"serving: open after {seconds:.1f} s; one after the other "
                f"{3 * len(NAMES) / (time.perf_counter() - begin):.2f} a second, {dict(first)}",
                flush=True,
            )
            with ThreadPoolExecutor(12) as pool:
                asked = [pool.submit(swap, name) for name in NAMES * 3]
                while not any(one.done() for one in asked):
                    time.sleep(0.05)
                if ending == signal.SIGTERM:
                    process.send_signal(ending)
                    print(
                        f"  told to end: {dict(Counter(one.result() for one in asked))}", flush=True
                    )
                else:
                    answered = Counter(one.result() for one in asked)
                    print(f"  before it is killed: {dict(answered)}", flush=True)
                    for engine in psutil.Process(process.pid).children():
                        engine.kill()  # first, because it would end in order without the command
                    process.kill()
        begin = time.perf_counter()
        with suppress(subprocess.TimeoutExpired):
            process.wait(120)
        while (left := bench.run("-c", _ACTORS, on_cluster=True).said.split()[-1:]) != ["0"]:
            if time.perf_counter() - begin > 120:
                break
        print(
            f"  {ending.name}: {left} named actors left on the cluster after "
            f"{time.perf_counter() - begin:.0f} s",
            flush=True,
        )


def _start(bench: Bench, port: int) -> "tuple[subprocess.Popen[str], float]":
    own = {**os.environ, **bench.cluster.environment, "RAY_ADDRESS": bench.cluster.address}
    command = ["serve", "--cluster", "--port", str(port), "--workers", str(bench.nodes)]
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo.cli.main", *command, "--networks", "2", "--rate", "0", "-q"],
        env=own,
        text=True,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("http"), "zoo serve --cluster does not start"
    return process, time.perf_counter() - begin
