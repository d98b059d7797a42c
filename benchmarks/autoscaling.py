"""A Ray cluster that starts without workers: what its autoscaler starts, and what is refused.

Ray's own autoscaler starts and ends nodes as processes of this machine
(benchmarks/local_cluster.py); photos and stages are given to a cluster that has none at first, a
node is killed in the middle, and what no node can hold is asked for. Usage:

    python benchmarks/autoscaling.py [--versions 2 1] [--photos 200] [--nodes 2]
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT), str(ROOT / "benchmarks")]

import batch  # noqa: E402
import psutil  # noqa: E402
from cluster_runs import Bench, prepared  # noqa: E402
from local_cluster import LocalCluster, ending_in_order, growing_cluster  # noqa: E402

_REFUSED = (
    "from zoo.cluster.joining import connected\n"
    "from zoo.training.ray.worker_groups import WorkerGroups\n"
    "with connected() as ray: WorkerGroups(ray, 64, 0, 1).check()"
)
_COUNT = (
    "import ray, time\n"
    "ray.init(log_to_driver=False, logging_level='ERROR')\n"
    "until = time.monotonic() + {seconds}\n"
    "while (n := sum(one['Alive'] for one in ray.nodes())) > {most} and time.monotonic() < until:\n"
    "    time.sleep(0.5)\n"
    "print(n)"
)


def main() -> None:
    """Start, swap, kill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, nargs="+", default=[2, 1], help="of the autoscaler")
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=2, help="of one CPU, at most")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="autoscaling-"))
    os.environ |= {"ZOO_CACHE": f"{folder}/cache", "ZOO_DATA": f"{folder}/data"}
    os.environ["MLFLOW_TRACKING_URI"] = batch.URI
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "platform"), str(ROOT)])
    os.environ.pop("RAY_ADDRESS", None)
    ending_in_order()
    (folder / "requests").touch()
    try:
        for version in arguments.versions:
            kinds = {"small": (1, arguments.nodes)}
            with growing_cluster(kinds, version=version) as cluster:
                print(f"autoscaler {version}; load {os.getloadavg()[0]:.1f}", flush=True)
                trial(Bench(folder, cluster, False, arguments.nodes), arguments.photos, version)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def trial(bench: Bench, count: int, version: int) -> None:
    """All for one cluster."""
    if version == 2:  # the other does not answer
        ran = bench.run("-c", _REFUSED, on_cluster=True)
        print(f"  refused in {ran.seconds:.1f} s: {ran.said.strip().splitlines()[-1]}", flush=True)
    given = bench.folder / "given"
    if not given.is_dir():
        given.mkdir()
        renders = prepared(bench)
        for number in range(count):
            shutil.copyfile(renders[number % len(renders)], given / f"{number:05}.jpg")
    out = bench.folder / f"out-{version}"
    command = ["-m", "zoo.cli.main", "swap", "-i", "bench", str(given), "-o", str(out), "-q"]
    over, began = threading.Event(), time.perf_counter()

    def lose_a_node() -> None:
        first = 0.0
        while not over.wait(0.1):
            done = len(list(out.glob("*.jpg"))) if out.is_dir() else 0
            if done and not first:
                first = time.perf_counter() - began
                print(f"  the first photo after {first:.1f} s", flush=True)
            if done > count // 3 and kill_a_node(bench.cluster):
                print(f"  a node was killed after {done} photos", flush=True)
                return

    thread = threading.Thread(target=lose_a_node)
    thread.start()
    ran = bench.run(*command, on_cluster=True)
    over.set()
    thread.join()
    if ran.code:
        raise SystemExit(ran.said[-4000:])
    made = len(list(out.glob("*.jpg")))
    half = [path.name for path in out.iterdir() if path.suffix != ".jpg"]
    print(f"  {made} of {count} photos, exit code {ran.code}, {ran.words}; else there: {half}")
    left = bench.run("-c", _COUNT.format(most=1, seconds=150), on_cluster=True)
    print(
        f"  nodes left when idle: {left.said.split()[-1]} (after {left.seconds:.0f} s)", flush=True
    )


def kill_a_node(cluster: LocalCluster) -> bool:
    """SIGKILL to the raylet that was started last, and to all below it."""
    below = psutil.Process(cluster.nodes[0].pid).children(recursive=True)
    raylets = [one for one in below if one.name() == "raylet"]
    if len(raylets) < 2:  # the head's own
        return False
    last = max(raylets, key=psutil.Process.create_time)
    for process in [last, *last.children(recursive=True)]:
        process.kill()
    return True


if __name__ == "__main__":
    main()
