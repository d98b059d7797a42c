"""``zoo export``: a network as a file for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.terminal.options import NETWORKS, Json, NetworkName, Quiet, examples
from zoo.cli.terminal.output import print_line, print_name
from zoo.exporting.formats import Format
from zoo.printable import printable


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=NETWORKS,
        no_args_is_help=True,
        epilog=examples(
            "zoo export ada",
            "zoo export ada@candidate --format safetensors -o weights/ada.safetensors",
            "zoo export ada --format onnx",
        ),
    )(export)


def export(
    name: NetworkName,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="dfm for DeepFaceLive and facefusion, onnx as it is, safetensors for the weights.",
        ),
    ] = Format.dfm,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to. Without it: NAME.FORMAT in the working folder.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a network as a file for other programs.

    The file names the person, the basis and the terms of use. Other programs neither sign their
    output nor label it as synthetic: the user must.
    """
    from zoo.cli.terminal.output import note, print_json
    from zoo.cli.terminal.project_context import find, named_network
    from zoo.errors import UsageError
    from zoo.exporting.export import export as write
    from zoo.exporting.formats import NOTICE, Terms
    from zoo.provenance.identities.basis import check_basis

    reference = named_network(name)
    target = out or Path(f"{reference.name}.{form}")
    if target.suffix.lower() != f".{form}":
        raise UsageError(f"{target} does not end in .{form}, which other programs expect.")
    found = find(reference, quiet or as_json)
    basis = check_basis(found.basis, f"{found.identity} version {found.version}")
    terms = Terms(found.identity, found.version, found.sha256, basis)
    write(found.path, terms, form, target)
    if as_json:
        print_json({"output": str(target), "format": str(form), **terms.metadata()})
        return
    if quiet:
        print_name(target)
        return
    place = printable(str(target))
    print_line(f"{found.identity} version {found.version} -> {place} ({form}; basis: {basis})")
    note(NOTICE)
