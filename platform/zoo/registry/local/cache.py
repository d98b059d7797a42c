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
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from zoo.errors import BasisError, StorageError, UsageError
from zoo.provenance.identities.basis import check_basis
from zoo.registry.references import Reference
from zoo.registry.report_cards import judge_of, recognised_rate
from zoo.settings import cache_folder, without_password
from zoo.storage import atomic_file, atomic_folder, plain_errors, sha256_of, write_json
from zoo.untrusted import read_json

NETWORK = "network.onnx"
CARD = "card.json"
ALIASES = "aliases.json"
REGISTRY = "registry.json"
INDEX = "index.json"
MAX_BYTES = 512 * 2**20
"""No network of ours comes near this; a file that does is not one."""

_SETTLED_NS = 2_000_000_000  # a folder younger than this may change again unnoticed


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


@dataclass(frozen=True)
class Line:
    """A cached network in a list."""

    identity: str
    version: int
    aliases: tuple[str, ...]
    recipe: str
    resolution: int
    basis: str
    recognised_rate: float | None
    judge: str
    landmark_difference: float | None


_PARTS = (int, list, str, int, str, float | None, str, float | None)
"""Of a :class:`Line` in the index, after the name."""


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
    for folder in _folders(uri):
        with plain_errors(folder):
            (folder / name / ALIASES).unlink(missing_ok=True)


def remove_cached(name: str, uri: str | None, version: int | None = None) -> list[CachedNetwork]:
    """Removes the cached networks of ``name`` (or one version) and returns them.

    Raises:
        StorageError: no permission.
    """
    gone = [
        network
        for folder in _folders(uri)
        for network in _all_of(folder / name)
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
        for folder in _folders(uri)
        for identity in folder.glob("*/")
        for network in _all_of(identity)
    ]
    return sorted(found, key=lambda network: (network.identity, -network.version))


def cached_aliases(network: CachedNetwork) -> list[str]:
    """The aliases that, as far as the cache knows, point to ``network``."""
    aliases = _read_json(network.path.parents[1] / ALIASES)
    return sorted(alias for alias, version in aliases.items() if version == network.version)


def list_lines(uri: str | None = None) -> list[Line]:
    """What :func:`list_cached` finds, in short and at once, however much that is.

    An index beside the networks holds the lines of each identity whose folder has not changed
    since it was read. Nothing is verified here; what is used is.
    """
    found = [line for folder in _folders(uri) for line in _lines_in(folder)]
    return sorted(found, key=lambda line: (line.identity, -line.version))


def registry_folder(uri: str) -> Path:
    """Where the cache keeps what came from the registry at ``uri``."""
    prefix, colon, path = uri.partition("sqlite:///")
    if colon and not prefix:  # relative to the working folder, which is no address
        uri = f"sqlite:///{Path(path).absolute()}"
    return _networks() / hashlib.sha256(without_password(uri).encode()).hexdigest()[:16]


def _lines_in(folder: Path) -> list[Line]:
    index = _read_json(folder / INDEX)
    kept: dict[str, list[Any]] = {}
    found: list[Line] = []
    changed = False
    settled = time.time_ns() - _SETTLED_NS
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                continue
            at = entry.stat().st_mtime_ns
            known = index.get(entry.name)
            lines = _remembered(entry.name, known, at)
            if lines is not None:
                kept[entry.name] = index[entry.name]
            else:
                lines = [_line(network) for network in _all_of(Path(entry.path))]
                if at < settled:
                    kept[entry.name] = [at, [astuple(line)[1:] for line in lines]]
                    changed = True
            found += lines
    if changed or len(kept) < len(index):
        with suppress(StorageError), atomic_file(folder / INDEX) as temporary:
            temporary.write_text(json.dumps(kept), encoding="utf-8")
    return found


def _remembered(name: str, known: Any, at: int) -> list[Line] | None:
    """What the index holds of an identity; None when that is out of date, damaged or another's.

    An index of an earlier version may hold less than a line says.
    """
    if not isinstance(known, list) or len(known) != 2 or known[0] != at:
        return None
    found = []
    for line in known[1] if isinstance(known[1], list) else [None]:
        if not isinstance(line, list) or len(line) != len(_PARTS):
            return None
        if not all(isinstance(one, kind) for one, kind in zip(line, _PARTS, strict=True)):
            return None
        version, aliases, *rest = line
        found.append(Line(name, version, tuple(map(str, aliases)), *rest))
    return found


def _line(network: CachedNetwork) -> Line:
    return Line(
        network.identity,
        network.version,
        tuple(cached_aliases(network)),
        network.recipe,
        network.resolution,
        network.basis,
        recognised_rate(network.scores),
        judge_of(network.scores),
        network.scores.get("landmark_difference"),
    )


def _is_whole(network: CachedNetwork) -> bool:
    try:
        return sha256_of(network.path) == network.sha256
    except OSError:  # gone, not readable, or no regular file
        return False


def _networks() -> Path:
    return cache_folder() / "networks"


def _folders(uri: str | None) -> list[Path]:
    """That of one registry, or those of all."""
    return [registry_folder(uri)] if uri is not None else sorted(_networks().glob("*/"))


def _registry_of(folder: Path) -> str:
    return str(_read_json(folder / REGISTRY).get("uri", folder))


def _version(folder: Path, reference: Reference) -> tuple[str | None, int | None]:
    if reference.version is not None:
        return None, reference.version
    known = _read_json(folder / ALIASES)
    for alias in reference.aliases:
        if type(version := known.get(alias)) is int:
            return alias, version
    return None, None


def _all_of(identity: Path) -> Iterator[CachedNetwork]:
    for card in identity.glob(f"*/{CARD}"):
        if (network := _read(card.parent, None)) is not None:
            yield network


def _read(folder: Path, alias: str | None) -> CachedNetwork | None:
    """The network in ``folder``; None when missing, or its card damaged or without a basis."""
    card = _read_json(folder / CARD)
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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
