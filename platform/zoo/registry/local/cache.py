"""The user's cache of networks, from which every swap is served; the standard library only.

::

    networks/REGISTRY/registry.json        which registry (REGISTRY is a digest of its address)
    networks/REGISTRY/index.json           what a list says of them, kept from the last one
    networks/REGISTRY/NAME/aliases.json    {"champion": 3}
    networks/REGISTRY/NAME/3/network.onnx
    networks/REGISTRY/NAME/3/card.json     what the registry says of it, with its SHA-256

Two registries may both have an ``ada``, so each has a folder of its own. Aliases are what the
registry said last; publishing, promoting and ``zoo pull`` ask it again.
"""

import hashlib
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import BasisError, UsageError
from zoo.provenance.identities.basis import check_basis
from zoo.registry.references import Reference
from zoo.settings import cache_folder, without_password
from zoo.storage import atomic_folder, plain_errors, sha256_of, write_json
from zoo.untrusted import read_json

NETWORK = "network.onnx"
CARD = "card.json"
ALIASES = "aliases.json"
REGISTRY = "registry.json"
MAX_BYTES = 512 * 2**20
"""No network of ours comes near this; a file that does is not one."""


@dataclass(frozen=True)
class CachedNetwork:
    """A verified network file and its registry card."""

    identity: str
    version: int
    path: Path
    sha256: str
    basis: str
    recipe: str
    resolution: int
    registry: str
    scores: Mapping[str, float]
    alias: str | None = None
    """By which alias it was found, if by one."""
    signer: str | None = None
    """The key that vouches for it; empty when nobody does, None when it was not asked then."""


def resolve(reference: Reference, uri: str | None) -> CachedNetwork | None:
    """The cached network that ``reference`` means, or None when it has to be pulled.

    A file whose SHA-256 differs from its card counts as absent.

    Args:
        reference: what is wanted.
        uri: the registry's address; None to look in all that were used on this machine.

    Raises:
        UsageError: ``uri`` is None, and several registries have the name.
    """
    folders = [registry_folder(uri)] if uri is not None else sorted(_networks().glob("*/"))
    folders = [folder for folder in folders if (folder / reference.name).is_dir()]
    if len(folders) > 1:
        raise UsageError(
            f"Several registries have {reference.name} "
            f"({', '.join(_registry_of(folder) for folder in folders)}); change into the project, "
            "or set MLFLOW_TRACKING_URI to one of them."
        )
    for folder in folders:
        alias, version = _version(folder / reference.name, reference)
        if version is not None:
            network = _read(folder / reference.name / str(version), alias)
            if network is not None and _is_whole(network):
                return network
    return None


def find_version(uri: str, name: str, version: int, sha256: str) -> CachedNetwork | None:
    """The cached network with exactly this digest, so that a pull need not download it again."""
    network = _read(registry_folder(uri) / name / str(version), None)
    if network is None or network.sha256 != sha256 or not _is_whole(network):
        return None
    return network


def store(uri: str, card: Mapping[str, Any], fetch: Callable[[Path], object]) -> CachedNetwork:
    """Puts a network into the cache: whole and with the promised digest, or not at all.

    Args:
        uri: the registry's address.
        card: identity, version, sha256, basis, recipe, resolution, scores, signer.
        fetch: writes the network file to the path it is given, and checks it.

    Raises:
        StorageError: no permission or no space.
    """
    folder = registry_folder(uri)
    if not (folder / REGISTRY).is_file():
        write_json(folder / REGISTRY, {"uri": without_password(uri)})
    target = folder / str(card["identity"]) / str(card["version"])
    with atomic_folder(target) as temporary:
        fetch(temporary / NETWORK)
        write_json(temporary / CARD, {**card, "registry": without_password(uri)})
    network = _read(target, None)
    assert network is not None, "a card that was just written"
    return network


def remember_aliases(uri: str, name: str, aliases: Mapping[str, int]) -> None:
    """Stores the registry's aliases of ``name``.

    Raises:
        StorageError: no permission or no space.
    """
    write_json(registry_folder(uri) / name / ALIASES, dict(aliases))


def forget_aliases(name: str, uri: str | None = None) -> None:
    """Makes the next swap with ``name`` query the registry (all registries if None).

    Raises:
        StorageError: no permission.
    """
    for folder in cache_folders(uri):
        with plain_errors(folder):
            (folder / name / ALIASES).unlink(missing_ok=True)


def remove_cached(name: str, uri: str | None, version: int | None = None) -> list[CachedNetwork]:
    """Removes the cached networks of ``name`` (or one version) and returns them.

    Raises:
        StorageError: no permission.
    """
    gone = [
        network
        for folder in cache_folders(uri)
        for network in networks_in(folder / name)
        if version in (None, network.version)
    ]
    for network in gone:
        folder = network.path.parent
        with plain_errors(folder):
            shutil.rmtree(folder)
            (folder.parent / ALIASES).unlink(missing_ok=True)
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()
    return gone


def list_cached(uri: str | None = None) -> list[CachedNetwork]:
    """All cached networks (of one registry, or of all), by name, then newest first."""
    found = [
        network
        for folder in cache_folders(uri)
        for identity in folder.glob("*/")
        for network in networks_in(identity)
    ]
    return sorted(found, key=lambda network: (network.identity, -network.version))


def cached_aliases(network: CachedNetwork) -> list[str]:
    """The aliases that, as far as the cache knows, point to ``network``."""
    aliases = read_object(network.path.parents[1] / ALIASES)
    return sorted(alias for alias, version in aliases.items() if version == network.version)


def registry_folder(uri: str) -> Path:
    """Where the cache keeps what came from the registry at ``uri``."""
    prefix, colon, path = uri.partition("sqlite:///")
    if colon and not prefix:  # relative to the working folder, which is no address
        uri = f"sqlite:///{Path(path).absolute()}"
    return _networks() / hashlib.sha256(without_password(uri).encode()).hexdigest()[:16]


def _is_whole(network: CachedNetwork) -> bool:
    try:
        return sha256_of(network.path) == network.sha256
    except OSError:  # gone, not readable, or no regular file
        return False


def _networks() -> Path:
    return cache_folder() / "networks"


def cache_folders(uri: str | None) -> list[Path]:
    """That of one registry, or those of all."""
    return [registry_folder(uri)] if uri is not None else sorted(_networks().glob("*/"))


def _registry_of(folder: Path) -> str:
    return str(read_object(folder / REGISTRY).get("uri", folder))


def _version(folder: Path, reference: Reference) -> tuple[str | None, int | None]:
    if reference.version is not None:
        return None, reference.version
    known = read_object(folder / ALIASES)
    for alias in reference.aliases:
        if type(version := known.get(alias)) is int:
            return alias, version
    return None, None


def networks_in(identity: Path) -> Iterator[CachedNetwork]:
    """The networks in the cache's folder of one identity."""
    for card in identity.glob(f"*/{CARD}"):
        if (network := _read(card.parent, None)) is not None:
            yield network


def _read(folder: Path, alias: str | None) -> CachedNetwork | None:
    """The network in ``folder``; None when missing, or its card damaged or without a basis."""
    card = read_object(folder / CARD)
    path = folder / NETWORK
    try:
        network = CachedNetwork(
            identity=str(card["identity"]),
            version=int(card["version"]),
            path=path,
            sha256=str(card["sha256"]),
            basis=check_basis(card["basis"], str(card["identity"])),
            recipe=str(card["recipe"]),
            resolution=int(card["resolution"]),
            registry=str(card["registry"]),
            scores={
                str(key): float(value)
                for key, value in card["scores"].items()
                if math.isfinite(value)
            },
            alias=alias,
            signer=str(card["signer"]) if card.get("signer") is not None else None,
        )
        fits = folder.name == str(network.version) and folder.parent.name == network.identity
        size = path.stat().st_size if path.is_file() else MAX_BYTES + 1
        return network if fits and size <= MAX_BYTES else None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, BasisError):
        return None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of the cache; empty when it is missing or damaged."""
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
