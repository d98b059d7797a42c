"""The deployments of Ray Serve: workers, and a library.

Workers swap: each keeps the networks it used last (Serve's multiplexing sends a request where its
network is), and runs the faces that wait for the same network as one batch. The library knows the
registry. :class:`.gateway.Front` asks them.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from ray import serve
from ray.serve import Application
from ray.serve._private import replica

from zoo.errors import AssetError
from zoo.photos.sandbox.decoder_processes import Decoders
from zoo.provenance.credentials.marking import Marking, together
from zoo.registry.local import cache
from zoo.registry.references import Reference
from zoo.serving.deployment.backend import Chosen
from zoo.serving.library import Library
from zoo.serving.live_frames import Following, Frame, swap_frame
from zoo.serving.options import Options
from zoo.serving.upload_swapping import Found, Result, SwapRequest, find_in_upload, swap_upload
from zoo.swapping.network import Crops, SwapNetwork

MOST_WAITING = 256
_T = TypeVar("_T")
_LARGEST_BATCH = 16  # requests
_SECONDS_FOR_A_BATCH = 0.005
_SECONDS_TO_NOTICE = 1.0  # that a worker has died


def build(options: Options) -> tuple[Application, Application]:
    """The workers and the library, ready for ``serve.run``."""
    common: dict[str, Any] = {
        "ray_actor_options": {"num_cpus": 0},  # of Ray's book-keeping: options count the threads
        "health_check_period_s": _SECONDS_TO_NOTICE,
    }
    worker = serve.deployment(
        name="worker",
        num_replicas=options.workers,
        max_ongoing_requests=2 * options.threads + 2,
        max_queued_requests=MOST_WAITING,
        graceful_shutdown_timeout_s=5,
        **common,
    )(Worker)
    shelf = serve.deployment(name="library", graceful_shutdown_timeout_s=2, **common)(
        LibraryDeployment
    )
    return worker.bind(options), shelf.bind(options)


class LibraryDeployment:
    """:class:`Library` off the event loop, one question after the other."""

    def __init__(self, options: Options) -> None:
        _stay_on_loopback()
        self._library = Library(options.registry)
        self._thread = ThreadPoolExecutor(1)

    async def ask(self, question: str, *arguments: Any) -> Any:
        """Calls the library's method of that name."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, getattr(self._library, question), *arguments
        )


class Worker:
    """Swaps on a few threads, each with a process that decodes uploads."""

    def __init__(self, options: Options) -> None:
        _stay_on_loopback()
        self._options = options
        self._threads = ThreadPoolExecutor(options.threads)
        self._decode = Decoders(options.threads)

        @serve.multiplexed(max_num_models_per_replica=options.networks)  # type: ignore[untyped-decorator]
        async def network(key: str) -> SwapNetwork:
            return await self._in_thread(_load, key, options.registry)

        @serve.batch(max_batch_size=_LARGEST_BATCH, batch_wait_timeout_s=_SECONDS_FOR_A_BATCH)
        async def run(waiting: list[tuple[SwapNetwork, Crops]]) -> list[Crops]:
            # Serve puts only requests with the same first network into one batch; some use more.
            swapped: dict[int, Crops] = {}
            for network in dict.fromkeys(one for one, _ in waiting):
                mine = [place for place, (one, _) in enumerate(waiting) if one is network]
                crops = np.concatenate([waiting[place][1] for place in mine])
                ends = np.cumsum([len(waiting[place][1]) for place in mine])
                made = np.split(await asyncio.to_thread(network, crops), ends[:-1])
                swapped.update(zip(mine, made, strict=True))
            return [swapped[place] for place in range(len(waiting))]

        self._network = network
        self._run = run

    async def find(self, photo: bytes) -> Found:
        return await self._in_thread(
            lambda: find_in_upload(photo, max_pixels=self._options.max_pixels, decode=self._decode)
        )

    async def swap(self, photo: bytes, chosen: Sequence[Chosen], wish: SwapRequest) -> Result:
        loop = asyncio.get_running_loop()
        batched = [_Batched(await self._network(one.key), self._run, loop) for one in chosen]
        return await self._in_thread(
            lambda: swap_upload(
                photo,
                batched[0],
                together([_mark(one) for one in chosen]),
                wish=wish,
                others=batched[1:],
                max_pixels=self._options.max_pixels,
                decode=self._decode,
            )
        )

    async def frame(self, jpeg: bytes, chosen: Chosen, following: Following | None) -> Frame:
        network = await self._network(chosen.key)
        return await self._in_thread(
            lambda: swap_frame(jpeg, network, _mark(chosen), following, self._decode)
        )

    async def _in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        # With the context, by which Serve knows the request's network.
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, context.run, work, *arguments)


@dataclass(frozen=True)
class _Batched:
    """A network whose runs, asked for by threads, are gathered into batches by the event loop."""

    network: SwapNetwork
    run: Callable[[tuple[SwapNetwork, Crops]], Awaitable[Crops]]
    loop: asyncio.AbstractEventLoop

    @property
    def resolution(self) -> int:
        return self.network.resolution

    def __call__(self, crops: Crops, /) -> Crops:
        async def run() -> Crops:
            return await self.run((self.network, crops))

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()


def _stay_on_loopback() -> None:
    """Has this replica open its port on loopback; called before Ray Serve opens it.

    Ray Serve binds it to all networks, and no setting changes that. With a Ray that names its
    function otherwise the port would be open to them, behind the token.
    """
    opening = getattr(replica, "add_port_to_grpc_server", None)
    if opening is not None:
        replica.add_port_to_grpc_server = (  # type: ignore[attr-defined]
            lambda server, _: opening(server, "127.0.0.1:0")
        )


def _load(key: str, registry: str | None) -> SwapNetwork:
    """The network ``NAME:VERSION`` from the cache, where the library has put it.

    Raises:
        AssetError: it is gone again, damaged, or someone else's.
    """
    name, _, version = key.partition(":")
    found = cache.resolve(Reference(name, version=int(version)), registry)
    if found is None:
        raise AssetError(f"{key} is not in the cache any more; try again.")
    mark = Marking(found.identity, str(found.version), found.sha256, found.basis)
    return SwapNetwork(found.path, threads=1, used_as=mark)


def _mark(chosen: Chosen) -> Marking:
    return Marking(chosen.identity, str(chosen.version), chosen.sha256, chosen.basis)
