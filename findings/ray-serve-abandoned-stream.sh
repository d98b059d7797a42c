#!/usr/bin/env bash
# Ray Serve 2.60.0, Linux: a streamed response that its caller drops after the first item is given up and forgotten, as one expects of a dropped
# generator. With RAY_SERVE_THROUGHPUT_OPTIMIZED=1 it is not: requests then go over gRPC from the caller's own event loop, nothing reads the rest, and
# the call with its task stays in the caller's memory for as long as that runs. The two settings behind it do so together
# (RAY_SERVE_USE_GRPC_BY_DEFAULT=1, RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP=0); either alone does not. Whoever breaks off a stream must call its cancel(),
# or read it to its end.
# Seen: as it is: 0 of 20 tasks are left / RAY_SERVE_USE_GRPC_BY_DEFAULT=1: 0 of 20 / RAY_SERVE_THROUGHPUT_OPTIMIZED=1: 20 of 20, and 0 of 20 when cancelled.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > look.py <<'PYTHON'
import asyncio
import gc
import sys

import ray
from ray import serve


@serve.deployment
class Source:
    async def two(self):
        yield "first"
        await asyncio.sleep(0.1)
        yield "second"


async def left(handle, cancel):
    before = len(asyncio.all_tasks())
    for _ in range(20):
        answers = handle.options(stream=True).two.remote()
        assert await anext(answers) == "first"
        if cancel:
            answers.cancel()
        del answers
        gc.collect()
    await asyncio.sleep(3)  # thirty times as long as the second item takes
    return len(asyncio.all_tasks()) - before


async def look(handle, cancel):
    assert [item async for item in handle.options(stream=True).two.remote()] == ["first", "second"]
    print(await left(handle, cancel))


ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
serve.start(proxy_location="Disabled")
asyncio.run(look(serve.run(Source.bind(), route_prefix=None), sys.argv[1:] == ["cancel"]))
ray.shutdown()
PYTHON
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet "ray[serve]==2.60.0"
look() { env -u RAY_ADDRESS RAY_USAGE_STATS_ENABLED=0 "$1" venv/bin/python -W ignore look.py "${@:2}" 2>/dev/null | tail -n 1; }
plain=$(look RAY_SERVE_THROUGHPUT_OPTIMIZED=0)
grpc=$(look RAY_SERVE_USE_GRPC_BY_DEFAULT=1)
fast=$(look RAY_SERVE_THROUGHPUT_OPTIMIZED=1)
cancelled=$(look RAY_SERVE_THROUGHPUT_OPTIMIZED=1 cancel)
echo "as it is: $plain of 20 tasks are left / RAY_SERVE_USE_GRPC_BY_DEFAULT=1: $grpc of 20 / RAY_SERVE_THROUGHPUT_OPTIMIZED=1: $fast of 20, and $cancelled of 20 when cancelled."
[[ "$plain $grpc $fast $cancelled" == "0 0 20 0" ]]
