"""``zoo promote``: promotes through the gate, past it, or rolls back."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.terminal.options import NETWORKS, Json, Name, Quiet, examples
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.registry.promotion.gate import Promotion
    from zoo.settings import Project


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=NETWORKS,
        epilog=examples(
            "zoo promote ada",
            "zoo promote ada --rollback --reason 'version 3 smears glasses'",
            "zoo promote ada --version 2 --force --reason 'the photos are dark'",
        ),
    )(promote)


def promote(
    name: Name,
    version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Instead of the candidate.", show_default=False, min=1),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Promote without passing the gate; who and why is recorded."),
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Why; required with --force.", show_default=False),
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Restore the previous champion.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the candidate the champion, if it passes the gate of params.yaml.

    It must reach the gate's figures, and be no worse than the champion on the same faces.
    """
    from zoo.cli.terminal.output import print_json, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.errors import UsageError
    from zoo.provenance.identities.names import check_name
    from zoo.registry.promotion.gate import GateSettings, roll_back
    from zoo.registry.promotion.gate import promote as promote_network
    from zoo.settings import find_project, read_params, section

    check_name(name)
    if rollback:
        if version is not None or force:
            raise UsageError("--rollback finds the version itself; omit --version and --force.")
        with spinner("reading the registry"):
            done = roll_back(name, registry_uri(), reason)
    else:
        project = find_project()
        gate = section(read_params(project), "gate", GateSettings)
        with spinner("reading the registry"):
            done = promote_network(
                name,
                registry_uri(),
                gate,
                version=version,
                force=force,
                reason=reason,
                measure=lambda folder: _measure(project, name, folder),
            )
    if as_json:
        print_json(done)
    elif quiet:
        print_line(name)
    else:
        print(_words(done))


def _measure(project: "Project", name: str, network: "Path") -> "dict[str, Any]":
    """A report card of another network of ``name``, on the photos that are held out now."""
    from zoo.evaluation.run import measure

    return measure(project, name, folder=network)[0].model_dump(mode="json")


def _words(done: "Promotion") -> str:
    what = f"version {done.version} of {done.name}"
    if done.previous == done.version:
        return f"{what.capitalize()} is champion already."
    before = f"; it replaces version {done.previous}" if done.previous else ""
    how = ", by force" if done.forced else ""
    judge = f"; likeness measured by {done.judged_by}" if done.judged_by else ""
    return f"{what.capitalize()} is champion now{how}{before}{judge}."
