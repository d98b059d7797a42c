"""``zoo identity``: who is in the project, and on what basis."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.options import IDENTITIES, Json, Name, Quiet, examples

if TYPE_CHECKING:
    from zoo.provenance.identity import Identity
    from zoo.settings import Project


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    group = typer.Typer(
        help="Add, list, show and remove the people of this project.", no_args_is_help=True
    )
    group.command(
        no_args_is_help=True,
        epilog=examples(
            "zoo identity add maria photos/maria --basis consent --evidence 'form of 2026-03-01'",
            "zoo identity add colin-powell lfw/Colin_Powell --basis research",
        ),
    )(add)
    group.command("list")(list_identities)
    group.command()(show)
    group.command()(remove)
    app.add_typer(group, name="identity", rich_help_panel=IDENTITIES)


def add(
    name: Name,
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTOS",
            help="Photos of that person, or folders of them (searched in depth).",
            show_default=False,
        ),
    ],
    basis: Annotated[
        str | None,
        typer.Option(
            metavar="consent|licence|research|synthetic",
            help="Why this face may be used.",
            show_default=False,
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Where the consent or licence is kept; required for those two.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Copy photos of a person into the project and record why they may be used.

    Ten photos are needed, forty or more are better, each with that one person's face.
    """
    from zoo.cli.output import note, print_json, progress, spinner
    from zoo.photos.reading import find_photos, read_photo
    from zoo.provenance.adding import add_identity
    from zoo.provenance.identity import PHOTOS, new_identity
    from zoo.provenance.versioning import version_photos
    from zoo.settings import find_project

    project = find_project()
    identity = new_identity(name, basis, evidence)
    found = find_photos(photos)
    with progress("reading photos", len(found)) as advance:
        added = add_identity(project, identity, found, read_photo, advance)
    with spinner("dvc add"):
        versioned = version_photos(project, added.folder / PHOTOS)
    if as_json:
        print_json(
            {**_facts(project, identity), "left_out": added.left_out, "versioned": versioned}
        )
    elif quiet:
        print(name)
    else:
        print(f"Added {name} with {len(added.photos)} photos in {added.folder}.")
        note(versioned)
    for reason in added.left_out:
        note(f"left out: {reason}")
    raise typer.Exit(1 if added.left_out else 0)


def list_identities(as_json: Json = False, quiet: Quiet = False) -> None:
    """List the identities of this project."""
    from zoo.cli.output import note, print_json, print_table
    from zoo.provenance.identity import identities
    from zoo.settings import find_project

    project = find_project()
    found = [_facts(project, identity) for identity in identities(project)]
    if as_json:
        print_json(found)
    elif quiet:
        for facts in found:
            print(facts["name"])
    elif found:
        columns = ("name", "basis", "photos", "added", "evidence")
        rows = [[facts[column] for column in columns] for facts in found]
        print_table([column.upper() for column in columns], rows)
    else:
        note("No identities yet; add one with `zoo identity add`.")


def show(name: Name, as_json: Json = False) -> None:
    """Show one identity's record."""
    from zoo.cli.output import print_facts, print_json
    from zoo.provenance.identity import find_identity
    from zoo.settings import find_project

    project = find_project()
    facts = _facts(project, find_identity(project, name))
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


def remove(name: Name, quiet: Quiet = False) -> None:
    """Remove an identity and its photos; the next `dvc repro` removes what was made of them.

    What is registered stays; `zoo rm` removes that.
    """
    from zoo.provenance.adding import remove_identity
    from zoo.settings import find_project

    folder = remove_identity(find_project(), name)
    print(name if quiet else f"Removed {folder}.")


def _facts(project: "Project", identity: "Identity") -> dict[str, Any]:
    from zoo.provenance.identity import count_photos

    return {
        "name": identity.name,
        "basis": str(identity.basis),
        "evidence": identity.evidence,
        "photos": count_photos(project, identity),
        "person": identity.person,
        "added": str(identity.added),
        "folder": str(project.identities / identity.name),
    }
