"""``zoo show``: the versions of an identity, and what one was made from."""

from typing import Annotated

import typer

from zoo.cli.networks.listing import HEADINGS, row
from zoo.cli.terminal.options import NETWORKS, Json, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line
from zoo.printable import printable


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=NETWORKS, epilog=examples("zoo show ada", "zoo show ada@champion --lineage")
    )(show)


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The identity; with --lineage, NAME[@ALIAS|:VERSION].",
            show_default=False,
            autocompletion=known_names,
        ),
    ],
    lineage: Annotated[
        bool,
        typer.Option(
            "--lineage", help="What its network was made from, and the commands that make it again."
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show an identity's versions: recipe, scores, and who promoted them."""
    from zoo.cli.terminal.output import note, print_facts, print_json, print_table, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.provenance.identities.names import check_name
    from zoo.registry.browse import show_model

    if lineage:
        _show_lineage(name, as_json, quiet)
        return
    check_name(name)
    with spinner("reading the registry"):
        model = show_model(registry_uri(), name)
    if as_json:
        print_json(model)
        return
    if quiet:
        print_line("\n".join(f"{model.name}:{one.version}" for one in model.versions))
        return
    best = model.best
    print_facts(
        {
            "name": model.name,
            "basis": model.basis,
            "champion": version.version if (version := model.at("champion")) else "none yet",
            "made": best.created,
            "sha256": best.sha256,
            "data revision": best.data_revision,
            **{name.replace("_", " "): value for name, value in best.scores.items()},
        }
    )
    print_line()
    print_table(
        [*HEADINGS, "CREATED"],
        [[*row(version), version.created] for version in model.versions],
    )
    for version in model.versions:
        if version.problem:
            note(
                f"{name} version {version.version} was not registered by zoo as expected: "
                f"{version.problem}."
            )
    if model.history:
        print_line("\n" + "\n".join(printable(str(move)) for move in model.history))


def _show_lineage(name: str, as_json: bool, quiet: bool) -> None:
    from zoo.cli.terminal.output import print_facts, print_json, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.registry.maintenance.lineage import lineage
    from zoo.registry.references import parse_reference

    with spinner("reading the registry"):
        found = lineage(parse_reference(name), registry_uri())
    if as_json:
        print_json(found)
        return
    if quiet:
        print_line(f"{found['name']}:{found['version']}")
        return
    photos, dvc = found["photos"], found["photos_dvc"] or {}
    perceptual, git = found["perceptual"] or {}, found["git"] or {}
    print_facts(
        {
            "network": f"{found['name']} version {found['version']}",
            "sha256": found["sha256"],
            "basis": found["basis"],
            "trained": found["trained_at"],
            "run": found["run"],
            "receipt": found["receipt"],
            "recipe": found["recipe_name"],
            "perceptual": " ".join(str(value) for value in perceptual.values()),
            "light network": found["light"],
            "descriptor network": found.get("descriptor"),
            "start network": found.get("start"),
            "content": found["content"]["sha256"],
            "aligned faces": found["faces"],
            "photos": f"{len(photos)}; DVC: {dvc['md5']}" if dvc else len(photos),
            "code": f"{found['code']} ({found['maker']})",
            "commit": git.get("commit"),
            "not committed": ", ".join(map(str, git.get("changed", ()))),
        }
    )
    print_line("\nRecipe:")
    print_facts({f"  {key}": str(value) for key, value in (found["recipe"] or {}).items()})
    print_line("\nPhotos, by SHA-256:")
    for photo, sha256 in photos.items():
        print_line(printable(f"  {sha256}  {photo}"))
    print_line("\nTo make it again, in a clone of the project:")
    for command in found["reproduce"]:
        print_line(printable(f"  {command}"))
