"""``zoo registry``: serves a registry, collects garbage, signs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.terminal.options import NETWORKS, Json, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from zoo.registry.maintenance.garbage_collection import Garbage


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    group = typer.Typer(
        help="Serve the registry, and remove what is no longer needed.", no_args_is_help=True
    )
    group.command(
        epilog=examples(
            "zoo registry serve",
            "zoo registry serve --backend postgresql://zoo@db/zoo --artifacts s3://bucket/zoo",
        )
    )(serve)
    group.command(epilog=examples("zoo registry gc", "zoo registry gc --keep 5 --yes"))(gc)
    group.command(epilog=examples("zoo registry sign ada", "zoo registry sign --all"))(sign)
    app.add_typer(group, name="registry", rich_help_panel=NETWORKS)


def serve(
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="sqlite:///… or postgresql://…; default: the project's own.",
            show_default=False,
        ),
    ] = None,
    artifacts: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="A folder or s3://…; default: mlartifacts beside the store.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Whoever can reach the server can change the registry.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 5000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run an MLflow server over the registry until Ctrl-C: its pages, and a registry for others.

    Networks and pictures go through it, so that clients need no access to their place.
    """
    from zoo.cli.terminal.output import note, print_json, spinner
    from zoo.cli.terminal.project_context import project_or_none
    from zoo.registry.maintenance.server import default_artifacts, running_server
    from zoo.settings import find_project, without_password

    project = project_or_none()
    backend = backend or f"sqlite:///{find_project().root / 'mlflow.db'}"
    artifacts = artifacts or default_artifacts(backend, project.root if project else Path.cwd())
    with spinner("starting the server"):
        running = running_server(backend, artifacts, host=host, port=port, workers=workers)
        address, process = running.__enter__()
    try:
        if as_json:
            print_json({"address": address, "backend": without_password(backend)})
        elif quiet:
            print_line(address)
        else:
            print_line(f"{without_password(backend)} is served at {address}")
            print_line(f"export MLFLOW_TRACKING_URI={address}")
        if host not in {"127.0.0.1", "localhost", "::1"}:
            note(f"There is no password: everyone who can reach {host}:{port} can change it.")
        code = process.wait()
    except KeyboardInterrupt:
        code = 0
    finally:
        running.__exit__(None, None, None)
    raise typer.Exit(1 if code else 0)


def gc(
    keep: Annotated[
        int, typer.Option(min=0, help="Number of newest versions of each identity to keep.")
    ] = 3,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove it; without, only print_line what would go.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove versions that are no longer needed, and files that belong to no version.

    Kept are each identity's champion and candidate, those before them (so that a rollback
    works), the newest versions, and whatever is younger than a day. Every folder that would go
    is named; what lies outside the registry's own place is never touched.
    """
    from zoo.cli.terminal.output import note, print_json, print_table, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.registry.maintenance.garbage_collection import collect, find_garbage

    with spinner("looking through the registry"):
        uri = registry_uri()
        found = find_garbage(uri, keep)
    if yes:
        with spinner("removing"):
            collect(uri, found)
    if as_json:
        print_json({"removed": yes, "bytes": sum(item.bytes for item in found), "items": found})
        return
    going = [item for item in found if not item.foreign]
    if quiet:
        for item in going:
            print_line(item.name)
        return
    if found:
        print_table(["WHAT", "NAME", "WHY", "BYTES", "WHERE"], [_row(item) for item in found])
    total = sum(item.bytes for item in going)
    done = "Removed" if yes else "Would remove"
    note(f"{done} {len(going)} items, {total / 1e6:.1f} MB." + ("" if yes else " --yes does it."))
    if left := len(found) - len(going):
        note(f"{left} stay: they name files outside the registry's root.")


def sign(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="The identities.",
            show_default=False,
            autocompletion=known_names,
        ),
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All identities.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Sign the versions of an identity that are not signed yet.

    New ones are signed when they are registered. Each file is fetched first and held against
    what the registry says of it.
    """
    from zoo.cli.terminal.output import note, print_json, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.errors import UsageError
    from zoo.provenance.identities.names import check_name
    from zoo.registry.listing import list_models
    from zoo.registry.publishing.sign_existing import sign_versions

    if bool(names) == everyone:
        raise UsageError("Name the identities whose networks you want to sign, or use --all.")
    uri = registry_uri()
    with spinner("signing"):
        chosen = [model.name for model in list_models(uri) if not model.problem]
        done = sign_versions(uri, chosen if everyone else map(check_name, names or ()))
    if as_json:
        print_json(done)
    else:
        for label in done.signed:
            print_line(label if quiet else f"Signed {label}.")
        if not done.signed and not quiet:
            note(f"Nothing to sign; {len(done.already)} versions are signed.")
    for label, reason in done.refused.items():
        note(f"{label} is not signed: {reason}")
    raise typer.Exit(1 if done.refused else 0)


def _row(item: "Garbage") -> list[object]:
    return [item.kind, item.name, item.why, item.bytes, " ".join(item.places)]
