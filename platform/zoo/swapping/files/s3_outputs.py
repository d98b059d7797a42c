"""Outputs to S3 and back, each with its manifest, where that lies beside it."""

from contextlib import suppress
from pathlib import Path

from zoo.errors import DamagedObjectError, MissingObjectError
from zoo.provenance.credentials.media_types import CARRIERS, HEAD, media_type
from zoo.provenance.credentials.signing import SIDECAR, sidecar
from zoo.s3.address import S3Address
from zoo.s3.retry import PATIENCE
from zoo.s3.transfer import download, exists, upload


def put_output(finished: Path, target: S3Address, patience: float = PATIENCE) -> None:
    """Sends an output, its manifest first, so that none is ever there without it.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    if sidecar(finished).exists():
        upload(sidecar(finished), _beside(target), patience)
    upload(finished, target, patience)


def get_output(target: S3Address, path: Path, most_bytes: int, patience: float = PATIENCE) -> None:
    """Brings an output that may be there already to ``path``.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    with suppress(MissingObjectError, DamagedObjectError):
        download(target, path, most_bytes=most_bytes, patience=patience)
        with path.open("rb") as file:
            carries = media_type(file.read(HEAD)) in CARRIERS
        if not carries and exists(_beside(target), patience):
            download(_beside(target), sidecar(path), most_bytes=most_bytes, patience=patience)


def _beside(target: S3Address) -> S3Address:
    return S3Address(target.bucket, target.key + SIDECAR)
