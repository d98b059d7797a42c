"""The library: identities and network files, from the registry and the user's cache.

MLflow's client takes seconds to import and hundreds of megabytes, so this lives in a process
of its own, which imports it only when there is a registry. Workers, which may be on other machines,
get the networks' files from here.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import AssetError, PhotoError, RegistryError, StorageError, ZooError
from zoo.photos.reading import read_photo
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.media_types import HEAD, media_type
from zoo.provenance.identities.basis import Basis, check_basis
from zoo.registry.local import cache
from zoo.registry.local.network_resolution import find_network
from zoo.registry.references import Reference, parse_reference
from zoo.serving.deployment.backend import Chosen
from zoo.serving.gallery import Entry, Gallery, of_cached, of_listed
from zoo.settings import cache_folder
from zoo.storage import atomic_file, plain_errors
from zoo.tracking import exists

SECONDS_FRESH = 20.0
_PREVIEW_PIXELS = 8_000_000
_MOST_NAMED = 5


@dataclass
class _Remembered:
    gallery: Gallery
    at: float


class Library:
    """Answers from memory while its data is fresh."""

    def __init__(self, registry: str | None) -> None:
        self._registry = registry
        self._remembered: _Remembered | None = None
        self._chosen: dict[str, tuple[Chosen, float]] = {}

    def is_there(self) -> bool:
        """True."""
        return True

    def gallery(self) -> Gallery:
        """All identities; those in the cache when the registry is away."""
        known = self._remembered
        if known is None or time.monotonic() - known.at > SECONDS_FRESH:
            known = self._remembered = _Remembered(self._read(), time.monotonic())
        return known.gallery

    def choose(self, text: str) -> Chosen:
        """The network that ``text`` (NAME, NAME@ALIAS, NAME:VERSION) means, pulled if missing.

        Raises:
            UnknownIdentityError: there is none; names near ones.
            BasisError: nothing says on what basis the face may be used.
            RegistryError, StorageError: it cannot be brought here.
        """
        known = self._chosen.get(text)
        if known is not None and time.monotonic() - known[1] < SECONDS_FRESH:
            return known[0]
        reference = parse_reference(text)
        self._notice_promotion(reference)
        found = find_network(reference, self._registry)
        check_basis(found.basis, f"{found.identity} version {found.version}")
        chosen = Chosen(found.identity, found.version, found.sha256, found.basis)
        if len(self._chosen) > 1000:
            self._chosen.clear()
        self._chosen[text] = chosen, time.monotonic()
        return chosen

    def network(self, key: str) -> tuple[bytes, Marking]:
        """The file of what :meth:`choose` chose, by its key, and how its outputs are signed.

        Raises:
            AssetError: it is gone again, or damaged.
        """
        name, _, version = key.partition(":")
        found = cache.resolve(Reference(name, version=int(version)), self._registry)
        if found is None:
            raise AssetError(f"{key} is not in the cache any more; try again.")
        mark = Marking(found.identity, str(found.version), found.sha256, found.basis)
        with plain_errors(found.path):
            return found.path.read_bytes(), mark

    def preview(self, name: str, version: int) -> bytes | None:
        """The picture that training left of this version, kept in the cache; None without one."""
        entries = {entry.name: entry for entry in self.gallery().identities}
        if name not in entries or entries[name].version != version:
            return None
        path = cache_folder() / "previews" / f"{entries[name].sha256}.jpg"
        try:
            if not path.is_file():
                if self._registry is None or not exists(self._registry):
                    return None
                from zoo.registry.local.pull import pull_preview

                with atomic_file(path) as temporary:
                    pull_preview(Reference(name, version=version), self._registry, temporary)
                    _check_picture(temporary)
            return path.read_bytes()
        except (ZooError, OSError):
            return None

    def _read(self) -> Gallery:
        if self._registry is None or not exists(self._registry):
            return Gallery(identities=self._cached())
        from zoo.registry.listing import list_models

        try:
            found = list_models(self._registry)
        except (RegistryError, StorageError) as error:
            note = f"{error} The networks on this machine are shown."
            return Gallery(identities=self._cached(), note=note)
        broken = [f"{line.name[:63]!r}: {line.problem}" for line in found if line.problem]
        note = (
            "Not registered by zoo as expected, and not shown: "
            + "; ".join(broken[:_MOST_NAMED])
            + "."
        )
        listed = [of_listed(line) for line in found if not line.problem]
        return Gallery(identities=_with_basis(listed), note=note if broken else None)

    def _cached(self) -> list[Entry]:
        return _with_basis(of_cached(cache.list_cached(self._registry)))

    def _notice_promotion(self, reference: Reference) -> None:
        """Refreshes the cache when the registry has another version under this name."""
        if self._registry is None or reference.version is not None or reference.alias is not None:
            return
        listed = {entry.name: entry.version for entry in self.gallery().identities}
        cached = cache.resolve(reference, self._registry)
        if cached is not None and listed.get(reference.name, cached.version) != cached.version:
            cache.forget_aliases(reference.name, self._registry)


def _check_picture(path: Path) -> None:
    """Whether it is a JPEG, as training leaves: no other decoder sees what a registry sends.

    Raises:
        PhotoError: it is none, damaged or large.
    """
    with path.open("rb") as file:
        if media_type(file.read(HEAD)) != "image/jpeg":
            raise PhotoError("The preview is no JPEG.")
    read_photo(path, max_pixels=_PREVIEW_PIXELS)


def _with_basis(entries: list[Entry]) -> list[Entry]:
    """Filters out identities without a basis."""
    return [entry for entry in entries if entry.basis in set(Basis)]
