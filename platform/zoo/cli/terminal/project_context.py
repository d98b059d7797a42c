"""A command's context: the project around it, if any, and its registry."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ProjectError
from zoo.settings import Project, find_project, tracking_uri

if TYPE_CHECKING:
    from zoo.registry.local.cache import CachedNetwork
    from zoo.registry.references import Reference


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


def named_network(text: str) -> "Reference":
    """Which network ``NAME``, ``NAME@ALIAS`` or ``NAME:VERSION`` means.

    Raises:
        UsageError: it is none of these; says what a file is that is named instead.
    """
    from zoo.registry.references import parse_reference
    from zoo.swapping.network_files.other_formats import check_no_network

    check_no_network([Path(text)])
    return parse_reference(text)


def find(reference: "Reference", silent: bool) -> "CachedNetwork":
    """The network that ``reference`` names, pulled if need be.

    Raises:
        UsageError, RegistryError, StorageError: see
        :func:`zoo.registry.local.network_resolution.find_network`.
    """
    from zoo.cli.terminal.output import note
    from zoo.registry.local.network_resolution import find_network
    from zoo.registry.references import CANDIDATE

    def pulling() -> None:
        if not silent:
            note(f"pulling {reference} from the registry ...")

    found = find_network(reference, registry_uri_or_none(), identity_names(), pulling, tell=note)
    if found.signer == "":
        note(
            f"{found.identity} version {found.version} is not signed: its origin cannot be "
            "verified."
        )
    if not silent and not (reference.alias or reference.version) and found.alias == CANDIDATE:
        note(f"{found.identity} has no champion yet; using its candidate, version {found.version}.")
    return found
