"""Reads untrusted files: regular files of bounded size only.

Reading a FIFO could block, a device never ends, and a file of gigabytes exhausts the memory of its
reader.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

MOST_JSON = 64 * 2**20
"""Bytes of a JSON file of ours; the largest, a list of ten thousand identities, has 5 million."""


@contextmanager
def opened(path: Path, most: int | None = None) -> Iterator[BufferedReader]:
    """The regular file at ``path``, for reading; links are followed.

    Args:
        path: where.
        most: bytes it may have; None for any number.

    Raises:
        OSError: missing, not readable, not a regular file (a folder, FIFO, device or socket), or
            too large.
    """
    _check(path.stat(), path, None)  # opening some devices does something already
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:  # noqa: PTH123
        _check(os.fstat(handle), path, most)
        yield file


def read_bytes(path: Path, most: int) -> bytes:
    """All of a regular file of at most ``most`` bytes.

    Raises:
        OSError: see :func:`opened`.
    """
    with opened(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # it grew
        raise _too_large(path, most)
    return content


def read_text(path: Path, most: int) -> str:
    """All of a regular file in UTF-8.

    Raises:
        OSError: see :func:`opened`.
        ValueError: it is not UTF-8.
    """
    return read_bytes(path, most).decode()


def read_json(path: Path, most: int = MOST_JSON) -> Any:
    """The content of a JSON file.

    Raises:
        OSError: see :func:`opened`.
        ValueError: it is no JSON, or nested too deep to be any of ours.
    """
    return parse_json(read_bytes(path, most))


def parse_json(text: str | bytes) -> Any:
    """The content of a JSON text.

    Raises:
        ValueError: it is no JSON, or nested too deep to be any of ours.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _check(status: os.stat_result, path: Path, most: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "It is no regular file", str(path))
    if most is not None and status.st_size > most:
        raise _too_large(path, most)


def _too_large(path: Path, most: int) -> OSError:
    size = f"{most >> 20} MB" if most >= 2**20 else f"{most >> 10} KB"
    return OSError(errno.EFBIG, f"It is larger than {size}", str(path))
