"""``zoo bench``: how fast this machine swaps, step by step."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.terminal.options import REFERENCE, UPKEEP, Json, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from zoo.registry.local.cache import CachedNetwork


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=UPKEEP,
        epilog=examples(
            "zoo bench",
            "zoo bench --identity ada --photo holiday.jpg",
            "zoo bench --runs 100 --json",
        ),
    )(bench)


def bench(
    identity: Annotated[
        str | None,
        typer.Option(
            "--identity",
            "-i",
            metavar=REFERENCE,
            help="Whose network; default: the first in the cache.",
            show_default=False,
            autocompletion=known_names,
        ),
    ] = None,
    photo: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What to swap; default: a rendered person.", show_default=False
        ),
    ] = None,
    size: Annotated[
        int, typer.Option(min=128, max=2048, help="Of the rendered photo, pixels.")
    ] = 512,
    runs: Annotated[int, typer.Option(min=1, max=10_000, help="Swaps that are timed.")] = 30,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Time each step of a swap on this machine, and each of ONNX Runtime's execution providers.

    The median and what 95 of 100 swaps stay below, in milliseconds. Frames per second leave
    reading, writing and signing out.
    """
    from zoo.cli.terminal.output import print_facts, print_json, print_table, progress
    from zoo.provenance.credentials.marking import Marking
    from zoo.swapping.timing import measure

    network = _network(identity)
    mark = Marking(network.identity, str(network.version), network.sha256, network.basis)
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        source = photo or _rendered(Path(folder), size)
        with progress("swapping", runs) as advance:
            found = measure(source, network.path, mark, runs, advance)
    if as_json:
        facts = {"identity": network.identity, "version": network.version}
        print_json({**facts, **vars(found)})
        return
    if quiet:
        print_line(network.identity)
        return
    print_facts(
        {
            "network": f"{network.identity} version {network.version}, {found.resolution} px",
            "photo": f"{photo or 'rendered'}, {found.width}x{found.height} px",
            "runs": found.runs,
            "frames per second": round(found.frames_per_second, 1),
        }
    )
    print_line()
    rows = [[step.name, step.p50, step.p95] for step in (*found.steps, found.swap, found.whole)]
    print_table(["STEP", "P50 MS", "P95 MS"], rows)
    print_line()
    print_table(
        ["PROVIDER", "RAN ON", "THREADS", "P50 MS", "P95 MS"],
        [[one.asked, one.ran, one.threads, one.p50, one.p95] for one in found.providers],
    )


def _network(identity: str | None) -> "CachedNetwork":
    from zoo.cli.terminal.project_context import identity_names, registry_uri_or_none
    from zoo.errors import UsageError
    from zoo.registry.local.cache import list_cached
    from zoo.registry.local.network_resolution import find_network
    from zoo.registry.references import parse_reference

    uri = registry_uri_or_none()
    if identity is None:
        names = sorted({network.identity for network in list_cached(uri)})
        if not names:
            raise UsageError(
                "The cache holds no network to measure: name one with --identity, or `zoo pull` "
                "one."
            )
        identity = names[0]
    return find_network(parse_reference(identity), uri, identity_names(), lambda: None)


def _rendered(folder: Path, size: int) -> Path:
    from zoo.errors import UsageError

    try:
        from zoo.people import random_person, random_scene, render
    except ImportError as error:
        raise UsageError(
            "Rendering a photo needs numba, which is not installed here; name one with --photo."
        ) from error
    from zoo.photos.writing import write_photo

    write_photo(path := folder / "photo.jpg", render(random_person(7), random_scene(3), size).image)
    return path
