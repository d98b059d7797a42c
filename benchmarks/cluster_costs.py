"""What a cluster costs its driver, and where it stops growing: a model, and runs to check it.

The model is a rate for each thing that all work passes through: the workers, the driver's CPU, the
head's network, S3, MLflow. The slowest is the first bottleneck. ``--check`` runs tasks that only
wait on 1, 2 and 4 Ray nodes of this machine, so that its cores are not what is measured, and
compares wall times with the model's. Usage:

    python benchmarks/cluster_costs.py [--check] [--nodes 1 2 4] [--slots 2] [--tasks 60]
                                       [--seconds 0.5] [--driver-ms 1.0]
"""

import argparse
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT), str(ROOT / "benchmarks")]

NETWORK = 1.25e9  # bytes a second, of the head: 10 Gbit/s
S3_READS, S3_WRITES = 5500.0, 3500.0  # a second for one prefix, as AWS documents it
NOTARY_MS = 1.0  # CPU time of a signature (benchmarks/cluster.py overhead)
LATENCY = 0.003  # seconds between a task's end and the next one's start in its worker


@dataclass(frozen=True)
class Work:
    """What many items cost.

    Attributes:
        name: in words.
        items: how many.
        seconds: of one worker for an item.
        per_task: items of a task.
        driver_ms: CPU time of the driver for a task.
        head_bytes: of an item, through the driver's machine.
        reads: requests to S3 of an item that read.
        writes: likewise, that write.
        notary_ms: of the process beside the driver that signs, for an item.
        mlflow_ms: of MLflow's server for an item; a server with one database does one at a time.
    """

    name: str
    items: int
    seconds: float
    per_task: int = 1
    driver_ms: float = 1.0
    head_bytes: float = 0.0
    reads: float = 0.0
    writes: float = 0.0
    notary_ms: float = 0.0
    mlflow_ms: float = 0.0

    def rates(self, workers: int) -> dict[str, float]:
        """Items a second that each thing could do alone."""
        costs = {
            "the driver's CPU": self.driver_ms / 1000 / self.per_task,
            "the head's network": self.head_bytes / NETWORK,
            "S3's reads of a prefix": self.reads / S3_READS,
            "S3's writes of a prefix": self.writes / S3_WRITES,
            "the notary": self.notary_ms / 1000,
            "MLflow's database": self.mlflow_ms / 1000,
        }
        busy = (self.seconds * self.per_task + LATENCY) / self.per_task
        return {
            "the workers": workers / busy,
            **{name: 1 / cost for name, cost in costs.items() if cost},
        }

    def wall(self, workers: int) -> float:
        """Seconds for all items; the last ones leave workers idle."""
        tasks = math.ceil(self.items / self.per_task)
        waves = math.ceil(tasks / workers) * (self.seconds * self.per_task + LATENCY)
        rates = self.rates(workers)
        rates.pop("the workers")
        return max(waves, self.items / min(rates.values(), default=math.inf))


# Measured with cluster.py, batch.py, fanout.py and scale.py; docs/scaling.md has the runs.
WORKS = (
    Work("photos in S3", 1_000_000, 0.1, 16, 1.0, 300, 2.0, 1.0, notary_ms=NOTARY_MS),
    Work("photos on the driver's disk, 1 MB", 1_000_000, 0.1, 16, 34, 2e6, notary_ms=NOTARY_MS),
    Work("align, 60 photos of 0.3 MB", 10_000, 20, 1, 37, 18e6),
    Work("train (quick)", 10_000, 212, 1, 60, 16e6, mlflow_ms=80),
    Work("evaluate", 10_000, 10, 1, 24, 12e6),
    Work("register, on the head", 10_000, 0, 1, 180, 0, mlflow_ms=180),
)


def main() -> None:
    """Check, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--slots", type=int, default=2, help="of a node")
    parser.add_argument("--tasks", type=int, default=60, help="of a slot")
    parser.add_argument("--seconds", type=float, default=0.5, help="that a task waits")
    parser.add_argument("--driver-ms", type=float, default=1.0, help="of a task that does nothing")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments)
    print("| work | workers | wall time | items a second | first bottleneck | next |")
    print("|---|---|---|---|---|---|")
    for work in WORKS:
        for workers in (100, 1000):
            print(row(work, workers))


def row(work: Work, workers: int) -> str:
    """A line of the table."""
    (first, rate), *others = sorted(work.rates(workers).items(), key=lambda one: one[1])
    following = f"{others[0][0]} at {others[0][1]:,.0f}/s" if others else ""
    hours = work.wall(workers) / 3600
    took = f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"
    name = f"{work.items:,} {work.name}"
    return f"| {name} | {workers} | {took} | {rate:,.1f} | {first} | {following} |"


def check(arguments: argparse.Namespace) -> None:
    """Runs, beside what the model says."""
    from local_cluster import ending_in_order, local_cluster

    ending_in_order()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "platform"), str(ROOT)])
    os.environ.pop("RAY_ADDRESS", None)
    print("| nodes | workers | tasks | measured | model | driver's CPU for a task |")
    print("|---|---|---|---|---|---|")
    for nodes in arguments.nodes:
        with local_cluster([arguments.slots] * nodes) as cluster:
            workers = nodes * arguments.slots
            count = arguments.tasks * workers
            environment = {**os.environ, **cluster.environment, "RAY_ADDRESS": cluster.address}
            code = _WAITING.format(count=count, workers=workers, seconds=arguments.seconds)
            done = subprocess.run(
                [sys.executable, "-c", code],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            wall, cpu = map(float, done.stdout.split()[-2:])
            work = Work("", count, arguments.seconds, driver_ms=arguments.driver_ms)
            load = os.getloadavg()[0]
            print(
                f"| {nodes} | {workers} | {count} | {wall:.1f} s | {work.wall(workers):.1f} s | "
                f"{cpu:.2f} ms (load {load:.0f}) |",
                flush=True,
            )


_WAITING = """
import resource, time
from zoo.cluster.joining import connected
from zoo.cluster.tasks import in_tasks
def prepare():
    import time
    def wait(task):
        time.sleep({seconds})
        return [one[0] for one in task]
    return wait
def cpu():
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
place = [(number, f"holiday/{{number:08}}.jpg", f"out/{{number:08}}.jpg") for number in range(16)]
with connected() as ray:
    list(in_tasks(ray, [place] * 8 * {workers}, prepare, print))  # all workers are up
    before, began = cpu(), time.perf_counter()
    assert len(list(in_tasks(ray, [place] * {count}, prepare, print))) == {count}
    print(time.perf_counter() - began, 1000 * (cpu() - before) / {count})
"""

if __name__ == "__main__":
    main()
