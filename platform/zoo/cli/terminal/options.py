"""Options that many commands share."""

from typing import Annotated

import typer


def known_names(incomplete: str) -> list[str]:
    """Names that the shell may offer: the project's identities and the networks in the cache.

    Folders' names alone, because the user waits for them at each press of the key.
    """
    from zoo.cli.terminal.project_context import identity_names
    from zoo.settings import cache_folder

    cached = (path.parent.name for path in cache_folder().glob("networks/*/*/aliases.json"))
    return sorted({name for name in (*identity_names(), *cached) if name.startswith(incomplete)})


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print names only.")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The identity.", show_default=False, autocompletion=known_names
    ),
]
REFERENCE = "NAME[@ALIAS|:VERSION]"
NetworkName = Annotated[
    str,
    typer.Argument(
        metavar=REFERENCE, help="Which network.", show_default=False, autocompletion=known_names
    ),
]

IDENTITIES = "Identities"
NETWORKS = "Networks"
PICTURES = "Pictures"
UPKEEP = "This machine"


def examples(*lines: str) -> str:
    """The examples below a command's help."""
    return "\n\n".join(("Examples:", *lines))
