"""What nobody needs any more: old versions, files of no version, runs that were deleted.

Whatever could still be wanted stays: each identity's champion and candidate, those before them,
its newest versions, and everything younger than a day, which somebody may be publishing.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.errors import RegistryError
from zoo.registry.history import holders, moves_in
from zoo.registry.lease import is_lease, lease
from zoo.registry.references import CANDIDATE, CHAMPION
from zoo.registry.versions import aliases_of, versions_of
from zoo.tracking import connect, experiment_id, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.tracking import MlflowClient

VERSION, FILES, RUN, LEASE = "version", "files", "run", "lease"
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
    """

    kind: str
    name: str
    why: str
    bytes: int
    places: tuple[str, ...] = ()
    run: str | None = None


def find_garbage(tracking_uri: str, keep: int, age: int = _DAY) -> list[Garbage]:
    """What :func:`collect` would remove.

    Args:
        tracking_uri: the registry.
        keep: how many of each identity's newest versions stay in any case.
        age: milliseconds; what is younger stays.

    Raises:
        RegistryError: the registry cannot be read.
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
        models = [model for model in models if not is_lease(model.name)]
        versions = versions_of(client, *(model.name for model in models))
        old = _old(models, versions, keep, before)
        kept = [version for version in versions if version not in old]
        runs_kept = {version.run_id for version in kept}
        root = client.get_experiment(experiment_id(client, tracking_uri)).artifact_location
        found = [_version(client, version, runs_kept) for version in old]
        known = {_model_id(version) for version in versions}
        found += _files(client, root, known, before)
        found += _runs(client, tracking_uri, root, {version.run_id for version in versions})
    return [*found, *leases]


def collect(tracking_uri: str, garbage: Sequence[Garbage]) -> None:
    """Removes what :func:`find_garbage` found; a version that got an alias since then stays.

    Over an SQLite store or another database, deleted runs go for good; behind a server their
    few rows stay until ``mlflow gc`` is run beside it.

    Raises:
        RegistryError: the registry refused.
    """
    client = connect(tracking_uri)
    runs = []
    with plain_registry_errors(tracking_uri):
        for item in garbage:
            if item.kind == VERSION and not _delete_version(client, item.name):
                continue
            if item.kind == LEASE:
                client.delete_registered_model(item.name)
            for place in item.places:
                _delete_files(place)
            if item.kind == FILES:
                _delete_logged_model(client, item.name)
            if item.run:
                runs.append(item.run)
                if item.kind == VERSION:
                    client.delete_run(item.run)
    if runs and not tracking_uri.startswith("http"):
        _delete_for_good(tracking_uri, runs)


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
    client: "MlflowClient", version: "ModelVersion", runs_kept: set[str | None]
) -> Garbage:
    places = [client.get_model_version_download_uri(version.name, str(version.version))]
    run = version.run_id if version.run_id and version.run_id not in runs_kept else None
    if run:
        places.append(client.get_run(run).info.artifact_uri)
    size = sum(_size(place) for place in places)
    name = f"{version.name}:{version.version}"
    return Garbage(VERSION, name, "old, and no alias needs it", size, tuple(places), run)


def _files(
    client: "MlflowClient", root: str, known: set[str | None], before: int
) -> Iterator[Garbage]:
    """Networks that were stored and never registered, or whose version was removed."""
    from mlflow.exceptions import MlflowException

    for model_id in _names_in(f"{root}/models"):
        if model_id in known or not re.fullmatch(r"m-[0-9a-f]{32}", model_id):
            continue
        try:
            if client.get_logged_model(model_id).creation_timestamp >= before:
                continue
        except MlflowException:  # deleted already
            pass
        place = f"{root}/models/{model_id}"
        if size := _size(place):
            yield Garbage(FILES, model_id, "belongs to no version", size, (place,))


def _runs(
    client: "MlflowClient", uri: str, root: str, registered: set[str | None]
) -> Iterator[Garbage]:
    """Runs that somebody deleted, and whose files are still there."""
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
            size = _size(run.info.artifact_uri)
            # Behind a server an empty one cannot be removed further; see collect.
            if run_id not in registered and (size or not uri.startswith("http")):
                yield Garbage(RUN, run_id, "a deleted run", size, (run.info.artifact_uri,), run_id)
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


def _delete_for_good(uri: str, runs: Sequence[str]) -> None:
    """MLflow offers this as a command only."""
    command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", uri]
    done = subprocess.run(
        [*command, "--tracking-uri", uri, "--run-ids", ",".join(runs)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise RegistryError(f"MLflow could not remove deleted runs: {lines[-1].strip()}")


def _model_id(version: "ModelVersion") -> str | None:
    found = re.search(r"m-[0-9a-f]{32}", version.source or "")
    return found.group() if found else None


def _names_in(place: str) -> list[str]:
    from mlflow.artifacts import list_artifacts

    return [item.path.rstrip("/").rsplit("/", 1)[-1] for item in list_artifacts(artifact_uri=place)]


def _size(place: str) -> int:
    """Bytes of all files below an address."""
    from mlflow.artifacts import list_artifacts

    total = 0
    for item in list_artifacts(artifact_uri=place):
        name = item.path.rstrip("/").rsplit("/", 1)[-1]
        total += _size(f"{place}/{name}") if item.is_dir else item.file_size or 0
    return total


def _delete_files(place: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    get_artifact_repository(place).delete_artifacts()  # type: ignore[no-untyped-call]
