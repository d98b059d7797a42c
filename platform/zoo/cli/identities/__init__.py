"""``zoo identity``: who is in the project, on what basis, and what their photos are worth."""

import typer

from zoo.cli.identities import identity, identity_add, identity_check
from zoo.cli.terminal.options import IDENTITIES


def register(app: typer.Typer) -> None:
    """Adds the group and its commands."""
    group = typer.Typer(
        help="Add, list, show and remove the people of this project.", no_args_is_help=True
    )
    for module in (identity_add, identity_check, identity):
        module.register(group)
    app.add_typer(group, name="identity", rich_help_panel=IDENTITIES)
