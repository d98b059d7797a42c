"""``zoo identity remove --purge``: lists, confirms, removes, and searches for remains."""

import sys
from typing import TYPE_CHECKING

import typer

from zoo.cli.terminal.output import print_line
from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.settings import Project


def purge_identity(project: "Project", name: str, *, yes: bool, as_json: bool, quiet: bool) -> None:
    """Purges ``name`` from the project, its registry, its DVC cache and this user's cache.

    Exits with code 1 when something of it is left where it could be reached, or when the user
    said no.

    Raises:
        UsageError: nobody can be asked, and --yes was not given.
        UnknownIdentityError: there is nothing of that name.
        RegistryError, StorageError: it cannot be carried out; run it again.
    """
    from zoo.cli.terminal.output import note, print_json, print_table, spinner
    from zoo.errors import UsageError
    from zoo.purging.plan import carry_out, plan
    from zoo.settings import tracking_uri

    if not yes and (as_json or quiet or not sys.stdin.isatty()):
        raise UsageError(f"There is no terminal to confirm that {name} is to be purged; add --yes.")
    with spinner(f"looking for all of {name}"):
        planned = plan(project, name, tracking_uri(project))
    lines = planned.lines()
    if not (as_json or quiet):
        print_table(["WHAT", "BYTES", "WHERE"], lines)
    if not yes and not typer.confirm(f"Remove all of this for good ({len(lines)})?", err=True):
        note("Nothing was removed.")
        raise typer.Exit(1)
    with spinner("removing"):
        out_of_reach, left = carry_out(planned)
    if as_json:
        going = [{"what": what, "bytes": size, "where": where} for what, size, where in lines]
        facts = {"purged": going, "out_of_reach": out_of_reach, "left": left}
        print_json({"name": name, **facts})
    elif quiet:
        print_line(name)
    else:
        print_line(f"Purged {name}. Out of reach:")
        for sentence in out_of_reach:
            print_line(printable(f"  {sentence}"))
        print_line("`dvc repro` updates DVC's records; it measures and registers nobody again.")
    for trace in left:
        note(f"left: {trace}")
    raise typer.Exit(1 if left else 0)
