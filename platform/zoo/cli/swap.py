"""``zoo swap``: the command that must be quick."""

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoo.cli.options import PICTURES, Json, Quiet, examples, known_names
from zoo.cli.say import say, say_name
from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.registry.cache import CachedNetwork
    from zoo.swapping.batch import Outcome

_MOST_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Adds this module's command."""
    app.command(
        rich_help_panel=PICTURES,
        no_args_is_help=True,
        epilog=examples(
            "zoo swap --identity ada photo.jpg",
            "zoo swap --identity ada@candidate holiday/ 'more/*.png' -o swapped --jobs 4",
            "zoo swap --identity ada s3://photos/holiday/ -o s3://photos/swapped/",
            "zoo swap --identity ada clip.mp4 --start 0:10 --end 0:25 -o out.mp4",
            "zoo swap --identity ada clip.mp4 --preview",
        ),
    )(swap)


def swap(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Photos and videos, folders of them, patterns, or s3:// addresses.",
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
            autocompletion=known_names,
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
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Processes; one network in each. By default 1 for photos, all cores for a video.",
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also swap what is done already.", show_default=False)
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Where to begin in a video: 90 or 1:30."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Where to end in a video.")
    ] = None,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="Only a sheet of some frames of a video, before and after.",
            show_default=False,
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put an identity's face into photos and videos.

    Photos keep their size, format and bits per channel, videos their times, sound and subtitles;
    every output is signed, and says that it is synthetic. HEIC becomes JPEG, and BMP, GIF and
    others that cannot carry the mark become PNG. What else an input holds (an HDR gain map, a
    depth map, more frames) is left out, because it shows the old face, and named.
    Outputs that are there already, of the same input, network and options, are left alone. What
    failed is named at the end, and in OUT/zoo-failed.csv.
    """
    from zoo.cli.output import note, print_json, progress
    from zoo.provenance.marking import Marking
    from zoo.registry.references import parse_reference
    from zoo.swapping.batch import How, swap_many
    from zoo.swapping.failures import write_report
    from zoo.swapping.plan import is_video, plan

    reference = parse_reference(identity)
    work = plan(inputs, out, reference.name)
    found = _find(identity, quiet or as_json)
    mark = Marking(found.identity, str(found.version), found.sha256, found.basis)
    how = How(found.path, mark, faces, method, again)
    failed = dict(work.failed)
    outcomes: list[Outcome] = []
    photos = [pair for pair in work.pairs if not is_video(pair[0])]
    videos = [pair for pair in work.pairs if is_video(pair[0])]
    with (
        progress("swapping", len(photos)) as advance,
        closing(swap_many(photos, how, jobs or 1)) as ready,
    ):
        for count, outcome in enumerate(ready, 1):
            if outcome.reason is not None:
                failed[str(outcome.source)] = outcome.reason
            elif as_json:
                outcomes.append(outcome)
            else:
                say_name(outcome.target) if quiet else say(_line(outcome))
            advance(count)
    made: list[dict[str, Any]] = []
    if videos:
        from zoo.cli.video import preview_videos, seconds, swap_videos

        def tell(line: str) -> None:
            if not (as_json or quiet):
                say(line)

        if preview:
            made, why = preview_videos(videos, how, tell)
        else:
            made, why = swap_videos(
                videos,
                how,
                jobs=jobs,
                start=seconds(start),
                end=seconds(end),
                silent=quiet or as_json,
                report=tell,
            )
        failed |= why
        if quiet:
            for entry in made:
                say_name(entry["output"])
    if as_json:
        facts = {"identity": found.identity, "version": found.version, "sha256": found.sha256}
        reasons = [{"input": given, "reason": reason} for given, reason in failed.items()]
        print_json({**facts, "outputs": _entries(outcomes) + made, "failed": reasons})
    count = len(work.pairs) + len(work.failed)
    for reason in list(failed.values())[:_MOST_SHOWN]:
        note(f"error: {reason}")
    if len(failed) > _MOST_SHOWN:
        note(f"... and {len(failed) - _MOST_SHOWN} more")
    if count > 1 and work.pairs and work.folder is not None:
        report = write_report(work.folder, failed)
        if failed:
            note(f"{len(failed)} of {count} inputs failed; {report} lists them.")
    sys.exit(1 if failed else 0)


def _line(outcome: "Outcome") -> str:
    done = "already done"
    if outcome.faces is not None:
        from zoo.photos.writing import WRITABLE, writable

        done = f"{outcome.faces} face{'s' if outcome.faces > 1 else ''}"
        given, made = (place.suffix.lower() for place in (outcome.source, outcome.target))
        if given not in writable(given):
            done += f"; written as {WRITABLE[made]}"
        if outcome.dropped:
            done += f"; left out: {', '.join(outcome.dropped)}"
    return f"{printable(str(outcome.source))} -> {printable(str(outcome.target))} ({done})"


def _entries(outcomes: "list[Outcome]") -> list[dict[str, Any]]:
    """In the order of the inputs, however many processes there were."""
    return [
        {
            "input": str(one.source),
            "output": str(one.target),
            "faces": one.faces,
            "already_done": one.already_done,
            "dropped": list(one.dropped),
        }
        for one in sorted(outcomes, key=lambda one: one.number)
    ]


def _find(identity: str, silent: bool) -> "CachedNetwork":
    from zoo.cli.output import note
    from zoo.cli.place import identity_names, registry_uri_or_none
    from zoo.registry.finding import find_network
    from zoo.registry.references import CANDIDATE, parse_reference

    reference = parse_reference(identity)

    def pulling() -> None:
        if not silent:
            note(f"pulling {reference} from the registry ...")

    found = find_network(reference, registry_uri_or_none(), identity_names(), pulling, tell=note)
    if found.signer == "":
        note(f"{found.identity} version {found.version} is not signed: nobody vouches for it.")
    if not silent and not (reference.alias or reference.version) and found.alias == CANDIDATE:
        note(f"{found.identity} has no champion yet; using its candidate, version {found.version}.")
    return found
