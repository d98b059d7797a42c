"""Models and versions of the registry as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zoo.errors import UnknownIdentityError
from zoo.provenance.identities.names import near_names
from zoo.registry.promotion.alias_history import Move, moves_in, who
from zoo.registry.promotion.lease import lease
from zoo.registry.references import CANDIDATE, CHAMPION, Reference
from zoo.registry.tags import TagError, is_identity, problem_in, resolution_in, scores_in
from zoo.registry.versions import aliases_of, versions_of
from zoo.settings import Project, without_password
from zoo.tracking import connect, experiment_id, plain_registry_errors

if TYPE_CHECKING:
    from mlflow import MlflowException
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.tracking import MlflowClient

REMOVED = "removed."
"""Tags of the experiment that say who removed an identity, and when."""
_LONGEST = 4000


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
    problem: str = ""
    """What is malformed in its tags, in words; empty when nothing is."""


@dataclass(frozen=True)
class Model:
    """One identity's networks, newest first, and every move of an alias, oldest first."""

    name: str
    basis: str
    versions: tuple[Version, ...]
    history: tuple[Move, ...] = ()

    def at(self, alias: str) -> Version | None:
        """The version with ``alias``."""
        return next((version for version in self.versions if alias in version.aliases), None)

    @property
    def best(self) -> Version:
        """What plain ``NAME`` means: the champion, else the candidate, else the newest."""
        return self.at(CHAMPION) or self.at(CANDIDATE) or self.versions[0]


def show_model(tracking_uri: str, name: str) -> Model:
    """One identity.

    Raises:
        UnknownIdentityError: the registry has none of that name; names near ones.
        RegistryError: the registry cannot be read.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        found = versions_of(client, name)
        if not found:
            raise _unknown(tracking_uri, name)
        registered = client.get_registered_model(name)
    return model_of(registered, found)


def model_of(registered: "RegisteredModel", versions: Sequence["ModelVersion"]) -> Model:
    """A registered model with its versions (one at least, newest first), as data."""
    aliases = {alias: int(number) for alias, number in registered.aliases.items()}
    entries = tuple(_entry(version, aliases) for version in versions)
    history = tuple(moves_in(registered.tags))
    return Model(registered.name, entries[0].basis, entries, history)


def find_version(client: "MlflowClient", uri: str, reference: Reference) -> "ModelVersion":
    """The version that ``reference`` means.

    Raises:
        UnknownIdentityError: the name, alias or version does not exist; says which do.
    """
    from mlflow.exceptions import MlflowException

    name = reference.name
    if reference.version is not None:
        try:
            return client.get_model_version(name, str(reference.version))
        except MlflowException as error:
            _pass_over_missing(error)
    for alias in reference.aliases:
        try:
            return client.get_model_version_by_alias(name, alias)
        except MlflowException as error:
            _pass_over_missing(error)
    found = [int(version.version) for version in versions_of(client, name)]
    if not found:
        raise _unknown(uri, name)
    if reference.version is not None:
        raise UnknownIdentityError(
            f"{name} has no version {reference.version}; it has {_words(sorted(found))}."
        )
    aliases = sorted(aliases_of(client, name).items())
    known = _words(f"{alias} (version {number})" for alias, number in aliases)
    raise UnknownIdentityError(
        f"{name} has no {' or '.join(reference.aliases)}; it has {known or 'no alias at all'}."
    )


def names_like(tracking_uri: str, name: str) -> set[str]:
    """The registered identities with the beginning of ``name``, for suggestions.

    Raises:
        RegistryError: the registry cannot be read.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        found = client.search_registered_models(f"name LIKE '{name[0]}%'", max_results=1000)
    return {model.name for model in found if is_identity(model.name)}


def remove_model(tracking_uri: str, name: str, project: Project | None = None) -> list[int]:
    """Takes ``name`` out of the registry; its runs and files stay until they are collected.

    Who did so and when is a tag of the experiment, since the model's own go with it. The
    register stage of ``project`` forgets it too, so that its next run registers it again.

    Returns:
        The versions that were registered.

    Raises:
        UnknownIdentityError: the registry has none of that name; names near ones.
        RegistryError: the registry refused.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri), lease(client, name):
        model = show_model(tracking_uri, name)
        versions = [version.version for version in model.versions]
        champion = model.at(CHAMPION)
        client.set_experiment_tag(
            experiment_id(client, tracking_uri),
            f"{REMOVED}{name}",
            f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {who()}: removed version"
            f"{'s' if len(versions) > 1 else ''} {_words(sorted(versions))}"
            f"{f', champion {champion.version}' if champion else ''}"[:_LONGEST],
        )
        client.delete_registered_model(name)
    if project is not None:
        for path in (project.root / "registered").glob(f"{name}.*"):
            path.unlink()
    return versions


def _entry(version: "ModelVersion", aliases: Mapping[str, int]) -> Version:
    tags: Mapping[str, str] = version.tags
    number = int(version.version)
    try:
        resolution = resolution_in(tags)
    except TagError:  # told in ``problem``
        resolution = 0
    return Version(
        name=version.name,
        version=number,
        aliases=tuple(sorted(alias for alias, target in aliases.items() if target == number)),
        recipe=tags.get("recipe", ""),
        resolution=resolution,
        basis=tags.get("basis", ""),
        created=_time(version.creation_timestamp),
        scores=scores_in(tags),
        sha256=tags.get("sha256", ""),
        receipt=tags.get("receipt", ""),
        data_revision=tags.get("data_revision", ""),
        run_id=version.run_id or "",
        problem=problem_in(tags),
    )


def _unknown(uri: str, name: str) -> UnknownIdentityError:
    near = near_names(name, names_like(uri, name) - {name})  # it may be there, without a version
    return UnknownIdentityError(
        f"No identity '{name}' in the registry at {without_password(uri)}{near}."
    )


def _pass_over_missing(error: "MlflowException") -> None:
    """Raises ``error`` again unless it says that there is no such model, version or alias."""
    from mlflow.protos.databricks_pb2 import (
        INVALID_PARAMETER_VALUE,
        RESOURCE_DOES_NOT_EXIST,
        ErrorCode,
    )

    missing = {ErrorCode.Name(code) for code in (INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST)}
    if error.error_code not in missing:
        raise error


def _words(items: Any) -> str:
    return ", ".join(str(item) for item in items)


def _time(milliseconds: int | None) -> str:
    """The time as text; empty if it is invalid, because registries are untrusted."""
    try:
        return f"{datetime.fromtimestamp((milliseconds or 0) / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError, TypeError):
        return ""
