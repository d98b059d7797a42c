"""Signs outputs: each carries a C2PA manifest (Content Credentials).

The manifest is the last thing written: it holds a hash of all other bytes, so later alterations are
detected (:mod:`.verifying`). No server is contacted, no remote manifest is fetched, and no
thumbnail of the input is kept, because it would show the original face.
"""

import hashlib
import io
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from zoo.errors import SigningError
from zoo.provenance.credentials.manifest import Made, definition, ingredient, private_assertions
from zoo.provenance.credentials.media_types import CARRIERS, HEAD, UNKNOWN, media_type
from zoo.provenance.credentials.signing_key import SigningKey, signing_key
from zoo.storage import atomic_file, plain_errors

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SIDECAR = ".c2pa"

_Readable = io.BytesIO | io.BufferedReader

SETTINGS: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    # Larger copies than this many MB go to temporary files; by default 512.
    "core": {"allowed_network_hosts": [], "backing_store_memory_threshold_in_mb": 16},
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


def sign_bytes(encoded: bytes, made: Made) -> bytes:
    """An encoded photo or video in memory, signed: what a server sends.

    Args:
        encoded: JPEG, PNG, WebP, TIFF, AVIF, MP4 or MOV; told by its content.
        made: how it came to be.

    Raises:
        SigningError: another format, or there is no usable key.
        StorageError: the self-made key cannot be kept.
    """
    kind = media_type(encoded[:HEAD])
    if kind not in CARRIERS:
        raise SigningError("Only JPEG, PNG, WebP, TIFF, AVIF, MP4 and MOV can carry a manifest.")
    signed = io.BytesIO()
    _sign(io.BytesIO(encoded), signed, kind, made, signing_key())
    return signed.getvalue()


def sign_file(finished: Path, target: Path, made: Made) -> None:
    """Moves the ``finished`` photo or video to ``target``, signed, whole or not at all.

    They may be the same file. A format that can carry no manifest (Matroska, WebM, ...) is moved
    as it is, with the manifest beside it in ``target`` + ``.c2pa``. It takes about as much memory
    as the file has bytes: c2pa reads what it hashes, a video's pictures and sound, at once.

    Raises:
        SigningError: it cannot be signed; ``finished`` stays and ``target`` is as it was.
        StorageError: no permission or no space.
    """
    key = signing_key()
    with finished.open("rb") as file:
        kind = media_type(file.read(HEAD))
        file.seek(0)
        if kind in CARRIERS:
            with atomic_file(target) as temporary, temporary.open("w+b") as signed:
                _sign(file, signed, kind, made, key)
        else:
            manifest = _sign(file, None, UNKNOWN, made, key)
            with atomic_file(sidecar(target)) as temporary:
                temporary.write_bytes(manifest)
    with plain_errors(target):
        if kind not in CARRIERS:
            os.replace(finished, target)
        elif not finished.samefile(target):
            finished.unlink()


def sign_photo(encoded: bytes, target: Path, made: Made) -> None:
    """Writes an ``encoded`` photo to ``target``, signed, whole or not at all.

    As :func:`sign_file` does; of a format that can carry no manifest (OpenEXR) it lies beside it.

    Raises:
        SigningError: it cannot be signed; ``target`` is as it was.
        StorageError: no permission or no space.
    """
    beside = media_type(encoded[:HEAD]) not in CARRIERS
    with atomic_file(target) as temporary:
        if beside:
            manifest = _sign(io.BytesIO(encoded), None, UNKNOWN, made, signing_key())
            with atomic_file(sidecar(target)) as record:
                record.write_bytes(manifest)
            temporary.write_bytes(encoded)
        else:
            temporary.write_bytes(sign_bytes(encoded, made))


def sidecar(path: Path) -> Path:
    """The manifest's path beside a file that cannot contain it: ``clip.mkv.c2pa``."""
    return path.with_name(path.name + SIDECAR)


def _sign(
    finished: BinaryIO,
    signed: BinaryIO | io.RawIOBase | None,
    kind: str,
    made: Made,
    key: SigningKey,
) -> bytes:
    """Writes ``finished`` with its manifest to ``signed``, if any; returns the bare manifest."""
    import c2pa

    with _opened(made.source) as source, c2pa.Context.from_dict(SETTINGS) as context:
        digest = _digest(source)
        head = b"" if source is None else source.read(HEAD)
        # An input whose own manifests are damaged becomes a parent without a history.
        for input_kind in dict.fromkeys((media_type(head), UNKNOWN)):
            finished.seek(0)
            try:
                private: list[str] = []
                if source is not None and input_kind != UNKNOWN:
                    private = private_assertions(source, input_kind)
                with (
                    _signer(key) as signer,
                    c2pa.Builder(definition(made, digest, private), context) as builder,
                ):
                    if source is not None:
                        source.seek(0)
                        builder.add_ingredient(ingredient(), input_kind, source)
                    if signed is None:
                        builder.set_no_embed()
                    target = _Nowhere() if signed is None else signed
                    target.seek(0)
                    target.truncate()
                    return bytes(builder.sign(signer, kind, finished, target))
            except c2pa.C2paError as error:
                failure = error
    reason = " ".join(str(failure).split())
    raise SigningError(f"The output cannot be signed: {reason}.") from failure


def _signer(key: SigningKey) -> Any:
    import c2pa

    if key.sign is None:
        info = c2pa.C2paSignerInfo(key.algorithm, key.chain, key.key, None)
        return c2pa.Signer.from_info(info)
    algorithm = c2pa.C2paSigningAlg[key.algorithm.upper()]
    return c2pa.Signer.from_callback(key.sign, algorithm, key.chain.decode(), None)


def _opened(source: Path | bytes | None) -> AbstractContextManager[_Readable | None]:
    match source:
        case None:
            return nullcontext()
        case bytes():
            return io.BytesIO(source)
        case Path():
            return source.open("rb")


def _digest(source: _Readable | None) -> str | None:
    if source is None:
        return None
    digest = hashlib.file_digest(source, "sha256").hexdigest()
    source.seek(0)
    return digest


class _Nowhere(io.RawIOBase):
    """Takes the copy that c2pa writes when only the manifest is wanted."""

    def __init__(self) -> None:
        self._at = self._size = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        count = memoryview(data).nbytes
        self._at += count
        self._size = max(self._size, self._at)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None, /) -> int:
        self._size = self._at if size is None else size
        return self._size
