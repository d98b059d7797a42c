"""``zoo swap``: swaps faces in photos and videos; its imports are kept fast."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoo.cli.terminal.options import PICTURES, REFERENCE, Json, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line, print_name

if TYPE_CHECKING:
    from zoo.swapping.files.photo_batch import Outcome

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
            "zoo swap --map left=ada --map right=bruno couple.jpg",
            "zoo swap --map photo-of-anna.jpg=ada clip.mp4 -o out.mp4",
        ),
    )(swap)


def swap(
    inputs: Annotated[
        list[str],
        typer.Argument(
            default_factory=list,
            metavar="INPUT...",
            help="Photos and videos, folders of them, patterns, or s3:// addresses.",
            show_default=False,
        ),
    ],
    identity: Annotated[
        str | None,
        typer.Option(
            "--identity",
            "-i",
            metavar=REFERENCE,
            help="The identity to swap in; its champion, unless an alias or version is named.",
            autocompletion=known_names,
            show_default=False,
        ),
    ] = None,
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
        list[str] | None,
        typer.Option(
            metavar="FACE",
            help="Faces to swap: all, largest, left, right, numbers such as 0,2 (0 is the "
            "largest), or a photo of the person. In a video the person is tracked. "
            "Repeatable. All by default.",
            show_default=False,
        ),
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FACE=NAME",
            help="Another identity for one face: left=bruno, 1=bruno or anna.jpg=bruno. "
            "Repeatable; without --identity only these are swapped.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        Literal["feather", "poisson"], typer.Option(help="How the face is blended in.")
    ] = "feather",
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART",
            help="Parts of the original face to keep: mouth, eyes, hair. Repeatable.",
            show_default=False,
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option(metavar="0..1", help="Opacity of the new face, 0 to 1.")
    ] = 1.0,
    camera: Annotated[
        bool,
        typer.Option(
            "--keep-camera",
            help="Keep what photos tell of the camera: make, model, lens, exposure, dates; never "
            "the place, the owner or serial numbers.",
            show_default=False,
        ),
    ] = False,
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
    cluster: Annotated[
        bool | None,
        typer.Option(
            "--cluster/--no-cluster",
            help="Whether the Ray cluster at RAY_ADDRESS swaps. By default it does, where there "
            "is one, for videos and several photos without --jobs.",
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also make existing outputs again.", show_default=False)
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Where to begin in a video: 90 or 1:30."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Where to end in a video.")
    ] = None,
    audio: Annotated[
        Literal["copy", "aac", "flac", "none"],
        typer.Option(
            help="How a video's audio is stored; audio that the container cannot hold is "
            "converted, with a message."
        ),
    ] = "copy",
    subtitles: Annotated[
        Literal["copy", "none"], typer.Option(help="Whether a video's subtitles are kept.")
    ] = "copy",
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="Only make a sheet of some frames of a video, before and after.",
            show_default=False,
        ),
    ] = False,
    watch: Annotated[
        Path | None,
        typer.Option(
            "--watch",
            metavar="DIR",
            help="Swap new and changed files of a folder as they appear, until Ctrl-C. Without "
            "--out, into DIR/swapped.",
            show_default=False,
        ),
    ] = None,
    opened: Annotated[
        bool,
        typer.Option("--open", help="Show the result in the system's viewer.", show_default=False),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Swap an identity's face into photos and videos, or several identities into several faces.

    Photos keep their size, format and bits per channel, videos their times, audio and subtitles
    (streams that the container cannot hold are converted, with a message). Every output is signed
    and marked as synthetic. HEIC and JPEG XL become JPEG, and BMP, GIF and others that cannot carry
    the mark become PNG. Further content of an input (an HDR gain map, a depth map, more frames) is
    left out, because it shows the original face, and listed. Existing outputs of the same input,
    network and options are skipped. Failures are listed at the end, and in OUT/zoo-failed.csv.
    """
    from zoo.cli.swapping.face_options import options_of, references_of
    from zoo.cli.swapping.swap_workers import swap_workers
    from zoo.cli.swapping.watch import check_watching, keep_swapped
    from zoo.cli.terminal.output import note, print_json, progress
    from zoo.cli.terminal.results import entries, line_of
    from zoo.swapping.files.failure_report import write_report
    from zoo.swapping.files.output_plan import Plan, is_video, plan

    references = references_of(identity, mapped or [])
    names = "-".join(dict.fromkeys(reference.name for reference in references.values()))
    if watch is not None:
        check_watching(
            watch, out, inputs=inputs, start=start, end=end, preview=preview, open=opened,
            json=as_json,
        )  # fmt: skip
    work = plan(inputs, out, names) if watch is None else Plan([])
    batch, found = options_of(
        identity,
        faces or [],
        mapped or [],
        references,
        method=method,
        keep=keep or [],
        strength=strength,
        camera=camera,
        again=again,
        silent=quiet or as_json,
    )
    if watch is not None:
        sys.exit(keep_swapped(watch, out, batch, jobs=jobs, quiet=quiet))
    failed = dict(work.failed)
    outcomes: list[Outcome] = []
    photos = [pair for pair in work.pairs if not is_video(pair[0])]
    videos = [pair for pair in work.pairs if is_video(pair[0])]
    made: list[dict[str, Any]] = []
    with swap_workers(len(photos), 0 if preview else len(videos), cluster, jobs) as workers:
        with (
            progress("swapping", len(photos), told=workers.ray is not None) as advance,
            closing(workers.swap_many(photos, batch)) as ready,
        ):
            for count, outcome in enumerate(ready, 1):
                if outcome.reason is not None:
                    failed[str(outcome.source)] = outcome.reason
                elif as_json:
                    outcomes.append(outcome)
                else:
                    print_name(outcome.target) if quiet else print_line(line_of(outcome))
                advance(count)
        if videos:
            from zoo.cli.swapping.video import preview_videos, seconds, swap_videos
            from zoo.swapping.video.file import VideoOptions

            def tell(line: str) -> None:
                if not (as_json or quiet):
                    print_line(line)

            if preview:
                made, why = preview_videos(videos, batch, tell)
            else:
                made, why = swap_videos(
                    videos,
                    batch,
                    VideoOptions(batch.options, seconds(start), seconds(end), audio, subtitles),
                    jobs=jobs,
                    silent=quiet or as_json,
                    report=tell,
                    segments_by=workers.segments_by,
                )
    if videos:
        failed |= why
        if quiet:
            for entry in made:
                print_name(entry["output"])
    if as_json:
        used = [
            {"identity": one.identity, "version": one.version, "sha256": one.sha256}
            for one in found
        ]
        facts: dict[str, Any] = {**used[0], **({"also": used[1:]} if used[1:] else {})}
        reasons = [{"input": given, "reason": reason} for given, reason in failed.items()]
        print_json({**facts, "outputs": entries(outcomes) + made, "failed": reasons})
    count = len(work.pairs) + len(work.failed)
    for reason in list(failed.values())[:_MOST_SHOWN]:
        note(f"error: {reason}")
    if len(failed) > _MOST_SHOWN:
        note(f"... and {len(failed) - _MOST_SHOWN} more")
    if count > 1 and work.pairs and work.folder is not None:
        report = write_report(work.folder, failed)
        if failed:
            note(f"{len(failed)} of {count} inputs failed; {report} lists them.")
    if opened:
        from zoo.cli.terminal.viewer import open_results

        done = [str(target) for source, target in work.pairs if str(source) not in failed]
        open_results([entry["output"] for entry in made] if preview else done, work.folder)
    sys.exit(1 if failed else 0)
