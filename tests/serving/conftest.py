"""A cache with two identities, a server on it, and a browser."""

import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.networks_on_disk import write_network
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image
from zoo.registry.local import cache as networks
from zoo.storage import sha256_of, write_json

REGISTRY = "sqlite:////nowhere/mlflow.db"


@dataclass(frozen=True)
class Server:
    """A running ``zoo serve``."""

    url: str
    process: subprocess.Popen[str]
    cache: Path


@pytest.fixture(scope="session")
def portrait() -> bytes:
    """A PNG with one face, 320 px."""
    return encoded(_rendered(11))


@pytest.fixture(scope="session")
def couple() -> bytes:
    """A JPEG with two faces, side by side."""
    return encoded(np.concatenate([_rendered(11), _rendered(4)], axis=1), "JPEG", quality=92)


@pytest.fixture(scope="session")
def zoo_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds ada and bruno, champions of a registry that is away, and nobody else."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("ZOO_CACHE")
    os.environ["ZOO_CACHE"] = str(folder)
    try:
        for name, factor in (("ada", 0.6), ("bruno", 0.8), ("nobody", 1.0)):
            _store(name, factor)
        (card,) = folder.glob("networks/*/nobody/1/card.json")
        write_json(card, {**_card("nobody", "0" * 64), "basis": ""})
    finally:
        if before is None:
            del os.environ["ZOO_CACHE"]
        else:
            os.environ["ZOO_CACHE"] = before
    picture = np.concatenate([_rendered(seed)[::2, ::2] for seed in (11, 4)] * 4, axis=1)
    for network in folder.glob("networks/*/ada/1/network.onnx"):
        preview = folder / "previews" / f"{sha256_of(network)}.jpg"
        preview.parent.mkdir()
        preview.write_bytes(encoded(np.concatenate([picture, picture // 2]), "JPEG"))
    return folder


@pytest.fixture(scope="session")
def server(zoo_cache: Path) -> Iterator[Server]:
    """``zoo serve`` as people run it."""
    with tempfile.TemporaryDirectory(prefix="zt-") as place:
        running = start(zoo_cache, Path(place))
        yield running
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(60)


def start(zoo_cache: Path, place: Path, *options: str) -> Server:
    """Starts ``zoo serve`` and waits until it is open."""
    process = begin(zoo_cache, place, *options)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("http"), process.communicate()[1]
    return Server(url, process, zoo_cache)


def begin(zoo_cache: Path, place: Path, *options: str) -> "subprocess.Popen[str]":
    """Starts ``zoo serve``, which minds Ctrl-C even where pytest does not."""
    port = free_port()
    environment = {
        **os.environ,
        "ZOO_CACHE": str(zoo_cache),
        "MLFLOW_TRACKING_URI": REGISTRY,
        "TMPDIR": str(place),
        "XDG_CONFIG_HOME": str(place),
        "OMP_NUM_THREADS": "1",
        # Must be left alone: a cluster that another user runs.
        "RAY_ADDRESS": "127.0.0.1:1",
    }
    environment.pop("ZOO_PROJECT", None)
    code = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from zoo.cli.main import main\nmain()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", str(port), "--quiet", *options],
        cwd=place,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def encoded(image: Image, kind: str = "PNG", **options: int) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def moving(image: Image, frames: int) -> Iterator[Image]:
    """``image`` swaying, as a head before a camera does."""
    height, width = image.shape[:2]
    for number in range(frames):
        angle = 2 * np.pi * number / frames
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 4 * np.sin(angle), 1.0)
        turn[:, 2] += 12 * np.cos(angle), 6 * np.sin(2 * angle)
        yield cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(
            np.uint8
        )


@cache
def _rendered(seed: int) -> Image:
    return render(random_person(seed), random_scene(6, max_yaw=8), 320).image


def _card(name: str, sha256: str) -> dict[str, object]:
    return {
        "identity": name,
        "version": 1,
        "sha256": sha256,
        "basis": "synthetic",
        "recipe": "quick",
        "resolution": 64,
        "scores": {"nearest_rate": 0.95, "landmark_difference": 4.0},
        "registry": REGISTRY,
    }


def _store(name: str, factor: float) -> None:
    source = write_network(Path(os.environ["ZOO_CACHE"], f"{name}.onnx"), factor, identity=name)
    card = _card(name, sha256_of(source))
    networks.store(REGISTRY, card, lambda path: path.write_bytes(source.read_bytes()))
    networks.remember_aliases(REGISTRY, name, {"champion": 1})
    source.unlink()
