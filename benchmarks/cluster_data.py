"""A prefix in S3 swapped by Ray Data and by tasks: time, the driver's CPU and memory, failures."""

import argparse
from pathlib import Path

from cluster_runs import Bench, client, keys, prepared

COUNT = 160

_DATA = """
import sys, time, resource
from pathlib import Path
from zoo.cluster.carried import carry_file
from zoo.cluster.joining import connected
from zoo.distributed.notary import open_notary
from zoo.distributed.photos import _Chunk, _Item, _worker
from zoo.provenance.credentials.marking import Marking
from zoo.s3.address import S3Address
from zoo.storage import sha256_of
from zoo.swapping.files.photo_batch import BatchOptions

network = Path("{network}")
how = BatchOptions(network, Marking("bench", "1", sha256_of(network), "synthetic"))
with connected() as ray:
    import ray.data
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    notary, known = open_notary(ray)
    carried = [carry_file(ray, network)]

    class Swap:
        def __init__(self):
            self.work = _worker(how, carried, notary, known)

        def __call__(self, batch):
            items = tuple(
                _Item(int(number), S3Address.parse(source), S3Address.parse(target))
                for number, source, target in zip(batch["number"], batch["source"], batch["target"])
            )
            done = self.work(_Chunk(items, [], 0))
            return {{"failed": [one.outcome.reason is not None for one in done]}}

    rows = [
        {{
            "number": n,
            "source": f"s3://zoo/{given}/{{n:05}}.jpg",
            "target": f"s3://zoo/{out}/{{n:05}}.jpg",
        }}
        for n in range({count})
    ]
    began = time.perf_counter()
    found = ray.data.from_items(rows, override_num_blocks=len(rows) // 16).map_batches(
        Swap, batch_size=16, num_cpus=1, compute=ray.data.ActorPoolStrategy(size={nodes})
    )
    failed = sum(row["failed"] for row in found.iter_rows())
    print("failed", failed, "seconds of the dataset", round(time.perf_counter() - began, 1))
"""


def data(bench: Bench, arguments: argparse.Namespace) -> None:
    """Both on the same photos, in turn."""
    renders, store = prepared(bench), client()
    for number in range(COUNT):
        content = renders[number % len(renders)].read_bytes()
        store.put_object(Bucket="zoo", Key=f"in-data/{number:05}.jpg", Body=content)
    network = next(Path(bench.folder, "cache", "networks").glob("*/bench/1/network.onnx"))
    for turn in range(arguments.turns):
        code = _DATA.format(
            network=network, given="in-data", out=f"out-data-{turn}", count=COUNT, nodes=bench.nodes
        )
        ran = bench.run("-c", code, on_cluster=True)
        assert ran.code == 0, ran.said[-3000:]
        made = len([key for key in keys(store, f"out-data-{turn}") if key.endswith(".jpg")])
        print(f"{COUNT} photos by Ray Data {ran.words}; {made} outputs", flush=True)
        swap = ["-m", "zoo.cli.main", "swap", "-i", "bench", "s3://zoo/in-data/"]
        ran = bench.run(*swap, "-o", f"s3://zoo/out-tasks-{turn}/", "-q", on_cluster=True)
        assert ran.code == 0, ran.said[-3000:]
        made = len([key for key in keys(store, f"out-tasks-{turn}") if key.endswith(".jpg")])
        print(f"{COUNT} photos by tasks    {ran.words}; {made} outputs", flush=True)
