"""Many photos: each once, none stopped by another, whatever becomes of a process."""

import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from tests.networks_on_disk import write_network
from zoo.photos.image import Image
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.signing import sign_file
from zoo.provenance.credentials.verifying import Status, verify
from zoo.s3.address import S3Address
from zoo.storage import sha256_of
from zoo.swapping.files import photo_batch
from zoo.swapping.files.output_plan import Location
from zoo.swapping.files.photo_batch import BatchOptions, Outcome, overlapped, swap_many
from zoo.swapping.options import only, settings_of


@pytest.fixture
def batch(tmp_path: Path) -> BatchOptions:
    network = write_network(tmp_path / "network.onnx", 0.5)
    return BatchOptions(network, Marking("ada", "3", sha256_of(network), "synthetic"))


@pytest.fixture
def pairs(tmp_path: Path, portraits: list[Image]) -> list[tuple[Path, Path]]:
    """Three photos, the second broken, and where they go."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abc":
        Pillow.fromarray(portraits[0]).save(folder / f"{name}.png")
    os.truncate(folder / "b.png", 4000)
    return [(folder / f"{name}.png", tmp_path / "out" / f"{name}.png") for name in "abc"]


def swapped(outcomes: list[Outcome]) -> list[str]:
    return [one.source.stem for one in outcomes if one.faces]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_broken_photo_stops_no_other(
    batch: BatchOptions, pairs: list[tuple[Path, Path]], jobs: int
) -> None:
    outcomes = sorted(swap_many(pairs, batch, jobs), key=lambda one: one.number)
    assert swapped(outcomes) == ["a", "c"]
    assert "b.png is damaged" in str(outcomes[1].reason)
    assert sorted(path.name for path in pairs[0][1].parent.iterdir()) == ["a.png", "c.png"]
    again = sorted(swap_many(pairs, batch, jobs), key=lambda one: one.number)
    assert [one.already_done for one in again] == [True, False, True]


def test_what_is_done_is_left_alone_and_only_that(
    batch: BatchOptions, pairs: list[tuple[Path, Path]], tmp_path: Path
) -> None:
    pairs = pairs[:1]
    ((source, target),) = pairs
    (first,) = swap_many(pairs, batch)
    at = target.stat().st_mtime_ns
    (second,) = swap_many(pairs, batch)
    assert first.faces == 1 and second.already_done and target.stat().st_mtime_ns == at

    def redone(batch: BatchOptions) -> bool:
        (outcome,) = swap_many(pairs, batch)
        return outcome.faces == 1

    assert redone(replace(batch, again=True))
    assert redone(replace(batch, options=only("all", method="poisson")))
    assert redone(batch)
    other = write_network(tmp_path / "other.onnx", 0.7)
    changed = Marking("ada", "4", sha256_of(other), "synthetic")
    assert redone(replace(batch, network=other, mark=changed))
    assert redone(batch) and not redone(batch)
    with target.open("r+b") as file:  # altered by someone
        file.seek(-40, os.SEEK_END)
        file.write(b"x")
    assert verify(target).status is Status.altered
    assert redone(batch) and not redone(batch)
    shutil.copy(pairs[0][0], tmp_path / "plain.png")
    with Pillow.open(source) as picture:  # another input under the same name
        picture.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT).save(source)
    assert redone(batch) and not redone(batch)
    shutil.copy(tmp_path / "plain.png", target)  # a file that nobody signed
    assert redone(batch)


def test_an_output_that_somebody_forged_is_not_done(
    batch: BatchOptions,
    pairs: list[tuple[Path, Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (source, target), *_ = pairs
    with monkeypatch.context() as patch:  # another's key, and a manifest that says all it should
        patch.setenv("ZOO_DATA", str(tmp_path / "another"))
        black = tmp_path / "black.png"
        Pillow.new("RGB", (256, 256)).save(black)
        target.parent.mkdir(exist_ok=True)
        sign_file(black, target, Made(batch.mark, source, settings_of(batch.options, batch.mark)))
        (again,) = swap_many(pairs[:1], replace(batch))
        assert again.already_done  # for whoever has that key
    assert verify(target).status is Status.unknown_issuer
    (made,) = swap_many(pairs[:1], batch)
    assert made.faces == 1


def test_photos_in_s3_come_and_go_while_another_is_swapped() -> None:
    together = threading.Barrier(3, timeout=20)

    def swap(pair: tuple[int, Location, Location]) -> Outcome:
        if isinstance(pair[1], S3Address):
            together.wait()  # until three are in hand
        return Outcome(*pair, reason=threading.current_thread().name)

    remote = [(n, S3Address("in", f"{n}.jpg"), Path(f"{n}.jpg")) for n in range(6)]
    outcomes = list(overlapped(swap, remote, photo_batch._waits))
    assert [one.number for one in outcomes] == [0, 1, 2, 3, 4, 5]
    local = [(n, Path(f"{n}.jpg"), Path(f"out/{n}.jpg")) for n in range(3)]
    here = threading.current_thread().name
    assert [one.reason for one in overlapped(swap, local, photo_batch._waits)] == [here] * 3


def test_a_group_whose_worker_died_comes_again_one_by_one() -> None:
    pairs = [(n, Path(f"{n}.jpg"), Path(f"out/{n}.jpg")) for n in range(5)]
    groups = photo_batch._Groups(pairs, 2)
    first = next(groups)
    assert first == pairs[:2] and groups.lost(first, "killed") == []
    assert [next(groups) for _ in range(4)] == [[pairs[0]], [pairs[1]], pairs[2:4], pairs[4:]]
    (outcome,) = groups.lost([pairs[1]], "its process was killed")
    assert outcome.number == 1 and "1.jpg: its process was killed, perhaps" in str(outcome.reason)
    assert next(groups, None) is None


@pytest.mark.parametrize(("photos", "jobs", "size"), [(8, 8, 1), (8, 2, 4), (7, 3, 2), (99, 3, 4)])
def test_few_photos_in_s3_occupy_all_processes(
    batch: BatchOptions, monkeypatch: pytest.MonkeyPatch, photos: int, jobs: int, size: int
) -> None:
    sizes: list[int] = []

    class Groups(photo_batch._Groups):
        def __init__(self, pairs: Any, size: int) -> None:
            sizes.append(size)
            super().__init__([], size)

    monkeypatch.setattr(photo_batch, "_Groups", Groups)
    pairs = [(S3Address("in", f"{n}.jpg"), Path(f"{n}.jpg")) for n in range(photos)]
    assert list(swap_many(pairs, batch, jobs)) == [] and sizes == [size]
