"""The application on Ray Serve: workers, and beside it the library.

Workers swap: each keeps the networks it used last (Serve's multiplexing sends a request where its
network is), and runs the faces that wait for the same network as one batch. The library knows the
registry; it is an actor beside the driver, wherever the workers are. :class:`.gateway.Gateway` asks
both.
"""

import asyncio
import contextvars
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from ray import serve
from ray.exceptions import RayTaskError
from ray.serve import Application
from ray.serve._private import replica

from zoo.allocator import keep_freed_memory
from zoo.distributed.notary import sign_through
from zoo.photos.sandbox.decoder_processes import Decoders
from zoo.provenance.credentials.marking import Marking, together
from zoo.serving.deployment.backend import Chosen
from zoo.serving.library import Library
from zoo.serving.live_frames import Following, Frame, swap_tracked, track_frame
from zoo.serving.options import Options
from zoo.serving.upload_swapping import Found, Result, SwapRequest, find_in_upload, swap_upload
from zoo.swapping.network import Crops, SwapNetwork

MOST_WAITING = 256
_T = TypeVar("_T")
_LARGEST_BATCH = 16  # requests
_SECONDS_FOR_A_BATCH = 0.005
_SECONDS_TO_NOTICE = 1.0  # that a worker has died


@dataclass(frozen=True)
class Beside:
    """What workers ask, on the driver's machine.

    Attributes:
        library: the actor of :class:`LibraryActor`.
        notary: what signs, and what may be known of its key, where workers are on a cluster; None
            where they sign by the user's own key.
    """

    library: Any
    notary: tuple[Any, Any] | None = None


def build(options: Options, beside: Beside) -> Application:
    """The workers, ready for ``serve.run``."""
    # Here Ray's book-keeping is not ours: --workers and --threads say how much is done at once.
    cpus = options.threads if options.cluster else 0
    worker = serve.deployment(
        name="worker",
        num_replicas=options.workers,
        max_ongoing_requests=2 * options.threads + 2,
        max_queued_requests=MOST_WAITING,
        graceful_shutdown_timeout_s=5,
        health_check_period_s=_SECONDS_TO_NOTICE,
        ray_actor_options={"num_cpus": cpus},
    )(Worker)
    return worker.bind(options, beside)


class LibraryActor:
    """:class:`Library` in a process of its own, one question after the other.

    Args:
        options: of the server.
        environment: what says on the driver's machine where the cache is.
    """

    def __init__(self, options: Options, environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        self._library = Library(options.registry)

    def ask(self, question: str, *arguments: Any) -> Any:
        """Calls the library's method of that name."""
        return getattr(self._library, question)(*arguments)


class Worker:
    """Swaps on a few threads, each with a process that decodes uploads."""

    def __init__(self, options: Options, beside: Beside) -> None:
        if not options.cluster:
            _stay_on_loopback()
        keep_freed_memory()
        cv2.setNumThreads(1)  # frames and photos are what runs in parallel
        if beside.notary is not None:
            sign_through(*beside.notary)
        self._options, self._beside = options, beside
        self._threads = ThreadPoolExecutor(options.threads)
        self._decode = Decoders(options.threads)

        @serve.multiplexed(max_num_models_per_replica=options.networks)  # type: ignore[untyped-decorator]
        async def network(key: str) -> SwapNetwork:
            return await self._in_thread(_load, *await _asked(beside.library, "network", key))

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

    async def frame(
        self, jpeg: bytes, chosen: Chosen, following: Following | None
    ) -> AsyncIterator[Following | Frame]:
        network = await self._network(chosen.key)
        tracked, known = await self._in_thread(track_frame, jpeg, following, self._decode)
        yield known
        yield await self._in_thread(swap_tracked, tracked, network, _mark(chosen))

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


async def _asked(library: Any, question: str, *arguments: Any) -> Any:
    """What the library answers.

    Raises:
        ZooError: what it raised, itself.
    """
    try:
        return await library.ask.remote(question, *arguments)
    except RayTaskError as error:
        raise error.cause from None


def _load(content: bytes, mark: Marking) -> SwapNetwork:
    """A network that the library has read."""
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        path = Path(folder, f"{mark.identity}.onnx")
        path.write_bytes(content)
        return SwapNetwork(path, threads=1, used_as=mark)


def _mark(chosen: Chosen) -> Marking:
    return Marking(chosen.identity, str(chosen.version), chosen.sha256, chosen.basis)
