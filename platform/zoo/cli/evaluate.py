"""``zoo evaluate``: a network's figures, measured now."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.options import NETWORKS, Json, Name, examples


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
            help="Other people, one folder each, that a swap must not look like.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure an identity's trained network on photos that training never saw."""
    from zoo.cli.output import note, print_facts, print_json, spinner
    from zoo.evaluation.run import evaluate_identity
    from zoo.settings import find_project

    project = find_project()
    with spinner(f"swapping and measuring photos for {name}"):
        report = evaluate_identity(project, name, photos, gallery)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    figures = {
        field.replace("_", " "): value
        for field, value in report.model_dump(mode="json").items()
        if isinstance(value, int | float)
    }
    print_facts(
        {
            "identity": report.identity,
            "network": f"{report.network.recipe}, {report.network.resolution} px",
            "measured on": report.measured_on,
            **figures,
        }
    )
    for photo, reason in report.skipped.items():
        note(f"left out: {photo}: {reason}")
