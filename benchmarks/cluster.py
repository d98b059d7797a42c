"""The whole zoo on a cluster: what comes out, what it costs, and what a lost node does.

Starts Ray nodes on this machine (benchmarks/local_cluster.py): a head without CPUs, and nodes that
see nothing of the driver's disk; and moto's server as S3. Usage:

    python benchmarks/cluster.py [stages] [repro] [photos] [clip] [data] [serving] [refused]
                                 [overhead] [--nodes 2] [--identities 24] [--iterations 20]
                                 [--photos-each 5] [--turns 1] [--photos 200 2000] [--seconds 60]
                                 [--latency 0] [--kill] [--verbose]

``repro`` is ``dvc repro`` with trainings of so many iterations, in turn in processes and on the
cluster; ``stages`` makes render, content, align and evaluate for small identities by both, and
compares all products; ``photos`` swaps folders in S3 by both; ``clip`` a video; ``data`` compares
tasks with Ray Data; ``serving`` is ``zoo serve --cluster``; ``refused`` asks for what no node has;
``overhead`` times tasks that do nothing. With ``--kill`` a node is killed in the middle of align,
evaluate and photos.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT), str(ROOT / "benchmarks")]

import batch  # noqa: E402
from cluster_data import data  # noqa: E402
from cluster_runs import Bench, client, keys, prepared, s3  # noqa: E402
from cluster_serving import serving  # noqa: E402
from cluster_stages import repro, stages  # noqa: E402
from local_cluster import ending_in_order, local_cluster  # noqa: E402
from machine import machine  # noqa: E402

BROKEN = 10


def main() -> None:
    """Start all, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["stages", "photos", "clip", "refused"])
    parser.add_argument("--nodes", type=int, default=2, help="of one CPU each, beside the head")
    parser.add_argument("--identities", type=int, default=24)
    parser.add_argument("--iterations", type=int, default=20, help="of each training of repro")
    parser.add_argument("--photos-each", type=int, default=5, help="of an identity of repro")
    parser.add_argument("--turns", type=int, default=1, help="of repro")
    parser.add_argument("--photos", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--seconds", type=int, default=60, help="of the clip")
    parser.add_argument("--latency", type=float, default=0.0, help="of S3's answers, seconds")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="print what repro's commands print")
    arguments = parser.parse_args()
    from tests import servers

    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    os.environ |= {"ZOO_CACHE": f"{folder}/cache", "ZOO_DATA": f"{folder}/data", **servers.KEYS}
    os.environ |= {"MLFLOW_TRACKING_URI": batch.URI, "AWS_EC2_METADATA_DISABLED": "true"}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "platform"), str(ROOT)])
    os.environ.pop("RAY_ADDRESS", None)
    ending_in_order()
    try:
        with s3(folder, arguments.latency) as url:
            os.environ["AWS_ENDPOINT_URL"] = url
            with local_cluster([1] * arguments.nodes, [folder]) as cluster:
                print(machine("ray"), flush=True)
                bench = Bench(folder, cluster, arguments.kill, arguments.nodes)
                for part in arguments.parts:
                    PARTS[part](bench, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def photos(bench: Bench, arguments: argparse.Namespace) -> None:
    """Folders in S3, ten broken photos in each."""
    renders, store = prepared(bench), client()
    for count in arguments.photos:
        every = count // BROKEN
        for number in range(count):
            content = renders[number % len(renders)].read_bytes()
            if number % every == 3:
                content = content[: len(content) // 2]
            store.put_object(Bucket="zoo", Key=f"in-{count}/{number:05}.jpg", Body=content)
        for where in ("processes", "cluster"):
            out, on_cluster = f"out-{where}-{count}", where == "cluster"
            command = ["-m", "zoo.cli.main", "swap", "-i", "bench", f"s3://zoo/in-{count}/"]
            command += ["-o", f"s3://zoo/{out}/", "-q"]
            command += [] if on_cluster else ["--jobs", str(arguments.nodes)]

            def half(prefix: str = out, enough: int = count // 3) -> bool:
                return len(keys(store, prefix)) > enough

            if on_cluster:
                with bench.losing_a_node(half):
                    ran = bench.run(*command, on_cluster=True)
            else:
                ran = bench.run(*command, on_cluster=False)
            made = [key for key in keys(store, out) if key.endswith(".jpg")]
            named = ran.said.count("error: ")
            print(
                f"{count} photos, {where:9} {ran.words}, {count / ran.seconds:5.1f} per second; "
                f"{len(made)} outputs, {named} named, exit code {ran.code}; "
                f"requests to S3 for a photo: {_each(ran.requests, count)}",
                flush=True,
            )


def clip(bench: Bench, arguments: argparse.Namespace) -> None:
    """A video of a face that moves, by processes and by the cluster."""
    import av
    import cv2
    import numpy as np

    from tests.clips import STEP, moved, write_clip
    from zoo.people import named_person, random_scene, render

    prepared(bench)
    face = render(named_person("ada"), random_scene(3, max_yaw=10), 256).image
    frames, _ = moved(face, 26)
    small = [cv2.resize(one[8:248], (160, 120), interpolation=cv2.INTER_AREA) for one in frames]
    there_and_back = [np.ascontiguousarray(one) for one in [*small, *small[::-1]]]
    wanted = [there_and_back[n % 52] for n in range(25 * arguments.seconds)]
    source = write_clip(bench.folder / "clip.mp4", wanted, time=lambda number: number * STEP)
    found = []
    for where in ("processes", "cluster"):
        target = bench.folder / f"{where}.mp4"
        command = ["-m", "zoo.cli.main", "swap", "-i", "bench", str(source), "-o", str(target)]
        command += [] if where == "cluster" else ["--jobs", str(arguments.nodes)]
        ran = bench.run(*command, on_cluster=where == "cluster")
        assert ran.code == 0, ran.said
        with av.open(str(target)) as container:
            found.append(
                [
                    (frame.pts, hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest())
                    for frame in container.decode(video=0)
                ]
            )
        print(f"clip, {where:9} {ran.words}", flush=True)
    differ = sum(one != other for one, other in zip(*found, strict=True))
    print(f"{len(found[0])} frames, of which {differ} differ")


def refused(bench: Bench, arguments: argparse.Namespace) -> None:
    """A training that asks for more CPUs than any node has."""
    code = (
        "from zoo.cluster.joining import connected\n"
        "from zoo.training.ray.worker_groups import WorkerGroups\n"
        "with connected() as ray: WorkerGroups(ray, 64, 0, 1).check()"
    )
    ran = bench.run("-c", code, on_cluster=True)
    print(f"refused in {ran.seconds:.1f} s: {ran.said.strip().splitlines()[-1]}")


def overhead(bench: Bench, arguments: argparse.Namespace) -> None:
    """What tasks cost that do nothing (of photos in S3; of 4 MB that travel), and signatures."""
    code = (
        "import resource, time, numpy as np\n"
        "from pathlib import Path\n"
        "from zoo.cluster.joining import connected\n"
        "from zoo.cluster.tasks import in_tasks\n"
        "from zoo.s3.address import S3Address\n"
        "def prepare(): return lambda task: [one[0] for one in task[0]]\n"
        "places = [S3Address('photos', f'holiday/{n:08}.jpg') for n in range(16)]\n"
        "pairs = [(n, place, place) for n, place in enumerate(places)]\n"
        "def cpu(): return sum(resource.getrusage(0)[:2])\n"
        "with connected() as ray:\n"
        "    list(in_tasks(ray, [(pairs, [])] * 8, prepare, print))\n"
        "    kinds = (('chunks of objects', 1000, 0), ('chunks of 4 MB', 60, 4))\n"
        "    for name, count, size in kinds:\n"
        "        tasks = ((pairs, [ray.put(np.zeros(size << 20, np.uint8))] if size else [])\n"
        "                 for _ in range(count))\n"
        "        before, began = cpu(), time.perf_counter()\n"
        "        assert len(list(in_tasks(ray, tasks, prepare, print))) == count\n"
        "        took = time.perf_counter() - began\n"
        "        used = 1000 * (cpu() - before) / count\n"
        "        print(f'{count} {name}: {used:.2f} ms of the driver, '\n"
        "              f'{1000 * took / count:.2f} ms of wall time each')\n"
        "    from zoo.distributed.notary import open_notary\n"
        "    notary, _ = open_notary(ray)\n"
        "    seconds = lambda self: sum(__import__('resource').getrusage(0)[:2])\n"
        "    def used(): return ray.get(notary.__ray_call__.remote(seconds))\n"
        "    before, began = used(), time.perf_counter()\n"
        "    ray.get([notary.sign.remote(b'x' * 300) for _ in range(1000)])\n"
        "    took, signed = time.perf_counter() - began, used() - before\n"
        "    print(f'1000 signatures: {signed:.2f} ms of CPU of the notary, '\n"
        "          f'{took:.2f} ms of wall time each')\n"
    )
    print(bench.run("-c", code, on_cluster=True).said.strip())


def _each(requests: Counter[str], count: int) -> str:
    return ", ".join(f"{method} {number / count:.2f}" for method, number in requests.items())


PARTS = {
    "stages": stages,
    "repro": repro,
    "data": data,
    "serving": serving,
    "photos": photos,
    "clip": clip,
    "refused": refused,
    "overhead": overhead,
}

if __name__ == "__main__":
    main()
