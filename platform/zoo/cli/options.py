"""Options that many commands share."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print names only.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The identity.", show_default=False)]

IDENTITIES = "Identities"
NETWORKS = "Networks"
PICTURES = "Pictures"


def examples(*lines: str) -> str:
    """What stands below a command's help."""
    return "\n\n".join(("Examples:", *lines))
