"""``zoo swap``: the command that must be quick."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoo.cli.options import PICTURES, Json, Quiet, examples

if TYPE_CHECKING:
    from zoo.registry.cache import CachedNetwork


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=PICTURES,
        no_args_is_help=True,
        epilog=examples(
            "zoo swap --identity ada photo.jpg",
            "zoo swap --identity ada@candidate holiday/ 'more/*.png' -o swapped",
            "zoo swap --identity ada s3://photos/holiday/ -o s3://photos/swapped/",
        ),
    )(swap)


def swap(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Photos, folders of photos, patterns, or s3:// addresses of photos and folders.",
            show_default=False,
        ),
    ],
    identity: Annotated[
        str,
        typer.Option(
            "--identity",
            "-i",
            metavar="NAME[@ALIAS|:VERSION]",
            help="Whose face to put in; the champion unless told otherwise.",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="A file for one photo, a folder for several; or an s3:// address. "
            "Without it: STEM-NAME.SUFFIX in the working folder.",
            show_default=False,
        ),
    ] = None,
    faces: Annotated[
        Literal["all", "largest"], typer.Option(help="Which faces of a photo to swap.")
    ] = "all",
    method: Annotated[
        Literal["feather", "poisson"], typer.Option(help="How the face is blended in.")
    ] = "feather",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put an identity's face into photos.

    Photos keep their size and format; every output says in its metadata that it is synthetic.
    """
    from zoo.cli.output import note, print_json, progress
    from zoo.errors import ZooError
    from zoo.provenance.marking import Marking
    from zoo.registry.references import parse_reference
    from zoo.swapping.anywhere import swap_anywhere
    from zoo.swapping.network import SwapNetwork
    from zoo.swapping.plan import plan

    reference = parse_reference(identity)
    work = plan(inputs, out, reference.name)
    found = _find(identity, quiet or as_json)
    network = SwapNetwork(found.path)
    mark = Marking(found.identity, str(found.version), found.sha256, found.basis)
    failed = [{"input": given, "reason": reason} for given, reason in work.failed.items()]
    done: list[dict[str, Any]] = []
    with progress("swapping", len(work.pairs)) as advance:
        for count, (source, target) in enumerate(work.pairs, 1):
            try:
                result = swap_anywhere(
                    source, target, network, mark=mark, faces=faces, method=method
                )
            except ZooError as error:
                failed.append({"input": str(source), "reason": str(error)})
            else:
                number = len(result.faces)
                done.append({"input": str(source), "output": str(target), "faces": number})
                if quiet:
                    print(target)
                elif not as_json:
                    print(f"{source} -> {target} ({number} face{'s' if number > 1 else ''})")
            advance(count)
    if as_json:
        facts = {"identity": found.identity, "version": found.version, "sha256": found.sha256}
        print_json({**facts, "outputs": done, "failed": failed})
    for failure in failed:
        note(f"error: {failure['reason']}")
    if len(failed) > 1 or (failed and done):
        note(f"{len(failed)} of {len(failed) + len(done)} inputs failed.")
    sys.exit(1 if failed else 0)


def _find(identity: str, silent: bool) -> "CachedNetwork":
    from zoo.cli.output import note
    from zoo.cli.place import identity_names, registry_uri_or_none
    from zoo.registry.finding import find_network
    from zoo.registry.references import CANDIDATE, parse_reference

    reference = parse_reference(identity)

    def pulling() -> None:
        if not silent:
            note(f"pulling {reference} from the registry ...")

    found = find_network(reference, registry_uri_or_none(), identity_names(), pulling)
    if not silent and not (reference.alias or reference.version) and found.alias == CANDIDATE:
        note(f"{found.identity} has no champion yet; using its candidate, version {found.version}.")
    return found
