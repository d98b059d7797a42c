"""``zoo evaluate``: measures a network."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.terminal.options import NETWORKS, Json, Name, Quiet, examples
from zoo.cli.terminal.output import print_line


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=NETWORKS,
        epilog=examples("zoo evaluate ada", "zoo evaluate ada --photos holiday --json"),
    )(evaluate)


def evaluate(
    name: Name,
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Photos to swap; default: the held-out ones.", show_default=False
        ),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Other people to compare with, one folder each.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure an identity's trained network on photos that training never saw."""
    from zoo.cli.terminal.output import note, print_facts, print_json, print_table, spinner
    from zoo.evaluation.report.themes import ARROWS, JUDGES, lines
    from zoo.evaluation.run import evaluate_identity
    from zoo.settings import find_project

    project = find_project()
    with spinner(f"swapping and measuring photos for {name}"):
        report = evaluate_identity(project, name, photos, gallery)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    if quiet:
        print_line(report.identity)
        return
    print_facts(
        {
            "identity": report.identity,
            "network": f"{report.network.recipe}, {report.network.resolution} px",
            "measured on": f"{report.photos} photos of {report.measured_on}",
            "compared with": report.gallery or "the person in the photo alone",
            "judged by": JUDGES[report.recogniser],
        }
    )
    if report.recogniser == "dlib":
        note(
            "dlib's descriptor hardly detects the person in the photo. To use SFace, which "
            "does, set "
            "`recogniser: sface` in the section `evaluate` of params.yaml: its 39 MB are fetched."
        )
    print_line()
    shown, rows = "", []
    for line in lines(report):
        theme = line.theme if line.theme != shown else ""
        shown = line.theme
        words = (
            f"{line.figure.words} ({line.figure.unit})" if line.figure.unit else line.figure.words
        )
        better = f"{ARROWS[line.figure.better]}  {line.marks}".rstrip()
        rows.append([theme, words, line.finished, line.raw, better])
    print_table(["THEME", "FIGURE", "FINISHED", "RAW", "BETTER"], rows)
    for photo, reason in report.skipped.items():
        note(f"left out: {photo}: {reason}")
