"""The files of a registry: location, size, deletion.

A registry is untrusted data: the location that it names for a network may be any folder of the
user. So only the two folders that zoo itself creates, a stored network's and a run's, are deleted,
below the registry's own root; and a root on this machine is accepted only if it lies beside the
SQLite store that names it.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import RegistryError
from zoo.settings import without_password
from zoo.storage import plain_errors
from zoo.tracking import experiment_id, local_folder

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
"""MLflow's names for stored networks."""

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Artifacts:
    """All files of one registry.

    Attributes:
        root: the address below which they lie, without a slash at its end.
        folder: the same as a folder, if it is one on this machine.
    """

    root: str
    folder: Path | None = None

    def of_model(self, model_id: str) -> str:
        """Where zoo keeps the stored network ``model_id``."""
        return f"{self.root}/models/{model_id}"

    def of_run(self, run_id: str) -> str:
        """Where MLflow keeps what the run ``run_id`` left."""
        return f"{self.root}/{run_id}"

    def holds(self, place: str) -> bool:
        """Whether ``place`` is the folder of one network or run below the root, and no link."""
        parts = place.removeprefix(f"{self.root}/").removesuffix("/artifacts").split("/")
        is_model = parts[0] == "models" and len(parts) == 2 and MODEL_ID.fullmatch(parts[1])
        is_run = len(parts) == 1 and _RUN_ID.fullmatch(parts[0])
        if not place.startswith(f"{self.root}/") or not (is_model or is_run):
            return False
        if self.folder is None:
            return True
        inside = place.removeprefix(f"{self.root}/")
        return (self.folder / inside).resolve() == self.folder.resolve() / inside

    def models(self) -> list[str]:
        """The ids of all stored networks, whether any version has them or not."""
        return [name for name in _names_in(f"{self.root}/models") if MODEL_ID.fullmatch(name)]

    def size(self, place: str) -> int:
        """Bytes of all files in ``place``; 0 for one that is not ours."""
        return _size(place) if self.holds(place) else 0

    def delete(self, place: str) -> None:
        """Removes ``place`` with all that is in it.

        Raises:
            RegistryError: it is not a folder of a network or run below the root.
            StorageError: no permission.
        """
        if not self.holds(place):
            raise RegistryError(
                f"{place} is not removed: it is no network's or run's folder below {self.root}."
            )
        if self.folder is None:
            from mlflow.store.artifact import artifact_repository_registry as repositories

            repositories.get_artifact_repository(place).delete_artifacts()  # type: ignore[no-untyped-call]
            return
        folder = self.folder / place.removeprefix(f"{self.root}/")
        with plain_errors(folder):
            if folder.is_dir():
                shutil.rmtree(folder)


def artifacts_of(client: "MlflowClient", uri: str) -> Artifacts:
    """The files of the registry at ``uri``.

    Raises:
        RegistryError: it names a folder of this machine that is not its own.
    """
    experiment = client.get_experiment(experiment_id(client, uri))
    root = str(experiment.artifact_location).rstrip("/")
    local = local_folder(root)
    if local is None:
        return Artifacts(root)
    if uri.startswith(_SQLITE):
        beside = Path(uri.removeprefix(_SQLITE)).absolute().parent
        if local.is_relative_to(beside) or local.resolve().is_relative_to(beside.resolve()):
            return Artifacts(root, local)
    raise RegistryError(
        f"The registry at {without_password(uri)} keeps its files in {root}, as it says: a "
        "folder of this machine that is not beside its store. Nothing there is removed; run "
        "`zoo registry gc` in the project whose store it is."
    )


def _names_in(place: str) -> list[str]:
    from mlflow.artifacts import list_artifacts

    return [item.path.rstrip("/").rsplit("/", 1)[-1] for item in list_artifacts(artifact_uri=place)]


def _size(place: str) -> int:
    from mlflow.artifacts import list_artifacts

    total = 0
    for item in list_artifacts(artifact_uri=place):
        name = item.path.rstrip("/").rsplit("/", 1)[-1]
        total += _size(f"{place}/{name}") if item.is_dir else item.file_size or 0
    return total
