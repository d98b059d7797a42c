"""Folders of a project and a user, and the typed sections of ``params.yaml``.

``params.yaml`` is the one place for values; the pydantic models that give them types
stand beside the code that uses them and are read through :func:`section`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from zoo.errors import ProjectError
from zoo.yaml_files import read_yaml

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

PARAMS = "params.yaml"


@dataclass(frozen=True)
class Project:
    """The folders of one project, all below ``root``."""

    root: Path

    @property
    def identities(self) -> Path:
        return self.root / "identities"

    @property
    def rendered(self) -> Path:
        return self.root / "data" / "rendered"

    @property
    def coverage(self) -> Path:
        """Pictures of what identities' photos show. No stage's product, so DVC keeps none."""
        return self.root / "data" / "coverage"

    @property
    def aligned(self) -> Path:
        return self.root / "data" / "aligned"

    @property
    def content(self) -> Path:
        return self.root / "data" / "content"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def reports(self) -> Path:
        return self.root / "reports"


def find_project(start: Path | None = None) -> Project:
    """The project that holds ``start`` (default: ``$ZOO_PROJECT``, else the working folder).

    Raises:
        ProjectError: no folder above ``start`` has a ``params.yaml`` beside a ``dvc.yaml``.
    """
    here = (start or Path(os.environ.get("ZOO_PROJECT", "."))).resolve()
    for folder in (here, *here.parents):
        if (folder / PARAMS).is_file() and (folder / "dvc.yaml").is_file():
            return Project(folder)
    raise ProjectError(
        f"{here} is not inside a faceswap-zoo project (no params.yaml beside a dvc.yaml in it or "
        "above it); change into one, or set ZOO_PROJECT to its folder."
    )


def read_params(project: Project) -> dict[str, Any]:
    """All of ``params.yaml``.

    Raises:
        ProjectError: the file cannot be read, or is not a YAML mapping.
    """
    path = project.root / PARAMS
    try:
        params = read_yaml(path)
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise ProjectError(f"{path} is not valid YAML: {error}.") from error
    if not isinstance(params, dict):
        raise ProjectError(f"{path} must be a mapping of sections.")
    return params


def section(params: Mapping[str, Any], name: str, model: "type[Model]") -> "Model":
    """One section of ``params.yaml``, validated.

    Raises:
        ProjectError: the section is missing, or a value in it has the wrong type or range.
    """
    from pydantic import ValidationError

    if name not in params:
        raise ProjectError(f"{PARAMS} has no section '{name}'.")
    try:
        return model.model_validate(params[name])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (name, *first["loc"]))
        raise ProjectError(f"{PARAMS}: {where}: {first['msg']}.") from error


def cache_folder() -> Path:
    """The user's cache: pulled networks, downloaded assets (``$ZOO_CACHE`` overrides)."""
    if override := os.environ.get("ZOO_CACHE"):
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "faceswap-zoo"


def data_folder() -> Path:
    """What the user would miss: the key that signs outputs (``$ZOO_DATA`` overrides)."""
    if override := os.environ.get("ZOO_DATA"):
        return Path(override)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "faceswap-zoo"


def tracking_uri(project: Project | None) -> str:
    """The MLflow store: ``$MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the project.

    Raises:
        ProjectError: neither is there.
    """
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    if project is None:
        raise ProjectError(
            "No registry is configured: change into a project, or set MLFLOW_TRACKING_URI."
        )
    return f"sqlite:///{project.root / 'mlflow.db'}"


def without_password(uri: str) -> str:
    """``uri`` as it may be shown and stored: ``https://me:secret@host`` → ``https://host``."""
    return re.sub(r"(?<=://)[^/@]*@", "", uri)
