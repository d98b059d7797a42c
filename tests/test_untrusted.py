"""Files of others are read when they are plain files of fair size, and refused in words else."""

import os
import socket
from pathlib import Path

import pytest

from zoo.storage import sha256_of
from zoo.untrusted import opened, parse_json, read_bytes, read_json
from zoo.yaml_files import parse_yaml, read_yaml


def test_a_plain_file_is_read_through_links_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.json").symlink_to("a.json")
    assert read_json(tmp_path / "b.json") == {"a": 1}
    assert read_bytes(tmp_path / "a.json", 8) == b'{"a": 1}'


def test_what_never_ends_or_never_begins_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "fifo", tmp_path / "link", tmp_path / "socket", Path("/dev/null")):
            with pytest.raises(OSError, match="no regular file"), opened(path):
                pass
            with pytest.raises(OSError, match="no regular file"):
                sha256_of(path)
    with pytest.raises(IsADirectoryError), opened(tmp_path):
        pass


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(OSError, match="larger than 64 MB"):
        read_json(path)
    with pytest.raises(OSError, match="larger than 2 KB"):
        read_bytes(path, 2048)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "{", b"\xff\xfe\xfd"])
def test_json_that_is_none_is_one_kind_of_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


BOMB = "\n".join(
    [
        "a0: &a0 {k0: 1, k1: 2}",
        *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]}}" for n in range(1, 30)),
    ]
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "nested too deep"),
        ("- " * 1000 + "a", "nested too deep"),
        ("added: 2026-99-99", "month must be in"),
        ("added: 2026-02-30 25:61:61", "day is out of range|hour must be in"),
        ("a: [", "line 2"),
        ("? [1, 2]\n: 3", "unhashable"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        (BOMB, "grow without end"),
    ],
)
def test_yaml_that_is_not_plain_is_one_kind_of_error(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)


def test_yaml_of_ours_may_merge_and_nest(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("base: &base {a: 1, b: [1, [2, 3]]}\nquick: {<<: *base, a: 2}\n")
    assert read_yaml(path)["quick"] == {"a": 2, "b": [1, [2, 3]]}
    path.write_bytes(b"a: caf\xe9\n")
    with pytest.raises(ValueError):
        read_yaml(path)
