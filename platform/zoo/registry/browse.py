"""What is in the registry, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zoo.errors import UnknownIdentityError
from zoo.provenance.names import near_names
from zoo.registry.card import scores_in
from zoo.registry.history import HISTORY
from zoo.registry.references import CANDIDATE, CHAMPION, Reference
from zoo.registry.versions import versions_of
from zoo.settings import Project, without_password
from zoo.tracking import connect, exists, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient


@dataclass(frozen=True)
class Version:
    """One registered network."""

    name: str
    version: int
    aliases: tuple[str, ...]
    recipe: str
    resolution: int
    basis: str
    created: str
    scores: Mapping[str, float]
    sha256: str
    receipt: str
    data_revision: str
    run_id: str
    history: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """One identity's networks, newest first."""

    name: str
    basis: str
    versions: tuple[Version, ...]

    def at(self, alias: str) -> Version | None:
        """The version with ``alias``."""
        return next((version for version in self.versions if alias in version.aliases), None)

    @property
    def best(self) -> Version:
        """What plain ``NAME`` means: the champion, else the candidate, else the newest."""
        return self.at(CHAMPION) or self.at(CANDIDATE) or self.versions[0]


def list_models(tracking_uri: str) -> list[Model]:
    """All identities with at least one version, by name; empty when there is no registry yet.

    Raises:
        RegistryError: the registry cannot be read.
    """
    if not exists(tracking_uri):
        return []
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        aliases = _aliases(client)
        grouped: dict[str, list[Version]] = {}
        for version in versions_of(client):
            entry = _entry(version, aliases.get(version.name, {}))
            grouped.setdefault(version.name, []).append(entry)
    return [Model(name, found[0].basis, tuple(found)) for name, found in sorted(grouped.items())]


def show_model(tracking_uri: str, name: str) -> Model:
    """One identity.

    Raises:
        UnknownIdentityError: the registry has none of that name; names near ones.
        RegistryError: the registry cannot be read.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        aliases = _aliases(client, name)
        found = [_entry(version, aliases[name]) for version in versions_of(client, name)]
        if not found:
            raise _unknown(client, tracking_uri, name)
    return Model(name, found[0].basis, tuple(found))


def find_version(client: "MlflowClient", uri: str, reference: Reference) -> "ModelVersion":
    """The version that ``reference`` means.

    Raises:
        UnknownIdentityError: the name, alias or version does not exist; says which do.
    """
    name = reference.name
    found = {int(version.version): version for version in versions_of(client, name)}
    if not found:
        raise _unknown(client, uri, name)
    if reference.version is not None:
        if reference.version in found:
            return found[reference.version]
        raise UnknownIdentityError(
            f"{name} has no version {reference.version}; it has {_words(sorted(found))}."
        )
    aliases = aliases_of(client, name)
    for alias in reference.aliases:
        if aliases.get(alias) in found:
            return found[aliases[alias]]
    known = _words(f"{alias} (version {number})" for alias, number in sorted(aliases.items()))
    raise UnknownIdentityError(
        f"{name} has no {' or '.join(reference.aliases)}; it has {known or 'no alias at all'}."
    )


def aliases_of(client: "MlflowClient", name: str) -> dict[str, int]:
    """The aliases of ``name`` and the versions they point at."""
    aliases = client.get_registered_model(name).aliases
    return {str(alias): int(version) for alias, version in aliases.items()}


def remove_model(tracking_uri: str, name: str, project: Project | None = None) -> list[int]:
    """Takes ``name`` out of the registry; its runs and files stay there.

    The register stage of ``project`` forgets it too, so that its next run registers it again.

    Returns:
        The versions that were registered.

    Raises:
        UnknownIdentityError: the registry has none of that name; names near ones.
        RegistryError: the registry refused.
    """
    model = show_model(tracking_uri, name)
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        client.delete_registered_model(name)
    if project is not None:
        for path in (project.root / "registered").glob(f"{name}.*"):
            path.unlink()
    return [version.version for version in model.versions]


def _aliases(client: "MlflowClient", name: str | None = None) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {name: {}} if name else {}
    token = None
    while True:
        page = client.search_registered_models(
            f"name = '{name}'" if name else None, max_results=1000, page_token=token
        )
        for model in page:
            found[model.name] = {alias: int(number) for alias, number in model.aliases.items()}
        token = page.token
        if not token:
            return found


def _entry(version: "ModelVersion", aliases: Mapping[str, int]) -> Version:
    tags: Mapping[str, str] = version.tags
    number = int(version.version)
    return Version(
        name=version.name,
        version=number,
        aliases=tuple(sorted(alias for alias, target in aliases.items() if target == number)),
        recipe=tags.get("recipe", ""),
        resolution=int(tags.get("resolution", 0)),
        basis=tags.get("basis", ""),
        created=_time(version.creation_timestamp),
        scores=scores_in(tags),
        sha256=tags.get("sha256", ""),
        receipt=tags.get("receipt", ""),
        data_revision=tags.get("data_revision", ""),
        run_id=version.run_id or "",
        history=tuple(tags.get(HISTORY, "").splitlines()),
    )


def _unknown(client: "MlflowClient", uri: str, name: str) -> UnknownIdentityError:
    known = list(_aliases(client))
    return UnknownIdentityError(
        f"No identity '{name}' in the registry at {without_password(uri)}{near_names(name, known)}."
    )


def _words(items: Any) -> str:
    return ", ".join(str(item) for item in items)


def _time(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
