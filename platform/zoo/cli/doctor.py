"""``zoo doctor``: checks the installation and names remedies."""

import typer

from zoo.cli.terminal.options import UPKEEP, Json, Quiet, examples
from zoo.cli.terminal.output import print_line


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(rich_help_panel=UPKEEP, epilog=examples("zoo doctor", "zoo doctor --json"))(doctor)


def doctor(as_json: Json = False, quiet: Quiet = False) -> None:
    """Check the installation, the devices that compute, and the servers.

    Each check is given up after a minute and a half. Code 1 when something that is needed is
    broken; with --quiet only that is named.
    """
    from zoo.cli.diagnostics import State, checks, run
    from zoo.cli.terminal.output import note, print_json, progress
    from zoo.cli.terminal.project_context import project_or_none

    wanted = checks(project_or_none())
    found = []
    with progress("checking", len(wanted)) as advance:
        for name, check in wanted.items():
            result = run(name, check)
            found.append(result)
            advance(len(found))
    broken = [result for result in found if result.state is State.BROKEN]
    if as_json:
        print_json(found)
    elif quiet:
        for result in broken:
            print_line(result.name)
    else:
        width = max(len(result.name) for result in found)
        for result in found:
            print_line(f"{result.state:6}  {result.name:{width}}  {result.found}")
            if result.fix:
                print_line(f"{'':6}  {'':{width}}  -> {result.fix}")
        note(f"{len(broken)} of {len(found)} are broken." if broken else "Nothing is broken.")
    raise typer.Exit(1 if broken else 0)
