"""Half-written files do not exist, whatever happens."""

import errno
import os
from pathlib import Path

import pytest

from zoo.errors import StorageError
from zoo.shared_storage import writing
from zoo.storage import atomic_file, atomic_folder, sha256_of, write_json


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("text")
        assert not path.exists()
    assert path.read_text() == "text"
    assert path.stat().st_mode & 0o444 == 0o444 & ~_umask()
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for content in ("old", "new"):
        with atomic_folder(path) as temporary:
            (temporary / content).write_text(content)
    assert [p.name for p in path.iterdir()] == ["new"]
    with pytest.raises(RuntimeError), atomic_folder(path) as temporary:
        (temporary / "half").write_text("half")
        raise RuntimeError
    assert [p.name for p in path.iterdir()] == ["new"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(StorageError, match=r"file\.txt: the disk is full"), atomic_file(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not path.exists()


def test_a_really_full_device_too() -> None:
    with (
        pytest.raises(StorageError, match="disk is full"),
        atomic_file(Path("/dev/shm/zoo-test")) as temporary,
        Path("/dev/full").open("w") as full,
    ):
        full.write("x" * 100_000)
        temporary.touch()
    assert not Path("/dev/shm/zoo-test").exists()


def test_a_file_in_the_way_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Cannot write"):
        write_json(tmp_path / "file" / "below.json", {})


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf8f01cfea")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_cache_and_what_is_private_are_their_owners_alone_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    cache = tmp_path / "home" / "cache"
    monkeypatch.setenv("ZOO_CACHE", str(cache))
    place = tmp_path / "storage" / "checkpoints" / "ada" / "checkpoint.safetensors"
    place.parents[2].mkdir()
    before = os.umask(umask)
    try:
        write_json(cache / "networks" / "ada" / "card.json", {})
        with atomic_folder(cache / "faces" / "landmarks") as folder:
            (folder / "leaves.npy").touch(0o600)
        with writing(str(place), private=True) as temporary:
            temporary.write_bytes(b"weights")
    finally:
        os.umask(before)
    made = [*cache.rglob("*"), cache, place.parent, place]
    assert len(made) == 9
    for path in made:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_cache_that_an_earlier_version_left_open_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZOO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = tmp_path / "faceswap-zoo"
    (cache / "networks").mkdir(parents=True, mode=0o755)
    write_json(cache / "networks" / "ada.json", {})
    assert [path.stat().st_mode & 0o777 for path in (cache, cache / "networks")] == [0o700] * 2


def test_a_folder_of_others_that_is_named_as_the_cache_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    write_json(tmp_path / "tmp" / "listings" / "a.json", {})
    assert (tmp_path / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "tmp" / "listings" / "a.json").stat().st_mode & 0o777 == 0o600
