"""``zoo identity check``: what the photos of an identity are worth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.terminal.options import Json, Name, examples
from zoo.cli.terminal.output import print_line
from zoo.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.faces.curation.assessment import Assessment
    from zoo.faces.curation.photo_selection import AlignSettings
    from zoo.settings import Project


def register(group: typer.Typer) -> None:
    """Adds this module's command to ``zoo identity``."""
    group.command(epilog=examples("zoo identity check maria", "zoo identity check maria --json"))(
        check
    )


def check(
    name: Name,
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the names of photos that are not usable.")
    ] = False,
) -> None:
    """Assess an identity's photos: which are usable, outliers, and what is missing."""
    from zoo.cli.terminal.output import print_json
    from zoo.errors import IdentityError
    from zoo.provenance.identities.identity import PHOTOS, find_identity
    from zoo.settings import find_project

    project = find_project()
    find_identity(project, name)
    settings, resolution = photo_settings(project)
    photos = photos_of(project, name)
    if not photos:
        raise IdentityError(
            f"{name} has no photos in {project.identities / name / PHOTOS} yet; add some with "
            f"`zoo identity add {name} PHOTOS --more`, or run `dvc pull` or `dvc repro render`."
        )
    found = assess_photos(photos, settings, resolution)
    picture = save_assessment(project, name, found)
    if as_json:
        print_json({"name": name, **found.summary(), "picture": str(picture)})
    elif quiet:
        print_line("\n".join(photo.photo for photo in (*found.rejected, *found.outliers)))
    else:
        print_assessment(found)
        print_line(f"Picture: {picture}")


def photo_settings(project: "Project") -> tuple["AlignSettings", int]:
    """What photos are held to, and the resolution of the recipe in use."""
    from zoo.errors import ProjectError
    from zoo.faces.curation.photo_selection import AlignSettings
    from zoo.settings import read_params, section

    params = read_params(project)
    align = section(params, "align", AlignSettings)
    try:
        recipe = (params.get("recipes") or {}).get(params.get("recipe")) or {}
        phases = recipe.get("phases") or [recipe]
        return align, int(phases[-1].get("resolution", 128))
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError) as error:
        raise ProjectError(
            "params.yaml: the recipe in use has no phases with a resolution; see docs/training.md."
        ) from error


def photos_of(project: "Project", name: str) -> dict[str, Path]:
    """An identity's photos, given and rendered, by their path within the project."""
    from zoo.errors import IdentityError
    from zoo.stages import align

    try:
        return align.photos_of(project, name)
    except IdentityError:
        return {}


def assess_photos(
    photos: "Mapping[str, Path]", settings: "AlignSettings", resolution: int
) -> "Assessment":
    """What the photos are worth, with a progress bar."""
    from zoo.cli.terminal.output import progress
    from zoo.faces.curation.assessment import assess

    with progress("looking at photos", len(photos)) as advance:
        return assess(photos, settings, resolution, advance)


def save_assessment(project: "Project", name: str, found: "Assessment") -> Path:
    """Where no version control keeps them; ``zoo identity remove`` removes them."""
    from zoo.faces.curation.coverage_sheet import coverage_sheet
    from zoo.photos.writing import write_photo
    from zoo.storage import write_json

    picture = project.coverage / f"{name}.jpg"
    write_photo(picture, coverage_sheet(name, found))
    write_json(picture.with_suffix(".json"), found.summary())
    return picture


def print_assessment(found: "Assessment", *, excluded: bool = False) -> None:
    """Prints an assessment for people; ``excluded`` says that outliers were left out."""
    from zoo.cli.terminal.output import print_table
    from zoo.faces.curation.coverage import NODS, SIDES, TURNS

    print_line(f"{len(found.usable)} of {len(found.photos)} are usable.\n")
    rows: list[list[Any]] = [
        [nod, *counts] for nod, counts in zip(NODS, found.coverage.pose, strict=True)
    ]
    print_table(["HEAD", *(turn.upper() for turn in TURNS)], rows)
    print_line()
    print_table(["LIGHT", *(side.upper() for side in SIDES)], [["photos", *found.coverage.light]])
    for photo in found.rejected:
        if photo.dropped and photo.readable:
            reason = printable(f"{photo.photo}: {photo.dropped.reason}")
            print_line(f"\nNot usable: {reason}", end="")
    if found.rejected:
        print_line()
    if outliers := found.outliers:
        verb = "were left out" if excluded else "are among them"
        print_line(
            f"\n{len(outliers)} that seem to show someone else {verb}, the least similar first:"
        )
        for photo in outliers:
            print_line(f"  {photo.distance:.2f}  {printable(photo.photo)}")
        if not excluded:
            print_line("Remove those that do, or add the photos again with --exclude-outliers.")
    if found.advice:
        print_line("\nTo do better:")
        for line in found.advice:
            print_line(f"- {line}")
    print_line()
