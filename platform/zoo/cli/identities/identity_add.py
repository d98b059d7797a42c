"""``zoo identity add``: photos in, assessed before they are copied."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.identities.identity_check import (
    assess_photos,
    photo_settings,
    photos_of,
    print_assessment,
    save_assessment,
)
from zoo.cli.terminal.options import Json, Name, Quiet, examples
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.faces.curation.assessment import Assessment
    from zoo.faces.curation.photo_selection import AlignSettings
    from zoo.provenance.identities.adding import Added
    from zoo.provenance.identities.identity import Identity
    from zoo.settings import Project


def register(group: typer.Typer) -> None:
    """Adds this module's command to ``zoo identity``."""
    group.command(
        no_args_is_help=True,
        epilog=examples(
            "zoo identity add maria photos/maria --basis consent --evidence 'form of 2026-03-01'",
            "zoo identity add colin-powell lfw/Colin_Powell --basis research --exclude-outliers",
            "zoo identity add maria interview.mp4 --more",
        ),
    )(add)


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
    exclude_outliers: Annotated[
        bool,
        typer.Option("--exclude-outliers", help="Leave out photos that seem to show someone else."),
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
    settings, resolution = photo_settings(project)
    with ExitStack() as stack:
        sources, left_out = _sources(photos, settings, stack)
        there = photos_of(project, name) if more else {}
        found = assess_photos({**there, **sources}, settings, resolution)
        added = _copy(project, identity, sources, found, more, exclude_outliers)
    left_out += added.left_out
    picture = save_assessment(project, name, found)
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
        print_line(name)
    else:
        count = f"{len(added.photos)} {'more ' if more else ''}photos"
        print_line(f"Added {name} with {count} in {added.folder}.")
        print_assessment(found, excluded=exclude_outliers)
        print_line(f"Picture: {picture}")
        note(versioned)
    for reason in left_out:
        note(f"left out: {reason}")
    raise typer.Exit(1 if left_out else 0)


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


def _copy(
    project: "Project",
    identity: "Identity",
    sources: "Mapping[str, Path]",
    found: "Assessment",
    more: bool,
    exclude_outliers: bool,
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
        path for name, path in sources.items() if not (exclude_outliers and by_name[name].outlier)
    ]

    def check(path: Path) -> None:
        photo = by_name[names[path]]
        if photo.dropped and not photo.readable:
            raise PhotoError(photo.dropped.detail)

    if more:
        return add_photos(project, identity, chosen, check)
    return add_identity(project, identity, chosen, check)
