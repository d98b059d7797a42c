"""Where trainings keep what every node needs: in the project, or in storage that all reach."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import StorageError
from zoo.s3.address import is_s3
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.settings import Project
from zoo.shared_storage import SharedFile, join, names, remove, share


@dataclass(frozen=True)
class CheckpointStorage:
    """Where one project's trainings keep checkpoints and content.

    Attributes:
        project: their project.
        storage: ``fanout.storage`` of ``params.yaml``: empty for the project's own folder, else a
            folder on a disk that all nodes mount, or an ``s3://`` address. Projects may share it.
    """

    project: Project
    storage: str

    @property
    def checkpoints(self) -> str:
        """The folder of all trainings' checkpoints."""
        return join(self._root, "checkpoints")

    def training(self, name: str, digest: str) -> str:
        """The folder for the checkpoints of the training of ``name`` that ``digest`` identifies."""
        return join(self.checkpoints, self._entry(name, digest))

    def content(self, pack: Path, sha256: str) -> Path | SharedFile:
        """The content pack, put where all nodes reach it if it is not there yet.

        Raises:
            StorageError: the disk or the store said no.
            OutageError: the store does not answer.
        """
        return share(pack, sha256, join(self._root, "content")) if self.storage else pack

    def left(self, digests: Mapping[str, str]) -> list[str]:
        """The trainings, by name, whose checkpoints lie there; none while the store is away."""
        there: set[str] = set()
        with suppress(StorageError):
            there.update(names(self.checkpoints, SHORT_RETRY_SECONDS))
        return [name for name, digest in digests.items() if self._entry(name, digest) in there]

    def remove(self, name: str, digest: str) -> None:
        """Removes a training's checkpoints; while the store is away, the next stage does it."""
        with suppress(StorageError):
            remove(self.training(name, digest), SHORT_RETRY_SECONDS)

    @property
    def _root(self) -> str:
        if is_s3(self.storage):
            return self.storage
        return str(self.project.root / Path(self.storage).expanduser())

    def _entry(self, name: str, digest: str) -> str:
        # Shared storage may hold another project's identity of the same name.
        return f"{name}-{digest[:12]}" if self.storage else name
