"""The same words for a shared folder and for S3: whole or nothing, verified, once per node."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faulty import Fault, FaultyProxy
from tests.object_store import BUCKET, objects, s3, store
from zoo.errors import DamagedObjectError, MissingObjectError, OutageError
from zoo.shared_storage import join, names, reading, remove, share, writing

__all__ = ["s3", "store"]

PACK = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(PACK).hexdigest()


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A shared folder, of either kind."""
    if request.param == "folder":
        return str(tmp_path / "shared")
    request.getfixturevalue("s3")
    return f"s3://{BUCKET}/shared"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "shared"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "content.safetensors"
    path.write_bytes(PACK)
    return path


def test_what_is_written_is_read_listed_and_removed(place: str) -> None:
    with writing(join(place, "deep", "a.txt")) as path:
        path.write_text("first")
    with writing(join(place, "deep", "a.txt")) as path:
        path.write_text("second")
    with reading(join(place, "deep", "a.txt")) as path:
        assert path.read_text() == "second"
    assert names(place) == ["deep"]
    assert names(join(place, "deep")) == ["a.txt"]
    assert names(join(place, "dee")) == []
    remove(join(place, "deep"))
    assert names(place) == [] or names(join(place, "deep")) == []
    remove(join(place, "deep"))


def test_a_block_that_fails_leaves_what_was_there(place: str) -> None:
    target = join(place, "a.txt")
    with writing(target) as path:
        path.write_text("whole")
    with pytest.raises(KeyboardInterrupt), writing(target) as path:
        path.write_text("half")
        raise KeyboardInterrupt
    with reading(target) as path:
        assert path.read_text() == "whole"
    assert names(place) == ["a.txt"]


def test_nothing_there(place: str) -> None:
    with (
        pytest.raises(MissingObjectError, match=r"There is no .*a\.txt"),
        reading(join(place, "a.txt")),
    ):
        pass
    assert names(place) == []


def test_a_pack_is_put_there_once_and_fetched_once_per_node(
    place: str, pack: Path, cache: Path
) -> None:
    shared = share(pack, SHA256, place)
    assert share(pack, SHA256, place) == shared
    assert names(place) == [f"{SHA256}.safetensors"]
    pack.unlink()  # a node has none of the driver's disk
    here = shared.here()
    assert here.parent == cache and here.read_bytes() == PACK
    remove(place)
    assert shared.here() == here


def test_a_damaged_pack_is_not_taken(place: str, pack: Path, cache: Path) -> None:
    shared = share(pack, SHA256, place)
    with writing(shared.place) as path:
        path.write_bytes(PACK[:-1] + b"x")
    with pytest.raises(DamagedObjectError, match="is damaged"):
        shared.here()
    assert not list(cache.glob("[!.]*"))
    remove(shared.place)
    assert share(pack, SHA256, place).here().read_bytes() == PACK


def test_a_cache_forgets_what_nobody_has_asked_for_in_a_week(
    place: str, pack: Path, cache: Path
) -> None:
    kept = share(pack, SHA256, place).here()
    old = cache / "old.safetensors"
    old.write_bytes(b"old")
    os.utime(old, (time.time() - 8 * 86400,) * 2)
    pack.write_bytes(b"other")
    other = hashlib.sha256(b"other").hexdigest()
    assert share(pack, other, place).here().read_bytes() == b"other"
    assert not old.exists() and kept.exists()


def test_processes_of_one_node_fetch_a_pack_once(s3: FaultyProxy, pack: Path, cache: Path) -> None:
    shared = share(pack, SHA256, f"s3://{BUCKET}/content")
    s3.seen.clear()
    s3.next(Fault(wait=2.0), method="GET", path="content")  # so that all of them want it at once
    code = f"from zoo.shared_storage import SharedFile\nprint({shared!r}.here().stat().st_size)"
    readers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert [int(reader.communicate()[0]) for reader in readers] == [len(PACK)] * 3
    assert [seen.method for seen in s3.seen] == ["GET"]


def test_a_store_that_is_away_keeps_nothing_half_written(s3: FaultyProxy, tmp_path: Path) -> None:
    target = f"s3://{BUCKET}/a.txt"
    s3.go_down(30)
    with pytest.raises(OutageError), writing(target, retry_seconds=0.2) as path:
        path.write_text("text")
    assert not path.exists()
    s3.go_down(0)
    assert objects() == {}
