"""Uploads and downloads of objects: atomic, verified, resumable."""

import mimetypes
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote

from zoo.errors import DamagedObjectError, OutageError, StorageError
from zoo.s3.address import S3Address
from zoo.s3.client import RETRY_SECONDS, connect, retry
from zoo.s3.error_translation import code_of, expected_answer, translated_errors
from zoo.storage import plain_errors, sha256_of

CHUNK = 1 << 16  # bytes; what is lost of a download when its connection breaks
PART = 16 << 20  # bytes; what is larger goes up in parts of this size, several at once
_DIGEST = "sha256"  # of the metadata that an upload leaves


class Progress(Protocol):
    """Called with the bytes there so far and the bytes expected."""

    def __call__(self, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class Found:
    """An object in a listing."""

    address: S3Address
    size: int
    """Bytes."""


def upload(source: Path, target: S3Address, retry_seconds: float = RETRY_SECONDS) -> None:
    """Puts a file there, large ones in parts; it appears whole or not at all.

    Its SHA-256 goes with it, for :func:`download` to verify.

    Raises:
        StorageError: ``source`` cannot be read, or the store refuses; see ``translated_errors``.
        OutageError: the store has not answered for ``retry_seconds``.
    """
    kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"

    def put() -> None:
        from boto3.s3.transfer import TransferConfig

        with translated_errors(target), source.open("rb") as file:
            connect().upload_fileobj(
                file,
                target.bucket,
                target.key,
                ExtraArgs={"ContentType": kind, "Metadata": {_DIGEST: digest}},
                Config=TransferConfig(
                    multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4
                ),
            )

    try:
        digest = sha256_of(source)
        retry(put, retry_seconds)
    except OSError as error:
        raise StorageError(f"Cannot read {source}: {error.strerror or error}.") from error


def download(
    source: S3Address,
    target: Path,
    *,
    sha256: str | None = None,
    most_bytes: int | None = None,
    progress: Progress | None = None,
    retry_seconds: float = RETRY_SECONDS,
) -> None:
    """Fetches an object; ``target`` appears whole and verified or not at all.

    What an interrupted download left beside ``target`` is gone on with, if the object is still
    the same.

    Args:
        source: the object.
        target: the file.
        sha256: what it must have, or its first digits; default: what its upload left.
        most_bytes: a larger object is refused.
        progress: told of the bytes.
        retry_seconds: seconds without a byte after which it gives up.

    Raises:
        MissingObjectError: no such object.
        DamagedObjectError: its SHA-256 is another.
        OutageError: the store does not answer.
        StorageError: the store refuses, the object is too large, or the disk said no.
    """
    with plain_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = _Partial(target)
        while True:
            digest, in_one_piece = _complete(source, partial, most_bytes, progress, retry_seconds)
            expected = sha256 or digest
            if not expected or sha256_of(partial.path()).startswith(expected):
                break
            partial.remove()
            if in_one_piece:
                raise DamagedObjectError(
                    f"{source} is damaged: its SHA-256 is not {expected[:12]}...; upload it again."
                )
        os.replace(partial.path(), target)


def exists(address: S3Address, retry_seconds: float = RETRY_SECONDS) -> bool:
    """Whether there is an object of exactly this address.

    Raises:
        StorageError: the store refuses or does not answer; or there is no such bucket.
    """
    return any(found.address == address for found in _listed(address, retry_seconds, most=1))


def etag(address: S3Address, retry_seconds: float = RETRY_SECONDS) -> str:
    """A value that changes whenever the object changes.

    Raises:
        StorageError: there is no such object, or the store refuses or does not answer.
    """

    def ask() -> str:
        with translated_errors(address), expected_answer(address):
            answer = connect().head_object(Bucket=address.bucket, Key=address.key)
            return str(answer["ETag"])

    return retry(ask, retry_seconds)


def listing(prefix: S3Address, retry_seconds: float = RETRY_SECONDS) -> list[Found]:
    """All objects below ``prefix``, as in a folder, in the order of their keys.

    Raises:
        StorageError: the store refuses or does not answer; or there is no such bucket.
    """
    key = prefix.key if prefix.is_prefix else f"{prefix.key}/"
    found = _listed(S3Address(prefix.bucket, key), retry_seconds)
    # Tools that imitate folders leave empty objects whose keys end in a slash.
    return [entry for entry in found if not entry.address.key.endswith("/")]


def remove(prefix: S3Address, retry_seconds: float = RETRY_SECONDS) -> None:
    """Removes the object of this address and all below it, if any exist.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    below = prefix if prefix.is_prefix else S3Address(prefix.bucket, f"{prefix.key}/")
    addresses = [found.address for found in _listed(below, retry_seconds)]
    if not prefix.is_prefix:
        addresses.append(prefix)

    def delete(address: S3Address) -> None:
        with translated_errors(address):
            connect().delete_object(Bucket=address.bucket, Key=address.key)

    for address in addresses:
        retry(lambda address=address: delete(address), retry_seconds)  # type: ignore[misc]


class _Progressed(Exception):
    """The connection broke after some bytes; the retry time starts again."""


class _Partial:
    """The beginning of an object beside its target; its name holds the object's ETag."""

    def __init__(self, target: Path) -> None:
        self._folder = target.parent
        self._start = f".{target.name[:80]}."
        self._end = ".partial"

    def _files(self) -> list[Path]:
        return [
            entry
            for entry in self._folder.iterdir()
            if entry.name.startswith(self._start) and entry.name.endswith(self._end)
        ]

    def path(self) -> Path:
        """Where it is; it must be there."""
        return self._files()[0]

    def etag(self) -> str:
        """Of the object whose beginning it is."""
        return unquote(self.path().name.removeprefix(self._start).removesuffix(self._end))

    def size(self) -> int:
        """Bytes; 0 when there is none."""
        return sum(entry.stat().st_size for entry in self._files()[:1])

    def begin(self, etag: str) -> None:
        """Makes it, empty."""
        self.remove()
        (self._folder / f"{self._start}{quote(etag, safe='')}{self._end}").touch()

    def remove(self) -> None:
        for entry in self._files():
            entry.unlink(missing_ok=True)


def _complete(
    source: S3Address,
    partial: _Partial,
    most_bytes: int | None,
    progress: Progress | None,
    retry_seconds: float,
) -> tuple[str | None, bool]:
    """Makes the partial whole; the SHA-256 that the upload left, and whether one answer did it."""
    in_one_piece = partial.size() == 0
    while True:
        try:
            digest = retry(lambda: _read_on(source, partial, most_bytes, progress), retry_seconds)
        except _Progressed:
            in_one_piece = False  # and its own retries
        else:
            return digest, in_one_piece


def _read_on(
    source: S3Address, partial: _Partial, most_bytes: int | None, progress: Progress | None
) -> str | None:
    """Reads the rest of ``source``; returns the SHA-256 that its upload left."""
    from botocore.exceptions import FlexibleChecksumError

    before = partial.size()
    try:
        with translated_errors(source):
            with expected_answer(source):
                answer, have, total = _ask(source, partial)
            if most_bytes is not None and total > most_bytes:
                raise StorageError(
                    f"{source} is larger than {most_bytes // 1_000_000} MB; make it smaller first."
                )
            with closing(answer["Body"]) as body, partial.path().open("ab") as file:
                while chunk := body.read(CHUNK):
                    file.write(chunk)
                    have += len(chunk)
                    if progress:
                        progress(have, total)
            if have != total:
                raise OutageError(
                    f"{source} stopped at {have} of {total} bytes; run the command again to resume."
                )
    except OutageError as error:
        if isinstance(error.__cause__, FlexibleChecksumError):
            partial.remove()
        elif partial.size() > before:
            raise _Progressed from error
        raise
    digest = answer.get("Metadata", {}).get(_DIGEST)
    return str(digest) if digest else None


def _ask(source: S3Address, partial: _Partial) -> tuple[Any, int, int]:
    """An answer whose body is what is missing, the bytes at hand, and the bytes in all."""
    client, where = connect(), {"Bucket": source.bucket, "Key": source.key}
    if have := partial.size():
        try:
            # The last byte once more, so that a whole partial asks for no empty range.
            answer = client.get_object(**where, Range=f"bytes={have - 1}-", IfMatch=partial.etag())
        except Exception as error:
            if code_of(error) not in {"PreconditionFailed", "412", "InvalidRange", "416"}:
                raise
        else:
            if answer.get("ContentRange", "").startswith(f"bytes {have - 1}-"):
                answer["Body"].read(1)
                return answer, have, have - 1 + int(answer["ContentLength"])
            answer["Body"].close()  # a store without ranges sends all of it
    answer = client.get_object(**where)
    partial.begin(answer["ETag"])
    return answer, 0, int(answer["ContentLength"])


def _listed(prefix: S3Address, retry_seconds: float, most: int | None = None) -> list[Found]:
    def pages() -> Iterator[Any]:
        pager = connect().get_paginator("list_objects_v2")
        limit = {"MaxItems": most} if most else {}
        yield from pager.paginate(Bucket=prefix.bucket, Prefix=prefix.key, PaginationConfig=limit)

    def everything() -> list[Found]:
        with translated_errors(prefix), expected_answer(prefix):
            return [
                Found(S3Address(prefix.bucket, entry["Key"]), int(entry["Size"]))
                for page in pages()
                for entry in page.get("Contents", [])
            ]

    return retry(everything, retry_seconds)
