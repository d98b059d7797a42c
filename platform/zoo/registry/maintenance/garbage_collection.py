"""Garbage collection: old versions, files without a version, deleted runs.

Kept are each identity's champion and candidate, the previous ones, its newest versions, and
everything younger than a day, because it may be in publication. Versions and runs that name files
outside the registry's own root are kept too, and listed.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.registry.maintenance.artifacts import MODEL_ID, Artifacts, artifacts_of
from zoo.registry.promotion.alias_history import holders, moves_in
from zoo.registry.promotion.lease import is_lease, lease
from zoo.registry.references import CANDIDATE, CHAMPION
from zoo.registry.tags import is_identity
from zoo.registry.versions import aliases_of, versions_of
from zoo.tracking import connect, experiment_id, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.tracking import MlflowClient

VERSION, FILES, RUN, LEASE = "version", "files", "run", "lease"
_WHY = {
    VERSION: "old, and no alias needs it",
    FILES: "belongs to no version",
    RUN: "a deleted run",
}
_DAY = 24 * 3600 * 1000  # ms
_PAGE = 1000


@dataclass(frozen=True)
class Garbage:
    """One thing to remove.

    Attributes:
        kind: ``version``; ``files`` of no version; a deleted ``run``; a dead process's ``lease``.
        name: ``ada:3``, or the name in MLflow.
        why: in words.
        bytes: of its files.
        places: addresses of its files.
        run: the run that goes with it.
        foreign: whether it names files that are not the registry's; then nothing of it goes.
    """

    kind: str
    name: str
    why: str
    bytes: int
    places: tuple[str, ...] = ()
    run: str | None = None
    foreign: bool = False


def find_garbage(tracking_uri: str, keep: int, age: int = _DAY) -> list[Garbage]:
    """What :func:`collect` would remove.

    Args:
        tracking_uri: the registry.
        keep: how many of each identity's newest versions stay in any case.
        age: milliseconds; what is younger stays.

    Raises:
        RegistryError: the registry cannot be read, or keeps its files in a folder of this machine
            that is not its own.
    """
    client = connect(tracking_uri)
    before = int(time.time() * 1000) - age
    with plain_registry_errors(tracking_uri):
        models = list(_models(client))
        leases = [
            Garbage(LEASE, model.name, "whoever held it is gone", 0)
            for model in models
            if is_lease(model.name) and (model.creation_timestamp or 0) < before
        ]
        models = [model for model in models if is_identity(model.name)]
        versions = versions_of(client, *(model.name for model in models))
        old = _old(models, versions, keep, before)
        kept = [version for version in versions if version not in old]
        runs_kept = {version.run_id for version in kept}
        artifacts = artifacts_of(client, tracking_uri)
        models_kept = {_model_id(version) for version in kept}
        found = [_version(client, artifacts, one, models_kept, runs_kept) for one in old]
        known = {_model_id(version) for version in versions}
        found += _files(client, artifacts, known, before)
        runs_known = {version.run_id for version in versions}
        found += _runs(client, tracking_uri, artifacts, runs_known)
    return [*found, *leases]


def collect(tracking_uri: str, garbage: Sequence[Garbage]) -> None:
    """Removes what :func:`find_garbage` found; a version that got an alias since then stays.

    Over an SQLite store or another database, deleted runs go for good; behind a server their
    few rows stay until ``mlflow gc`` is run beside it.

    Raises:
        RegistryError: the registry refused, or something to remove is not the registry's.
        StorageError: no permission.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        artifacts = artifacts_of(client, tracking_uri)
        for item in garbage:
            if item.foreign or (item.kind == VERSION and not _delete_version(client, item.name)):
                continue
            if item.kind == LEASE:
                client.delete_registered_model(item.name)
            for place in item.places:
                artifacts.delete(place)
            if item.kind == FILES:
                _delete_logged_model(client, item.name)
            if item.run:
                if item.kind == VERSION:
                    client.delete_run(item.run)
                _forget_run(client, item.run)


def _models(client: "MlflowClient") -> Iterator["RegisteredModel"]:
    token = None
    while True:
        page = client.search_registered_models(max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _old(
    models: Sequence["RegisteredModel"],
    versions: Sequence["ModelVersion"],
    keep: int,
    before: int,
) -> list["ModelVersion"]:
    """The versions that may go."""
    grouped: dict[str, list[ModelVersion]] = {model.name: [] for model in models}
    for version in versions:  # newest first
        grouped[version.name].append(version)
    old = []
    for model in models:
        moves = moves_in(model.tags)
        wanted = {int(number) for number in model.aliases.values()}
        for alias in (CHAMPION, CANDIDATE):
            wanted.update(holders(moves, alias)[-2:])
        for version in grouped[model.name][keep:]:
            if int(version.version) not in wanted and version.creation_timestamp < before:
                old.append(version)
    return old


def _version(
    client: "MlflowClient",
    artifacts: Artifacts,
    version: "ModelVersion",
    models_kept: set[str | None],
    runs_kept: set[str | None],
) -> Garbage:
    """An old version; foreign unless its files are where zoo puts them, and not shared."""
    places = [client.get_model_version_download_uri(version.name, str(version.version))]
    model = _model_id(version)
    own = model is not None and model not in models_kept
    own = own and places[0] == f"{artifacts.of_model(str(model))}/artifacts"
    run = version.run_id if version.run_id and version.run_id not in runs_kept else None
    if run:
        places.append(client.get_run(run).info.artifact_uri)
        own = own and places[1] == f"{artifacts.of_run(run)}/artifacts"
    own = own and all(map(artifacts.holds, places))
    return _garbage(artifacts, VERSION, f"{version.name}:{version.version}", places, run, own)


def _garbage(
    artifacts: Artifacts, kind: str, name: str, places: Sequence[str], run: str | None, own: bool
) -> Garbage:
    why = _WHY[kind] if own else "stays: its files are not this registry's"
    size = sum(map(artifacts.size, places)) if own else 0
    return Garbage(kind, name, why, size, tuple(places), run, not own)


def _files(
    client: "MlflowClient", artifacts: Artifacts, known: set[str | None], before: int
) -> Iterator[Garbage]:
    """Networks that were stored and never registered, or whose version was removed."""
    from mlflow.exceptions import MlflowException

    for model_id in artifacts.models():
        if model_id in known:
            continue
        try:
            if client.get_logged_model(model_id).creation_timestamp >= before:
                continue
        except MlflowException:  # deleted already
            pass
        place = artifacts.of_model(model_id)
        own = artifacts.holds(place)
        found = _garbage(artifacts, FILES, model_id, (place,), None, own)
        if found.bytes or not own:
            yield found


def _runs(
    client: "MlflowClient", uri: str, artifacts: Artifacts, registered: set[str | None]
) -> Iterator[Garbage]:
    """Deleted runs with files that still exist."""
    from mlflow.entities import ViewType

    token = None
    while True:
        page = client.search_runs(
            [experiment_id(client, uri)],
            run_view_type=ViewType.DELETED_ONLY,
            max_results=_PAGE,
            page_token=token,
        )
        for run in page:
            run_id = run.info.run_id
            place = run.info.artifact_uri
            own = place == f"{artifacts.of_run(run_id)}/artifacts" and artifacts.holds(place)
            found = _garbage(artifacts, RUN, run_id, (place,), run_id, own)
            # Behind a server an empty one cannot be removed further; see collect.
            removable = found.bytes or found.foreign or not uri.startswith("http")
            if run_id not in registered and removable:
                yield found
        token = page.token
        if not token:
            return


def _delete_version(client: "MlflowClient", name: str) -> bool:
    identity, _, number = name.partition(":")
    with lease(client, identity):
        if int(number) in aliases_of(client, identity).values():
            return False
        version = client.get_model_version(identity, number)
        client.delete_model_version(identity, number)
    if model_id := _model_id(version):
        _delete_logged_model(client, model_id)
    return True


def _delete_logged_model(client: "MlflowClient", model_id: str) -> None:
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # deleted already
        client.delete_logged_model(model_id)


def _forget_run(client: "MlflowClient", run_id: str) -> None:
    """Drops the rows of a deleted run, where the store is a database.

    MLflow offers this as the command ``mlflow gc``, which goes on to whatever else was deleted
    in the store, and to any folder that its rows name.
    """
    store: Any = client._tracking_client.store
    if hasattr(store, "_hard_delete_run"):
        store._hard_delete_run(run_id)


def _model_id(version: "ModelVersion") -> str | None:
    found = MODEL_ID.search(version.source or "")
    return found.group() if found else None
