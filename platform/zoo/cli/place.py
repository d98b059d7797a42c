"""Where a command works: the project around it, if any, and the registry that goes with it."""

from collections.abc import Iterator

from zoo.errors import ProjectError
from zoo.settings import Project, find_project, tracking_uri


def project_or_none() -> Project | None:
    """The project around the working folder, if there is one."""
    try:
        return find_project()
    except ProjectError:
        return None


def registry_uri() -> str:
    """The registry of this place.

    Raises:
        ProjectError: none is known here.
    """
    return tracking_uri(project_or_none())


def registry_uri_or_none() -> str | None:
    """The registry of this place, if one is known."""
    try:
        return registry_uri()
    except ProjectError:
        return None


def identity_names() -> Iterator[str]:
    """Names of the project's identities, without reading their records."""
    project = project_or_none()
    if project is not None:
        yield from (path.parent.name for path in project.identities.glob("*/identity.yaml"))
