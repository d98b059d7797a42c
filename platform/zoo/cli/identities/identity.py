"""``zoo identity``: lists, shows and removes identities."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.terminal.options import Json, Name, Quiet, examples
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from zoo.provenance.identities.identity import Identity
    from zoo.settings import Project


def register(group: typer.Typer) -> None:
    """Adds this module's commands to ``zoo identity``."""
    group.command("list", epilog=examples("zoo identity list", "zoo identity list --json"))(
        list_identities
    )
    group.command(epilog=examples("zoo identity show ada"))(show)
    group.command(
        epilog=examples("zoo identity remove maria", "zoo identity remove maria --purge")
    )(remove)


def list_identities(as_json: Json = False, quiet: Quiet = False) -> None:
    """List the identities of this project."""
    from zoo.cli.terminal.output import note, print_json, print_table
    from zoo.provenance.identities.identity import identities
    from zoo.settings import find_project

    project = find_project()
    found = [facts_of(project, identity) for identity in identities(project)]
    if as_json:
        print_json(found)
    elif quiet:
        for facts in found:
            print_line(facts["name"])
    elif found:
        columns = ("name", "basis", "photos", "added", "evidence")
        rows = [[facts[column] for column in columns] for facts in found]
        print_table([column.upper() for column in columns], rows)
    else:
        note("No identities yet; add one with `zoo identity add`.")


def show(name: Name, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show one identity's record."""
    from zoo.cli.terminal.output import print_facts, print_json
    from zoo.provenance.identities.identity import find_identity
    from zoo.settings import find_project

    project = find_project()
    facts = facts_of(project, find_identity(project, name))
    if as_json:
        print_json(facts)
    elif quiet:
        print_line(name)
    else:
        print_facts(facts)


def remove(
    name: Name,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge",
            help="Also everything made from them: networks, reports, registry, caches, logs, "
            "DVC's cache.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Purge without confirmation.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove an identity and its photos; the next `dvc repro` removes their products.

    Registered and cached networks and DVC's copies stay, and swaps still work; --purge removes
    those too, lists what it cannot reach, and searches for remains.
    """
    from zoo.cli.terminal.output import print_json
    from zoo.provenance.identities.adding import remove_identity
    from zoo.settings import find_project

    if purge:
        from zoo.cli.identities.purge import purge_identity

        purge_identity(find_project(), name, yes=yes, as_json=as_json, quiet=quiet)
        return
    folder = remove_identity(find_project(), name)
    if as_json:
        print_json({"name": name, "folder": folder})
    else:
        print_line(name if quiet else f"Removed {folder}.")


def facts_of(project: "Project", identity: "Identity") -> dict[str, Any]:
    """The printed facts of one identity."""
    from zoo.provenance.identities.identity import count_photos

    return {
        "name": identity.name,
        "basis": str(identity.basis),
        "evidence": identity.evidence,
        "photos": count_photos(project, identity),
        "person": identity.person,
        "added": str(identity.added),
        "folder": str(project.identities / identity.name),
    }
