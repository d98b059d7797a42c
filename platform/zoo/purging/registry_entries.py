"""An identity in the registry: versions, runs, their files and database rows."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.errors import RegistryError, UnknownIdentityError
from zoo.purging.references import naming, take_out
from zoo.registry.browse import REMOVED, remove_model
from zoo.registry.maintenance.artifacts import MODEL_ID, Artifacts, artifacts_of
from zoo.registry.versions import versions_of
from zoo.settings import Project, without_password
from zoo.tracking import connect, exists, experiment_id, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_PAGE = 1000
_SQLITE = "sqlite:///"


@dataclass
class Registered:
    """What a registry has of an identity.

    Attributes:
        uri: the registry.
        versions: their numbers.
        digests: SHA-256 of their networks.
        runs: ids of the runs that trained them, or tried to.
        models: ids of stored networks, whether any version has them or not.
        places: addresses of all files.
        left: sentences about what is not this registry's to remove.
    """

    uri: str
    versions: list[int] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    runs: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.versions or self.runs or self.models)


def find_registered(uri: str, name: str) -> Registered:
    """Everything of ``name`` in the registry at ``uri``; nothing when there is no registry.

    Raises:
        RegistryError: the registry cannot be read.
    """
    found = Registered(uri)
    if not exists(uri):
        return found
    client = connect(uri)
    with plain_registry_errors(uri):
        artifacts = _artifacts(client, found)
        versions = versions_of(client, name)
        found.versions = [int(version.version) for version in versions]
        found.digests = {tag for one in versions if (tag := one.tags.get("sha256"))}
        found.runs = _runs(client, uri, name, {one.run_id for one in versions if one.run_id})
        sources = [MODEL_ID.search(one.source or "") for one in versions]
        models = {source.group() for source in sources if source}
        models.update(_models_of(client, uri, found.runs))
        found.models = sorted(models)
    if artifacts is not None:
        found.places = [
            *(artifacts.of_model(model) for model in found.models),
            *(artifacts.of_run(run) for run in found.runs),
        ]
    return found


def purge_registered(found: Registered, name: str, project: Project | None) -> list[str]:
    """Removes what :func:`find_registered` found, and the name from what stays.

    Returns:
        Sentences about what it could not remove.

    Raises:
        RegistryError: the registry refused.
        StorageError: no permission.
    """
    left = list(found.left)
    if not exists(found.uri):
        return left
    client = connect(found.uri)
    with suppress(UnknownIdentityError):
        remove_model(found.uri, name, project)
    store: Any = client._tracking_client.store
    # Of a registry of our own the project keeps the record, and nobody else needs one.
    if found.uri.startswith(_SQLITE):
        with plain_registry_errors(found.uri):
            _forget_removal(client, found.uri, name)
    with plain_registry_errors(found.uri):
        artifacts = _artifacts(client, Registered(found.uri))
        for place in found.places:
            if artifacts is not None:
                artifacts.delete(place)
        _forget(client, store, found)
    if hasattr(store, "_hard_delete_run"):
        left += _forget_bytes(found.uri)
        if artifacts is not None and artifacts.folder is not None:
            files = artifacts.folder.rglob("*.json")
            for path in naming(files, name):
                with suppress(ValueError, OSError):  # the search that follows names it
                    take_out(path, name)
            return left
    left.append(
        f"{without_password(found.uri)}: rows of deleted runs, until `mlflow gc` is run beside its "
        "database; other identities' reports and lineages there, which may name it"
    )
    return left


def _artifacts(client: "MlflowClient", found: Registered) -> Artifacts | None:
    """The registry's files, unless it keeps them in a folder that is not its own."""
    try:
        return artifacts_of(client, found.uri)
    except RegistryError as error:
        found.left.append(str(error).rstrip("."))
        return None


def _runs(client: "MlflowClient", uri: str, name: str, known: set[str]) -> list[str]:
    """Runs of the identity, deleted ones too: by their tag, by their name, by their versions."""
    from mlflow.entities import ViewType

    experiment = [experiment_id(client, uri)]
    for condition in (f"tags.identity = '{name}'", f"attributes.run_name = '{name}'"):
        token = None
        while True:
            page = client.search_runs(
                experiment, condition, ViewType.ALL, max_results=_PAGE, page_token=token
            )
            known.update(run.info.run_id for run in page)
            token = page.token
            if not token:
                break
    return sorted(known)


def _models_of(client: "MlflowClient", uri: str, runs: list[str]) -> set[str]:
    """Networks that a run has stored, those too that became no version."""
    experiment = [experiment_id(client, uri)]
    found: set[str] = set()
    for run in runs:
        condition = f"source_run_id = '{run}'"
        models = client.search_logged_models(experiment, condition)
        found.update(str(model.model_id) for model in models)
    return found


def _forget(client: "MlflowClient", store: Any, found: Registered) -> None:
    """Takes the rows out: for good where the store is a database, as ``mlflow gc`` does."""
    from mlflow.exceptions import MlflowException

    for model in found.models:
        with suppress(MlflowException):  # deleted already
            client.delete_logged_model(model)
        if hasattr(store, "_hard_delete_logged_model"):
            with suppress(MlflowException):
                store._hard_delete_logged_model(model)
    for run in found.runs:
        with suppress(MlflowException):
            client.delete_run(run)
        if hasattr(store, "_hard_delete_run"):
            with suppress(MlflowException):
                store._hard_delete_run(run)


def _forget_removal(client: "MlflowClient", uri: str, name: str) -> None:
    experiment = experiment_id(client, uri)
    tag = f"{REMOVED}{name}"
    if tag in client.get_experiment(experiment).tags:
        client.delete_experiment_tag(experiment, tag)


def _forget_bytes(uri: str) -> list[str]:
    """Rewrites an SQLite file, which otherwise keeps the bytes of deleted rows."""
    if not uri.startswith(_SQLITE):
        return [f"{without_password(uri)}: what its database keeps of deleted rows"]
    try:
        with closing(sqlite3.connect(uri.removeprefix(_SQLITE), timeout=30)) as database:
            database.execute("VACUUM")
            busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        return [f"{uri.removeprefix(_SQLITE)}: bytes of deleted rows ({error}); run it again"]
    if busy:
        return [f"{uri.removeprefix(_SQLITE)}-wal: bytes of deleted rows, while others read it"]
    return []
