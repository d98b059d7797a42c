"""Half-written files do not exist, whatever happens."""

import errno
import os
from pathlib import Path

import pytest

from zoo.errors import StorageError
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
