"""Pulls networks from the registry into the cache, complete and verified."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import AssetError, RegistryError, StorageError
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.identities.basis import check_basis
from zoo.registry.browse import find_version
from zoo.registry.local import cache
from zoo.registry.publishing.signatures import SIGNATURE, check_signature
from zoo.registry.references import Reference
from zoo.registry.tags import TagError, is_sha256, resolution_in, scores_in
from zoo.registry.versions import aliases_of
from zoo.settings import cache_folder
from zoo.storage import sha256_of
from zoo.swapping.network_files.inspection import inspect_network
from zoo.tracking import check_not_moved, connect, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

_STORED = "model.onnx"  # MLflow's name for it
_PREVIEW = "preview.jpg"
_MOST_PREVIEW = 10_000_000  # bytes; training leaves a hundredth of it


def pull(
    reference: Reference,
    tracking_uri: str,
    *,
    allow_unsigned: bool = False,
    tell: Callable[[str], object] = lambda line: None,
) -> cache.CachedNetwork:
    """Brings the cache up to date with what ``reference`` means in the registry now.

    Args:
        reference: what is wanted.
        tracking_uri: the registry.
        allow_unsigned: take a network that nobody vouches for; a signature that is there and does
            not hold is refused all the same.
        tell: is given a sentence when a key is seen for the first time.

    Raises:
        UnknownIdentityError: the name, alias or version does not exist.
        BasisError: the registry does not say on what basis the face may be used.
        RegistryError: the registry cannot be reached, what it holds is damaged, or it is not
            signed by somebody to trust.
        StorageError: the cache cannot be written.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        version = find_version(client, tracking_uri, reference)
        aliases = aliases_of(client, reference.name)
    number = int(version.version)
    digest = version.tags.get("sha256", "")
    if not is_sha256(digest):
        raise RegistryError(
            f"{reference.name} version {number} was not published by zoo: it has no sha256 tag."
        )
    basis = check_basis(version.tags.get("basis"), f"{reference.name} version {number}")
    try:
        resolution = resolution_in(version.tags)
    except TagError as error:
        raise RegistryError(
            f"{reference.name} version {number} is not pulled: {error}; register it again."
        ) from error
    signer = ""
    if version.tags.get(SIGNATURE) or not allow_unsigned:
        signer = check_signature(reference.name, number, version.tags, tracking_uri, tell)
    network = cache.find_version(tracking_uri, reference.name, number, digest)
    if network is None or network.signer != signer:
        card = {
            "identity": reference.name,
            "version": number,
            "sha256": digest,
            "basis": str(basis),
            "recipe": version.tags.get("recipe", ""),
            "resolution": resolution,
            "receipt": version.tags.get("receipt", ""),
            "data_revision": version.tags.get("data_revision", ""),
            "scores": scores_in(version.tags),
            "signer": signer,
        }

        mark = Marking(reference.name, str(number), digest, basis)

        def fetch(path: Path) -> None:
            with _written_to(cache_folder(), tracking_uri):
                _download(client, version, digest, path)
            _check(path, mark, resolution)

        network = cache.store(tracking_uri, card, fetch)
    cache.remember_aliases(tracking_uri, reference.name, aliases)
    alias = next((alias for alias in reference.aliases if aliases.get(alias) == number), None)
    return replace(network, alias=alias)


def pull_preview(reference: Reference, tracking_uri: str, path: Path) -> None:
    """Fetches the picture that training left of a version to ``path``.

    Raises:
        UnknownIdentityError: the version does not exist.
        RegistryError: the registry cannot be reached or has no such picture.
    """
    from mlflow.artifacts import download_artifacts

    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        version = find_version(client, tracking_uri, reference)
        stored = {item.path: item for item in client.list_artifacts(version.run_id or "")}
        if _PREVIEW not in stored or (stored[_PREVIEW].file_size or 0) > _MOST_PREVIEW:
            raise RegistryError(
                f"{reference.name} has no picture of at most 10 MB in the registry."
            )
    with _written_to(path.parent, tracking_uri), tempfile.TemporaryDirectory() as folder:
        fetched = download_artifacts(run_id=version.run_id, artifact_path=_PREVIEW, dst_path=folder)
        shutil.copyfile(fetched, path)


def check_stored(client: "MlflowClient", version: "ModelVersion") -> None:
    """Whether a version's file is the network that its tags speak of, before it is signed.

    Raises:
        BasisError: the tags do not say on what basis the face may be used.
        RegistryError: it is damaged, or another's.
    """
    name = f"{version.name} version {version.version}"
    digest = version.tags.get("sha256", "")
    basis = check_basis(version.tags.get("basis"), name)
    try:
        resolution = resolution_in(version.tags)
    except TagError as error:
        raise RegistryError(f"{name} is not signed: {error}; register it again.") from error
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        path = Path(folder) / cache.NETWORK
        _download(client, version, digest, path)
        mark = Marking(version.name, str(version.version), digest, basis)
        _check(path, mark, resolution)


@contextmanager
def _written_to(folder: Path, uri: str) -> Iterator[None]:
    """For downloads: a disk that is full then is the one that is written to, not the registry's.

    Raises:
        StorageError: there is no space in ``folder``.
        RegistryError: the registry failed.
    """
    try:
        with plain_registry_errors(uri):
            yield
    except StorageError as error:
        raise StorageError(
            f"Cannot write {folder}: the disk is full; free some space and run it again."
        ) from error


def _check(path: Path, mark: Marking, resolution: int) -> None:
    """Whether what arrived is a swap network, and the one that its tags speak of."""
    name = f"{mark.identity} version {mark.version}"
    try:
        found = inspect_network(path, mark, name)
    except AssetError as error:
        raise RegistryError(f"{str(error).rstrip('.')}. It is not pulled.") from error
    if found.resolution != resolution:
        raise RegistryError(
            f"{name} takes faces of {found.resolution} px, but its tag says {resolution}; it is "
            "not pulled."
        )


def _download(client: "MlflowClient", version: "ModelVersion", sha256: str, path: Path) -> None:
    """Fetches a version's network to ``path`` and holds it against its digest."""
    from mlflow.artifacts import download_artifacts, list_artifacts

    name = f"{version.name} version {version.version}"
    place = client.get_model_version_download_uri(version.name, str(version.version))
    stored = {item.path.rsplit("/", 1)[-1]: item for item in list_artifacts(artifact_uri=place)}
    if _STORED not in stored:
        check_not_moved(client, client.tracking_uri)
        raise RegistryError(f"{name} has no network in the registry any more ({place}).")
    if (stored[_STORED].file_size or 0) > cache.MAX_BYTES:
        raise RegistryError(f"{name} is larger than any swap network; it is not pulled.")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fetched = Path(download_artifacts(artifact_uri=f"{place}/{_STORED}", dst_path=folder))
        if sha256_of(fetched) != sha256:
            raise RegistryError(
                f"{name} arrived damaged: its SHA-256 is not the registered one; pull it again."
            )
        fetched.replace(path)
