"""Outputs: whether one is up to date, and its way to S3 and back with its manifest.

An output names in its manifest what it was made from.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from zoo import __version__
from zoo.errors import DamagedObjectError, MissingObjectError, ZooError
from zoo.provenance.credentials.manifest import Setting
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.media_types import CARRIERS, HEAD, media_type
from zoo.provenance.credentials.signing import SIDECAR, sidecar
from zoo.provenance.credentials.verifying import is_of_the_known
from zoo.s3.address import S3Address
from zoo.s3.client import RETRY_SECONDS
from zoo.s3.transfer import download, exists, upload
from zoo.storage import sha256_of


def is_done(target: Path, source: Path, mark: Marking, settings: Mapping[str, Setting]) -> bool:
    """Whether ``target`` is what a swap of ``source`` would give.

    Its manifest must hold, and name this input (by SHA-256), network, identity, basis, settings
    and version of the software. An output that was altered, or of another network, is none; nor
    is one that somebody signed who is not known here: anyone can write such a manifest.
    """
    if not target.is_file():
        return False
    try:
        found = is_of_the_known(target)
        if found is None or not found.steps:
            return False
        step = found.steps[0]
        given = [_network(one.facts) for one in (mark, *mark.also)]
        named = [_network(one) for one in (step.swap, *step.swap.get("also", []))]
        if any(one not in given for one in named):  # fewer: somebody chosen is not in this photo
            return False
        if step.software != f"faceswap-zoo {__version__}":
            return False
        if step.swap.get("settings") != {name: str(value) for name, value in settings.items()}:
            return False
        return step.swap.get("input_sha256") == sha256_of(source)
    except (ZooError, OSError):  # the swap itself will say what is wrong
        return False


def _network(facts: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells one network from another, of what a manifest says of it."""
    return tuple(facts.get(name) for name in ("identity", "network_sha256", "basis"))


def put_output(finished: Path, target: S3Address, retry_seconds: float = RETRY_SECONDS) -> None:
    """Sends an output, its manifest first, so that none is ever there without it.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    if sidecar(finished).exists():
        upload(sidecar(finished), _beside(target), retry_seconds)
    upload(finished, target, retry_seconds)


def get_output(
    target: S3Address, path: Path, most_bytes: int, retry_seconds: float = RETRY_SECONDS
) -> None:
    """Brings an output that may be there already to ``path``.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    with suppress(MissingObjectError, DamagedObjectError):
        download(target, path, most_bytes=most_bytes, retry_seconds=retry_seconds)
        with path.open("rb") as file:
            carries = media_type(file.read(HEAD)) in CARRIERS
        if not carries and exists(_beside(target), retry_seconds):
            download(
                _beside(target), sidecar(path), most_bytes=most_bytes, retry_seconds=retry_seconds
            )


def _beside(target: S3Address) -> S3Address:
    return S3Address(target.bucket, target.key + SIDECAR)
