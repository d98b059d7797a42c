"""``zoo train`` and ``zoo status``: from photos to networks."""

from typing import Annotated

import typer

from zoo.cli.terminal.options import IDENTITIES, NETWORKS, Json, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command(rich_help_panel=IDENTITIES, epilog=examples("zoo status", "zoo status --json"))(
        status
    )
    app.command(
        rich_help_panel=NETWORKS,
        epilog=examples("zoo train", "zoo train ada bruno", "zoo train ada --recipe hd"),
    )(train)


def train(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Identities; default: all.",
            show_default=False,
            autocompletion=known_names,
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="R",
            help="A recipe of params.yaml; default: the one in use.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train the networks whose photos, recipe or content have changed.

    This is one stage of `dvc repro`, which also aligns, evaluates and registers. Ctrl-C stops it,
    and the next call resumes from the last checkpoints. logs/NAME.log has the details.
    """
    from zoo.cli.terminal.output import note, print_json
    from zoo.settings import find_project
    from zoo.training.stage import train_identities

    outcome = train_identities(find_project(), names or (), recipe)
    if as_json:
        print_json({"trained": outcome.made, "fresh": outcome.fresh, "failed": outcome.failed})
    elif quiet:
        for name in outcome.made:
            print_line(name)
    else:
        for name in outcome.made:
            print_line(f"{name}: trained")
        for name in outcome.fresh:
            print_line(f"{name}: fresh")
    for name, reason in outcome.failed.items():
        note(f"error: {name}: {reason}")
    raise typer.Exit(outcome.exit_code)


def status(as_json: Json = False, quiet: Quiet = False) -> None:
    """Show the state of each identity's stages: photos, aligned, trained, evaluated, registered.

    A step is fresh, stale (what it was made from has changed), missing, or failed in its last
    run; `dvc repro` brings all of them up to date.
    """
    from zoo.cli.terminal.output import note, print_json, print_table
    from zoo.settings import find_project
    from zoo.stages.status import STEPS, project_status

    found = project_status(find_project())
    if as_json:
        print_json(found)
    elif quiet:
        for entry in found:
            print_line(entry.name)
    elif found:
        rows = [
            [
                entry.name,
                entry.basis,
                entry.photos,
                entry.aligned,
                entry.trained,
                entry.evaluated,
                f"{entry.registered}{f' (version {entry.version})' if entry.version else ''}",
                entry.training or next(iter(entry.why.values()), ""),
            ]
            for entry in found
        ]
        print_table(["NAME", "BASIS", "PHOTOS", *(step.upper() for step in STEPS), "WHY"], rows)
        done = sum(all(getattr(entry, step) == "fresh" for step in STEPS) for entry in found)
        failed = sum(any(getattr(entry, step) == "failed" for step in STEPS) for entry in found)
        note(f"{done} of {len(found)} are fresh{f', {failed} failed' if failed else ''}.")
    else:
        note("No identities yet; add one with `zoo identity add`.")
    for entry in found:
        if entry.problem:
            note(f"error: {entry.problem}")
    raise typer.Exit(1 if any(entry.problem for entry in found) else 0)
