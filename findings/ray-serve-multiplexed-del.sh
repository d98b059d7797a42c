#!/usr/bin/env bash
# Ray Serve 2.60.0, Linux: @serve.multiplexed unloads the least recently used model as soon as one more is loaded, whether or not a request
# still uses it: Serve calls the model's __del__ then, and Python calls it a second time when the last reference goes. Serve sets
# `model.__del__ = lambda _: None` on the instance against that, where Python does not look. A model that frees anything in __del__ is freed
# under its user, and then once more. Whoever needs a destructor must count users himself, or leave it to the garbage collector.
# Seen: asked a / a closed / a used after it was closed / a closed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > look.py <<'PYTHON'
import asyncio
import gc

import ray
from ray import serve

said = []


class Model:
    def __init__(self, name):
        self.name, self.closed = name, False

    def __del__(self):
        self.closed = True
        said.append(f"{self.name} closed")


@serve.deployment(max_ongoing_requests=4)
class Holder:
    @serve.multiplexed(max_num_models_per_replica=1)
    async def model(self, name: str) -> Model:
        return Model(name)

    async def use(self, seconds: float) -> None:
        model = await self.model(serve.get_multiplexed_model_id())
        if seconds:
            said.append(f"asked {model.name}")
        await asyncio.sleep(seconds)
        if seconds and model.closed:
            said.append(f"{model.name} used after it was closed")

    async def what(self) -> list:
        gc.collect()
        return said


ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
serve.start(proxy_location="Disabled")
handle = serve.run(Holder.bind(), route_prefix=None)
first = handle.options(multiplexed_model_id="a").use.remote(15.0)
while "asked a" not in handle.what.remote().result():
    pass
handle.options(multiplexed_model_id="b").use.remote(0.0).result()
first.result()
said = [line for line in handle.what.remote().result() if line != "b closed"]
print(" / ".join(said))
serve.shutdown()
ray.shutdown()
assert said == ["asked a", "a closed", "a used after it was closed", "a closed"]
PYTHON
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet "ray[serve]==2.60.0"
env -u RAY_ADDRESS RAY_USAGE_STATS_ENABLED=0 venv/bin/python -W ignore look.py 2>/dev/null
