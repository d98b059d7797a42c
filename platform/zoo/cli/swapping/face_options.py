"""Face selection on the command line: ``--identity``, ``--faces`` and ``--map`` of ``zoo swap``."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import UsageError

if TYPE_CHECKING:
    from zoo.registry.local.cache import CachedNetwork
    from zoo.registry.references import Reference
    from zoo.swapping.files.photo_batch import BatchOptions
    from zoo.swapping.options import Portrait


def options_of(
    identity: str | None,
    faces: Sequence[str],
    mapped: Sequence[str],
    references: Mapping[str, "Reference"],
    *,
    method: str,
    keep: Sequence[str],
    strength: float,
    camera: bool,
    again: bool,
    silent: bool,
) -> tuple["BatchOptions", list["CachedNetwork"]]:
    """The networks, found or pulled, and all options; the networks in the order of their numbers.

    ``references`` are those of :func:`references_of`; the others are the command's options.

    Raises:
        UsageError: an option is wrong, or nothing says whose face to put in.
        PhotoError: a reference photo cannot be read or does not show one person.
        UnknownIdentityError, RegistryError, StorageError: a network cannot be had.
    """
    from zoo.cli.terminal.project_context import find
    from zoo.provenance.credentials.marking import Marking, together
    from zoo.swapping.files.photo_batch import BatchOptions
    from zoo.swapping.option_parsing import faces_of, mapping_of, parts_of
    from zoo.swapping.options import CompositingOptions, FaceSelection, SwapOptions

    look = CompositingOptions(method, parts_of(keep), strength)  # type: ignore[arg-type]
    if identity is None and not mapped:
        raise UsageError("Name the identity to swap in with --identity NAME or --map FACE=NAME.")
    if identity is None and faces:
        raise UsageError("--faces selects the faces for --identity, which is missing.")
    read = cache(_portrait)  # one photo may be named twice
    pairs = mapping_of(mapped, read)
    chosen = faces_of(faces or ["all"], read) if identity is not None else []
    wanted = ([identity] if identity is not None else []) + [name for _, name in pairs]
    found: list[CachedNetwork] = []
    numbers: dict[str, int] = {}
    for name in dict.fromkeys(wanted):
        network = find(references[name], silent)
        if network not in found:
            found.append(network)
        numbers[name] = found.index(network)
    choices = [FaceSelection(who, numbers[name]) for who, name in pairs]
    choices += [FaceSelection(who, 0, yields=True) for who in chosen]
    mark = together(
        [Marking(one.identity, str(one.version), one.sha256, one.basis) for one in found]
    )
    paths = [one.path for one in found]
    options = SwapOptions(tuple(choices), look, camera)
    return BatchOptions(paths[0], mark, options, again, tuple(paths[1:])), found


def references_of(identity: str | None, mapped: Sequence[str]) -> dict[str, "Reference"]:
    """The networks that ``--identity`` and ``--map`` name, by how they name them.

    Raises:
        SlugError, UsageError: a name is none.
    """
    from zoo.cli.terminal.project_context import named_network

    given = [identity] if identity is not None else []
    given += [text.rpartition("=")[2] for text in mapped if "=" in text]
    return {text: named_network(text) for text in given}


def _portrait(text: str) -> "Portrait | None":
    path = Path(text)
    if not path.exists():
        return None
    from zoo.swapping.face_selection import portrait

    return portrait(path)
