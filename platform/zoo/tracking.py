"""Connects to MLflow, without its log output and with readable errors."""

import logging
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import RegistryError, StorageError
from zoo.file_lock import file_lock
from zoo.settings import without_password

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "faceswap-zoo"
_ARTIFACTS = "mlartifacts"
_SQLITE = "sqlite:///"
_SQLITE_MAGIC = b"SQLite format 3\0"


def connect(uri: str, *, create: bool = False) -> "MlflowClient":
    """A client of the registry at ``uri``.

    Args:
        uri: ``sqlite:///…/mlflow.db``, ``https://…``, or whatever MLflow understands.
        create: for writing; make an SQLite store that is not there yet.

    Raises:
        RegistryError: MLflow is not installed, or the store is not there or not readable; or it is
            to be written to, and is not where it was made.
    """
    _quieten()
    try:
        with without_warnings():
            import mlflow
            from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise RegistryError(
            "The registry needs MLflow, which is not installed here; install it with: "
            "pip install 'faceswap-zoo[train]'"
        ) from error
    _quieten_loggers()
    _hasten_sqlite()
    if not create and not exists(uri):
        raise RegistryError(
            f"No registry at {uri.removeprefix(_SQLITE)} yet; `dvc repro` in the project trains "
            "and registers its identities."
        )
    _check_is_sqlite(uri)
    with plain_registry_errors(uri), _one_at_a_time(uri):
        if not exists(uri):
            for log in ("-wal", "-shm"):  # of a store that somebody removed
                Path(uri.removeprefix(_SQLITE) + log).unlink(missing_ok=True)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        client = MlflowClient(uri, registry_uri=uri)
        if create:
            check_not_moved(client, uri)
        return client


@cache
def _hasten_sqlite() -> None:
    """A log beside an SQLite store takes the place of its journal (https://sqlite.org/wal.html).

    MLflow commits some forty times while one network is registered. With a journal each commit
    waits for the disk and shuts out all other processes. With the log a killed process loses
    nothing, and a power cut what came after the last :func:`settle`.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def hasten(connection: object, _: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        with suppress(sqlite3.OperationalError):  # a reader keeps it from changing over now
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode == "wal":
                connection.execute("PRAGMA synchronous = NORMAL")


def settle(uri: str) -> None:
    """Waits until an SQLite store is durable on the disk."""
    if uri.startswith(_SQLITE):
        with closing(sqlite3.connect(uri.removeprefix(_SQLITE))) as database:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")


@contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    """Opening an SQLite store may make its tables, which two processes must not do at once."""
    if not uri.startswith(_SQLITE):
        yield
        return
    with file_lock(Path(uri.removeprefix(_SQLITE)).resolve().parent):
        yield


def exists(uri: str) -> bool:
    """False if ``uri`` names a missing SQLite file; servers are not checked."""
    return not uri.startswith(_SQLITE) or Path(uri.removeprefix(_SQLITE)).is_file()


def _check_is_sqlite(uri: str) -> None:
    """A file that is no SQLite database is refused at once; MLflow tries it for 100 seconds.

    The first 16 bytes tell (https://sqlite.org/fileformat.html); an empty file is an empty store.
    """
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or not path.is_file():
        return
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise RegistryError(
            f"The registry {path} cannot be read: {error.strerror}; check its permissions."
        ) from error
    if beginning not in (b"", _SQLITE_MAGIC):
        raise RegistryError(
            f"{path} is not an SQLite database; restore it from a backup, or name another "
            "registry with MLFLOW_TRACKING_URI."
        )


def experiment_id(client: "MlflowClient", uri: str) -> str:
    """The experiment that holds the zoo's runs, created when it is missing.

    Beside an SQLite store, artifacts go into ``mlartifacts/`` in the same folder; MLflow's own
    default would be the working folder of whoever came first. A server knows its own place.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        if experiment.lifecycle_stage != "active":
            client.restore_experiment(experiment.experiment_id)
        return str(experiment.experiment_id)
    location = _beside(uri).as_uri() if uri.startswith(_SQLITE) else None
    try:
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))
    except MlflowException:  # another process may have been quicker
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            raise
        return str(experiment.experiment_id)


def check_not_moved(client: "MlflowClient", uri: str) -> None:
    """Whether an SQLite store is where it was made, and its files beside it.

    MLflow keeps absolute addresses: of a store that was moved or copied it looks for files in the
    old place, and writes new ones there.

    Raises:
        RegistryError: it was moved or copied, and no link leads from the old place to this one.
    """
    experiment = client.get_experiment_by_name(EXPERIMENT) if uri.startswith(_SQLITE) else None
    if experiment is None:
        return
    named, beside = local_folder(str(experiment.artifact_location)), _beside(uri)
    if named is None or named.name != _ARTIFACTS or named.resolve() == beside.resolve():
        return
    store = Path(uri.removeprefix(_SQLITE)).absolute()
    raise RegistryError(
        f"{store} was moved or copied, and its files are still looked for in {named}. Move it "
        f"back; or, if there is nothing there any more, link it to this place (ln -s {beside} "
        f"{named}); or remove {store.name}* and {_ARTIFACTS} here and register the networks anew "
        "(dvc repro --force register)."
    )


def local_folder(address: str) -> Path | None:
    """``address`` as a folder of this machine, if it is one, without ``..``."""
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    if not is_local_uri(address, is_tracking_or_registry_uri=False):  # type: ignore[no-untyped-call]
        return None
    path = Path(local_file_uri_to_path(address)).absolute()  # type: ignore[no-untyped-call]
    return path if ".." not in path.parts else path.resolve()


def _beside(uri: str) -> Path:
    """Where the files of an SQLite store are."""
    return Path(uri.removeprefix(_SQLITE)).absolute().parent / _ARTIFACTS


@contextmanager
def without_warnings() -> Iterator[None]:
    """For imports and calls where MLflow warns of its own internals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def without_repeats() -> Iterator[None]:
    """For a call that must not be carried out twice.

    MLflow sends a request again when the server dies before it has answered, although it may
    have done what was asked.
    """
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name)
    os.environ[name] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def plain_registry_errors(uri: str) -> Iterator[None]:
    """Translates MLflow's exceptions into one sentence that names the registry.

    Raises:
        RegistryError: in place of MLflow's, the database's or the network's error.
        StorageError: the disk is full.
    """
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        address, words = without_password(uri), " ".join(str(error).split())
        if re.search("no space left|disk is full|quota exceeded", words, re.IGNORECASE):
            raise StorageError(
                f"The disk is full (seen by the registry at {address}); free some space and run "
                "it again."
            ) from error
        if re.search("max retries exceeded|connection refused|timed out", words, re.IGNORECASE):
            raise RegistryError(
                f"The registry at {address} cannot be reached; check the address and that the "
                "server runs."
            ) from error
        reason = words[:300].rstrip(".") or type(error).__name__
        raise RegistryError(f"The registry at {address} failed: {reason}.") from error


def _quieten() -> None:
    """Settings that MLflow reads while it is imported, unless the user has chosen others."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # 7 take two minutes to fail
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # Nobody's choice: no model of a registry is ever unpickled, which would run its code.
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"


def _quieten_loggers() -> None:
    for name in ("mlflow", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)
