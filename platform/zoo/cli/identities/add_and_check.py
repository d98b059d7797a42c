"""``zoo identity add`` and ``check``: adds photos and assesses them."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.terminal.options import Json, Name, Quiet, examples
from zoo.cli.terminal.output import say
from zoo.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.faces.curation.assessment import Assessment
    from zoo.faces.curation.photo_selection import AlignSettings
    from zoo.provenance.identities.adding import Added
    from zoo.provenance.identities.identity import Identity
    from zoo.settings import Project


def register(group: typer.Typer) -> None:
    """Adds this module's commands to ``zoo identity``."""
    group.command(
        no_args_is_help=True,
        epilog=examples(
            "zoo identity add maria photos/maria --basis consent --evidence 'form of 2026-03-01'",
            "zoo identity add colin-powell lfw/Colin_Powell --basis research --exclude-strangers",
            "zoo identity add maria interview.mp4 --more",
        ),
    )(add)
    group.command(epilog=examples("zoo identity check maria", "zoo identity check maria --json"))(
        check
    )


def add(
    name: Name,
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTOS...",
            help="Photos of that person, folders of photos (with subfolders), or videos.",
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
    more: Annotated[
        bool, typer.Option("--more", help="Add photos to an existing identity.")
    ] = False,
    exclude_strangers: Annotated[
        bool,
        typer.Option(
            "--exclude-strangers", help="Leave out photos that seem to show someone else."
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Copy photos of a person into the project, record the basis for their use, and assess them.

    Ten usable photos are needed, forty or more are better, each with that one person's face. Of
    a video the sharpest and most varied frames are taken. Originals are never touched.
    """
    from zoo.cli.terminal.output import note, print_json, spinner
    from zoo.errors import UsageError
    from zoo.provenance.identities.adding import check_free, version_photos
    from zoo.provenance.identities.identity import PHOTOS, find_identity, new_identity
    from zoo.settings import find_project
    from zoo.swapping.network_files.other_formats import check_no_network

    check_no_network(photos)
    project = find_project()
    if more:
        if basis or evidence:
            raise UsageError(f"{name}'s basis is in its record; omit --basis and --evidence.")
        identity = find_identity(project, name)
    else:
        identity = new_identity(name, basis, evidence)
        check_free(project, name)
    settings, resolution = _settings(project)
    with ExitStack() as stack:
        sources, left_out = _sources(photos, settings, stack)
        there = _photos_of(project, name) if more else {}
        found = _assess({**there, **sources}, settings, resolution)
        added = _copy(project, identity, sources, found, more, exclude_strangers)
    left_out += added.left_out
    picture = _save(project, name, found)
    with spinner("dvc add"):
        versioned = version_photos(project, added.folder / PHOTOS)
    if as_json:
        from zoo.cli.identities.identity import facts_of

        print_json(
            {
                **facts_of(project, identity),
                "added_photos": len(added.photos),
                "left_out": left_out,
                "versioned": versioned,
                "assessment": found.summary(),
                "picture": str(picture),
            }
        )
    elif quiet:
        say(name)
    else:
        count = f"{len(added.photos)} {'more ' if more else ''}photos"
        say(f"Added {name} with {count} in {added.folder}.")
        _print(found, excluded=exclude_strangers)
        say(f"Picture: {picture}")
        note(versioned)
    for reason in left_out:
        note(f"left out: {reason}")
    raise typer.Exit(1 if left_out else 0)


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
    settings, resolution = _settings(project)
    photos = _photos_of(project, name)
    if not photos:
        raise IdentityError(
            f"{name} has no photos in {project.identities / name / PHOTOS} yet; add some with "
            f"`zoo identity add {name} PHOTOS --more`, or run `dvc pull` or `dvc repro render`."
        )
    found = _assess(photos, settings, resolution)
    picture = _save(project, name, found)
    if as_json:
        print_json({"name": name, **found.summary(), "picture": str(picture)})
    elif quiet:
        say("\n".join(photo.photo for photo in (*found.rejected, *found.strangers)))
    else:
        _print(found)
        say(f"Picture: {picture}")


def _settings(project: "Project") -> tuple["AlignSettings", int]:
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


def _sources(
    given: "Sequence[Path]", settings: "AlignSettings", stack: ExitStack
) -> tuple[dict[str, Path], list[str]]:
    """The photos given, with frames of the videos given (kept until ``stack`` closes), by name."""
    from zoo.cli.terminal.output import progress
    from zoo.errors import PhotoError
    from zoo.faces.video.frame_extraction import extract
    from zoo.photos.reading import find_photos
    from zoo.photos.video.reader import is_video
    from zoo.provenance.identities.adding import leads_out

    videos = [path for path in given if is_video(path)]
    named = [path for path in given if path not in videos]
    photos = find_photos(named) if named or not videos else []
    found, left_out = {}, list[str]()
    for path in photos:
        if leads_out(path, named):
            left_out.append(
                f"{path} is a link to a file outside the given folder; to use it, give the file "
                "itself."
            )
        else:
            found[str(path)] = path
    for number, video in enumerate(videos):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-")), str(number))
        folder.mkdir()
        with progress(f"looking through {video.name}", 1000) as advance:
            try:
                frames = extract(
                    video, folder, settings, lambda done, total: advance(1000 * done // total)
                )
            except PhotoError as error:
                left_out.append(str(error))
                continue
        found.update({f"{video}: {frame.name}": frame for frame in frames})
    if not found:
        raise PhotoError(left_out[0])
    return found, left_out


def _photos_of(project: "Project", name: str) -> dict[str, Path]:
    from zoo.errors import PhotoError
    from zoo.photos.reading import find_photos
    from zoo.provenance.identities.identity import PHOTOS

    folders = [project.identities / name / PHOTOS, project.rendered / name]
    try:
        found = find_photos([folder for folder in folders if folder.is_dir()])
    except PhotoError:
        return {}
    return {path.relative_to(project.root).as_posix(): path for path in found}


def _assess(
    photos: "Mapping[str, Path]", settings: "AlignSettings", resolution: int
) -> "Assessment":
    from zoo.cli.terminal.output import progress
    from zoo.faces.curation.assessment import assess

    with progress("looking at photos", len(photos)) as advance:
        return assess(photos, settings, resolution, advance)


def _copy(
    project: "Project",
    identity: "Identity",
    sources: "Mapping[str, Path]",
    found: "Assessment",
    more: bool,
    exclude_strangers: bool,
) -> "Added":
    from zoo.errors import PhotoError
    from zoo.provenance.identities.adding import add_identity, add_photos

    by_name = {photo.photo: photo for photo in found.photos}
    names = {path: name for name, path in sources.items()}
    if any(by_name[name].readable for name in sources) and not found.usable:
        reasons = [f"{one.photo}: {one.dropped.reason}" for one in found.photos if one.dropped]
        raise PhotoError(
            f"None of {len(sources)} photos shows a usable face, so {identity.name} was not "
            f"added ({(reasons or ['each seems to show someone else'])[0]})."
        )
    chosen = [
        path for name, path in sources.items() if not (exclude_strangers and by_name[name].stranger)
    ]

    def check(path: Path) -> None:
        photo = by_name[names[path]]
        if photo.dropped and not photo.readable:
            raise PhotoError(photo.dropped.detail)

    if more:
        return add_photos(project, identity, chosen, check)
    return add_identity(project, identity, chosen, check)


def _save(project: "Project", name: str, found: "Assessment") -> Path:
    """Where no version control keeps them; ``zoo identity remove`` removes them."""
    from zoo.faces.curation.coverage_sheet import coverage_sheet
    from zoo.photos.writing import write_photo
    from zoo.storage import write_json

    picture = project.coverage / f"{name}.jpg"
    write_photo(picture, coverage_sheet(name, found))
    write_json(picture.with_suffix(".json"), found.summary())
    return picture


def _print(found: "Assessment", *, excluded: bool = False) -> None:
    from zoo.cli.terminal.output import print_table
    from zoo.faces.curation.coverage import NODS, SIDES, TURNS

    say(f"{len(found.usable)} of {len(found.photos)} are usable.\n")
    rows: list[list[Any]] = [
        [nod, *counts] for nod, counts in zip(NODS, found.coverage.pose, strict=True)
    ]
    print_table(["HEAD", *(turn.upper() for turn in TURNS)], rows)
    say()
    print_table(["LIGHT", *(side.upper() for side in SIDES)], [["photos", *found.coverage.light]])
    for photo in found.rejected:
        if photo.dropped and photo.readable:
            reason = printable(f"{photo.photo}: {photo.dropped.reason}")
            say(f"\nNot usable: {reason}", end="")
    if found.rejected:
        say()
    if strangers := found.strangers:
        verb = "were left out" if excluded else "are among them"
        say(f"\n{len(strangers)} that seem to show someone else {verb}, the least similar first:")
        for photo in strangers:
            say(f"  {photo.distance:.2f}  {printable(photo.photo)}")
        if not excluded:
            say("Remove those that do, or add the photos again with --exclude-strangers.")
    if found.advice:
        say("\nTo do better:")
        for line in found.advice:
            say(f"- {line}")
    say()
