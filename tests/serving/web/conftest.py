"""The application that Ray Serve runs, in this process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.networks_on_disk import write_network
from tests.serving.conftest import REGISTRY
from zoo.photos.sandbox.decoder_processes import Decoders
from zoo.provenance.credentials.marking import Marking, together
from zoo.serving.deployment.backend import Chosen
from zoo.serving.gallery import Gallery
from zoo.serving.library import Library
from zoo.serving.live_frames import Following, Frame, swap_tracked, track_frame
from zoo.serving.options import Options
from zoo.serving.upload_swapping import Found, Result, SwapRequest, find_in_upload, swap_upload
from zoo.serving.web import api
from zoo.swapping.network import SwapNetwork

HERE = "http://127.0.0.1:8000"
SOCKET = "ws://127.0.0.1:8000"
MARK = Marking("ada", "1", "0" * 64, "synthetic")


@cache
def decoders() -> Decoders:
    """As a worker has them."""
    return Decoders(1)


class InProcess:
    """Does the work here and now."""

    def __init__(self, network: Path, options: Options) -> None:
        self._network = SwapNetwork(network)
        self._blackening = SwapNetwork(write_network(network.with_name("black.onnx"), 0.0))
        self._library = Library(REGISTRY)
        self._options = options

    async def gallery(self) -> Gallery:
        return self._library.gallery()

    async def preview(self, name: str, version: int) -> bytes | None:
        return self._library.preview(name, version)

    async def choose(self, reference: str) -> Chosen:
        return self._library.choose(reference)

    async def find(self, photo: bytes) -> Found:
        return find_in_upload(photo, max_pixels=self._options.max_pixels, decode=decoders())

    async def swap(self, photo: bytes, chosen: Sequence[Chosen], wish: SwapRequest) -> Result:
        return swap_upload(
            photo,
            self._network,
            together([Marking(one.identity, "1", one.sha256, one.basis) for one in chosen]),
            wish=wish,
            others=[self._blackening] * (len(chosen) - 1),
            max_pixels=self._options.max_pixels,
            decode=decoders(),
        )

    async def frame(
        self, jpeg: bytes, chosen: Chosen, following: Following | None
    ) -> AsyncIterator[Following | Frame]:
        tracked, known = await asyncio.to_thread(track_frame, jpeg, following, decoders())
        yield known
        yield await asyncio.to_thread(swap_tracked, tracked, self._network, MARK)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_network(tmp_path / "network.onnx", 0.6)


@pytest.fixture
def client(network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    return ask(network)


def ask(network: Path, **options: Any) -> TestClient:
    given = Options(registry=REGISTRY, **{"rate": 0.0, "max_bytes": 3_000_000, **options})
    return TestClient(api.create(InProcess(network, given), given), base_url=HERE)
