"""Times each step of a swap, and each execution provider."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.cores import available_cores
from zoo.errors import NoFaceError
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.faces.masks.segmentation import skin
from zoo.photos.reading import read_photo
from zoo.photos.writing import encode_photo
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking, xmp
from zoo.provenance.credentials.signing import sign_bytes
from zoo.swapping.compositing import SwappedFace, aligned_for_segmentation, paste_back
from zoo.swapping.network import SwapNetwork
from zoo.swapping.network_files.inspection import INPUT

SWAPPING = ("detection", "alignment", "network", "segmentation", "compositing")
"""The steps between a picture in memory and the swapped one: what a video's frame costs."""


@dataclass(frozen=True)
class Step:
    """Milliseconds of one step: the median, and what 95 of 100 runs stay below."""

    name: str
    p50: float
    p95: float


@dataclass(frozen=True)
class Provider:
    """The network's time under one of ONNX Runtime's execution providers.

    Attributes:
        asked: the provider that was asked for.
        ran: the one that ran; another one when it fell back.
        threads: on the CPU.
        p50: milliseconds of one face.
        p95: likewise.
    """

    asked: str
    ran: str
    threads: int
    p50: float
    p95: float


@dataclass(frozen=True)
class Timing:
    """What :func:`measure` found; ``swap`` is the sum of :data:`SWAPPING` run by run."""

    width: int
    height: int
    resolution: int
    runs: int
    steps: list[Step]
    swap: Step
    whole: Step
    frames_per_second: float
    providers: list[Provider]


def measure(
    photo: Path,
    network: Path,
    mark: Marking,
    runs: int,
    progress: Callable[[int], object] = lambda done: None,
) -> Timing:
    """Times ``runs`` swaps of the largest face of ``photo``, after two that are not counted.

    Raises:
        NoFaceError: the photo shows no face.
        PhotoError, AssetError, SigningError: see :func:`zoo.swapping.photo.swap_file`.
    """
    swapping = SwapNetwork(network, used_as=mark)
    shape = read_photo(photo).image.shape
    if not find_faces(read_photo(photo).image):
        raise NoFaceError(f"{photo} shows no face to swap; name another photo.")
    laps: dict[str, list[float]] = {}
    for count in range(-2, runs):
        watch = _Watch()
        _swap_once(photo, swapping, mark, watch)
        if count >= 0:
            for name, milliseconds in watch.laps.items():
                laps.setdefault(name, []).append(milliseconds)
            progress(count + 1)
    of_swap = [sum(laps[name][i] for name in SWAPPING) for i in range(runs)]
    of_all = [sum(lap[i] for lap in laps.values()) for i in range(runs)]
    swap = _step("swap", of_swap)
    return Timing(
        width=shape[1],
        height=shape[0],
        resolution=swapping.resolution,
        runs=runs,
        steps=[_step(name, times) for name, times in laps.items()],
        swap=swap,
        whole=_step("whole", of_all),
        frames_per_second=1000 / swap.p50,
        providers=_providers(network, swapping.resolution, runs),
    )


class _Watch:
    """Times between one step's end and the next one's."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._at = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = 1000 * (now - self._at)
        self._at = now


def _swap_once(source: Path, network: SwapNetwork, mark: Marking, watch: _Watch) -> None:
    photo = read_photo(source)
    image = photo.image
    watch.lap("reading")
    landmarks = find_faces(image)[0].landmarks
    watch.lap("detection")
    crop = align(image, landmarks, network.resolution)
    watch.lap("alignment")
    swapped = network(crop.image[None])[0]
    watch.lap("network")
    wide = aligned_for_segmentation(image, landmarks, crop)
    matte = skin(wide.image, wide.landmarks)
    watch.lap("segmentation")
    result = image.copy()
    paste_back(result, SwappedFace(landmarks, crop, swapped, matte))
    watch.lap("compositing")
    encoded = encode_photo(source, result, photo, xmp=xmp(mark))
    watch.lap("writing")
    sign_bytes(encoded, Made(mark, source, {"faces": "largest", "method": "feather"}))
    watch.lap("signing")


def _providers(network: Path, resolution: int, runs: int) -> list[Provider]:
    """Every provider that is installed, the CPU with one thread and with all cores."""
    import onnxruntime

    cores = available_cores()
    faces = np.random.default_rng(0).random((1, 3, resolution, resolution), np.float32)
    found = []
    for asked in onnxruntime.get_available_providers():
        if asked == "AzureExecutionProvider":  # calls a service; it is no device
            continue
        for threads in sorted({1, cores}) if asked == "CPUExecutionProvider" else [1]:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            options.intra_op_num_threads = threads
            session: Any = onnxruntime.InferenceSession(
                network.read_bytes(), options, providers=[asked]
            )
            times = []
            for count in range(-2, runs):
                begun = time.perf_counter()
                session.run(None, {INPUT: faces})
                if count >= 0:
                    times.append(1000 * (time.perf_counter() - begun))
            step = _step(asked, times)
            found.append(Provider(asked, session.get_providers()[0], threads, step.p50, step.p95))
    return found


def _step(name: str, times: list[float]) -> Step:
    p50, p95 = np.percentile(times, [50, 95])
    return Step(name, round(float(p50), 2), round(float(p95), 2))
