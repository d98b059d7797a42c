"""``zoo list``: the registered networks, or those on this machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.terminal.options import NETWORKS, Json, Quiet, examples
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from zoo.registry.browse import Version
    from zoo.registry.listing import Listed

HEADINGS = ("VERSION", "ALIASES", "RECIPE", "PIXELS", "BASIS", "NEAREST", "BY", "LANDMARKS")
"""Of what a table says of a version, see :func:`row`."""


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        "list",
        rich_help_panel=NETWORKS,
        epilog=examples("zoo list", "zoo list --cached", "zoo list --json"),
    )(list_networks)


def list_networks(
    cached: Annotated[
        bool,
        typer.Option("--cached", help="Only the networks in the cache; the registry is not read."),
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read everything again, not only changes.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the registered networks, or with --cached those ready on this machine."""
    if cached:
        _list_cached(as_json, quiet)
        return
    from zoo.cli.terminal.output import note, print_json, print_table, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.registry.listing import list_models

    with spinner("reading the registry"):
        models = list_models(registry_uri(), refresh=refresh)
    if as_json:
        print_json(models)
    elif quiet:
        for model in models:
            print_line(model.name)
    elif models:
        print_table(
            ["NAME", *HEADINGS],
            [[model.name, *row(model)] for model in models],
        )
    else:
        note("No networks are registered yet; `dvc repro` trains and registers them.")
    for model in models:
        if model.problem:
            note(f"{model.name} was not registered by zoo as expected: {model.problem}.")


def row(version: "Version | Listed") -> list[object]:
    """What a table says of a version."""
    from zoo.registry.report_cards import judge_of, recognised_rate

    return [
        version.version,
        version.aliases,
        version.recipe,
        version.resolution,
        version.basis,
        recognised_rate(version.scores),
        judge_of(version.scores),
        version.scores.get("landmark_difference"),
    ]


def _list_cached(as_json: bool, quiet: bool) -> None:
    from zoo.cli.terminal.output import note, print_json, print_table
    from zoo.cli.terminal.project_context import registry_uri_or_none
    from zoo.registry.local.cache import list_cached
    from zoo.registry.local.cache_index import list_lines

    if as_json:
        print_json(list_cached(registry_uri_or_none()))
        return
    lines = list_lines(registry_uri_or_none())
    if quiet:
        for name in dict.fromkeys(line.identity for line in lines):
            print_line(name)
    elif lines:
        print_table(
            ["NAME", *HEADINGS],
            [list(vars(line).values()) for line in lines],
        )
    else:
        note("The cache is empty; `zoo pull NAME` fills it.")
