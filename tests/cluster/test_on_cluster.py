"""Stages and swaps by tasks of a real cluster: as here, whatever becomes of a process."""

import asyncio
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from ray.cluster_utils import Cluster

from tests.networks_on_disk import write_network
from tests.serving.conftest import REGISTRY, couple, portrait, zoo_cache
from tests.swapping.conftest import portraits
from zoo.cli.swapping.swap_workers import swap_workers
from zoo.cluster import tasks as tasks_module
from zoo.cluster.joining import connected
from zoo.cluster.tasks import Asked, ClusterPool
from zoo.errors import ClusterError, PhotoError
from zoo.photos.image import Image
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.verifying import verify
from zoo.serving.deployment import running as running_module
from zoo.serving.deployment.application import LibraryActor
from zoo.serving.deployment.gateway import Gateway
from zoo.serving.live_frames import Frame
from zoo.serving.options import Options
from zoo.serving.upload_swapping import SwapRequest
from zoo.settings import Project
from zoo.storage import sha256_of
from zoo.swapping.files.photo_batch import BatchOptions, Outcome, swap_many

__all__ = ["couple", "portrait", "portraits", "zoo_cache"]


@pytest.fixture(autouse=True)
def address(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def join(project: Project, product: Path, texts: Mapping[str, Path], died: Path) -> dict[str, int]:
    """Writes what stands in the files; the second one's process dies once."""
    if "b" in texts and not died.exists():
        died.touch()
        os._exit(9)
    if "c" in texts:
        raise PhotoError(f"{project.root}/c is damaged.")
    product.mkdir(exist_ok=True)
    for name, path in texts.items():
        (product / f"{name}.txt").write_text(path.read_text())
    (product.parent / f"{product.name}.where").write_text(str(project.root))
    return {"files": len(texts)}


def test_products_come_back_from_nodes_that_never_saw_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, elsewhere = Project(tmp_path / "project"), tmp_path / "elsewhere"
    for folder in (project.root, project.aligned, elsewhere):
        folder.mkdir(parents=True)
    jobs = []
    died = Path("/tmp") / f"zoo-died-{os.getpid()}-{time.time_ns()}"
    for name in "abc":
        inside, outside = project.root / f"{name}.in", elsewhere / name
        inside.write_text(f"{name} inside")
        outside.write_text(f"{name} outside")
        product = project.aligned / name
        arguments = (project, product, {name: inside, "other": outside}, died)
        inputs = (inside, outside)
        jobs.append(Job(name, product, {"of": name}, join, arguments, project.root, inputs))
    outcome = bring_up_to_date("stage", jobs)
    died.unlink()
    assert sorted(outcome.made) == ["a", "b"]
    assert outcome.failed == {"c": f"{project.root}/c is damaged."}
    assert (project.aligned / "b" / "b.txt").read_text() == "b inside"
    assert (project.aligned / "b" / "other.txt").read_text() == "b outside"
    assert (project.aligned / "b.where").read_text() != str(project.root)
    assert "a: made in" in capsys.readouterr().out
    again = bring_up_to_date("stage", jobs[:2])
    assert again.fresh == ["a", "b"]


def test_photos_are_swapped_as_here_and_signed_by_the_drivers_key(
    tmp_path: Path, portraits: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = []
    for name in "abc":
        Pillow.fromarray(portraits[0]).save(tmp_path / f"{name}.png")
        pairs.append((tmp_path / f"{name}.png", tmp_path / "out" / f"{name}.png"))
    os.truncate(pairs[1][0], 4000)
    network = write_network(tmp_path / "network.onnx", 0.5)
    how = BatchOptions(network, Marking("ada", "3", sha256_of(network), "synthetic"))

    def swap() -> list[Outcome]:
        with swap_workers(3, 0, None, None) as workers:
            return sorted(workers.swap_many(pairs, how), key=lambda one: one.number)

    first = swap()
    assert [one.faces for one in first] == [1, None, 1]
    assert str(first[1].reason).startswith(f"{pairs[1][0]} is damaged")
    assert verify(pairs[0][1]).by_this_user
    assert [one.already_done for one in swap()] == [True, False, True]
    here = tmp_path / "here.png"
    list(swap_many([(pairs[0][0], here)], how))
    assert _pixels(here) == _pixels(pairs[0][1])


def _pixels(path: Path) -> str:
    with Pillow.open(path) as picture:
        return hashlib.sha256(picture.tobytes()).hexdigest()


def test_what_no_node_has_is_refused_at_once() -> None:
    from zoo.training.ray.worker_groups import WorkerGroups

    with connected() as ray:
        groups = WorkerGroups(ray, 64, 0, 1)
        began = time.monotonic()
        with pytest.raises(ClusterError, match="64 CPUs on one machine"):
            groups.check()
    assert time.monotonic() - began < 15


def test_few_are_in_flight_and_a_task_that_always_dies_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks_module, "RETRIES", 0)
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(12):
            taken.append(number)
            yield number

    most = 0
    results = []
    with connected() as ray:
        asked = Asked({"num_cpus": 1}, at_once=3)
        for result in ClusterPool(ray, asked).map(tasks(), _prepare, lambda task, why: -task):
            results.append(result)
            most = max(most, len(taken) - len(results))
    assert sorted(results) == [-5, *(n for n in range(12) if n != 5)]
    assert most <= 3


class CountingLibrary(LibraryActor):
    """Counts how often each network was fetched by a worker."""

    def ask(self, question: str, *arguments: Any) -> Any:
        fetched = self.__dict__.setdefault("fetched", Counter())
        if question == "fetched":
            return dict(fetched)
        fetched.update(arguments if question == "network" else ())
        return super().ask(question, *arguments)


@pytest.mark.faults
def test_identities_are_served_by_workers_of_the_cluster_that_hold_them(
    zoo_cache: Path,
    portrait: bytes,
    couple: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running_module, "LibraryActor", CountingLibrary)
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    options = Options(registry=REGISTRY, networks=1, workers=2, threads=1, cluster=True)

    async def ask(gateway: Gateway) -> tuple[list[dict[str, int]], set[bytes]]:
        counts, seen = [], set()
        for rounds in (2, 4):
            for name in ("ada", "bruno") * rounds:
                chosen = await gateway.choose(name)
                seen.add((await gateway.swap(portrait, [chosen], SwapRequest())).encoded)
                await asyncio.sleep(0.5)  # in which Serve tells who holds what
            counts.append(await gateway._library.ask.remote("fetched"))
        _, frame = [part async for part in gateway.frame(couple, chosen, None)]
        assert isinstance(frame, Frame) and frame.jpeg is not None
        return counts, seen

    with running_module.running(options) as gateway:
        (first, second), seen = asyncio.run(ask(gateway))
    assert set(first) == {"ada:1", "bruno:1"}
    # Four of each more. One in two would find the other's network, if it went anywhere.
    assert sum(second.values()) - sum(first.values()) <= 1
    for number, picture in enumerate(seen):
        (tmp_path / f"{number}.png").write_bytes(picture)
        assert verify(tmp_path / f"{number}.png").by_this_user
    with connected() as ray:
        until = time.monotonic() + 30
        while left := ray.util.list_named_actors(all_namespaces=True):
            assert time.monotonic() < until, left  # neither Serve nor an attendant
            time.sleep(0.1)


def _prepare() -> Callable[[int], int]:
    return lambda number: os._exit(9) if number == 5 else number
