"""``zoo swap --watch``: swaps new and changed files of a folder until Ctrl-C."""

import sys
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from zoo.cli.terminal.output import print_line, print_name
from zoo.errors import UsageError
from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.swapping.files.output_plan import Location
    from zoo.swapping.files.photo_batch import BatchOptions

OUTPUTS = "swapped"
"""The folder in the watched one where outputs go, unless told otherwise."""

_EVERY = 1.0  # seconds between two looks


def check_watching(folder: Path, out: str | None, **others: object) -> None:
    """Whether a folder can be watched as asked.

    Args:
        folder: to watch.
        out: where its outputs are to go.
        others: what else was asked for, by name; none of it goes with watching.

    Raises:
        UsageError: it cannot.
    """
    from zoo.s3.address import is_s3

    for name, value in others.items():
        if value:
            what = "INPUT" if name == "inputs" else f"--{name}"
            raise UsageError(f"--watch swaps one folder; omit {what}.")
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder on this machine; --watch needs one.")
    if out is not None and is_s3(out):
        raise UsageError("--watch writes into a folder on this machine; give one with -o.")
    if out is not None and Path(out).is_file():
        raise UsageError(f"{out} is a file; --watch writes into a folder.")
    if out is not None and folder.resolve().is_relative_to(Path(out).resolve()):
        raise UsageError(
            f"{out} contains the watched folder, so outputs would replace inputs; choose "
            "another folder with -o."
        )


def keep_swapped(
    folder: Path, out: str | None, batch: "BatchOptions", *, jobs: int | None, quiet: bool
) -> int:
    """Swaps what is new or changed in ``folder`` as it comes, until Ctrl-C.

    Args:
        folder: is searched in depth; outputs lie in the same places below ``out``.
        out: a folder; ``swapped`` in the watched one without it.
        batch: the network and the options.
        jobs: processes.
        quiet: whether only names are printed.

    Returns:
        The exit code: 1 if something in the folder failed and was not mended.

    Raises:
        AssetError: the network is missing or damaged.
        StorageError: the outputs' folder cannot be written.
    """
    from zoo.cli.terminal.output import note
    from zoo.swapping.files.failure_report import write_report
    from zoo.swapping.files.watched_folder import Watched, is_output

    watched = Watched(folder, folder / OUTPUTS if out is None else Path(out))
    failed: dict[str, str] = {}
    done: list[str] = []
    there = True
    if not quiet:
        note(f"watching {folder}, writing to {watched.out}; Ctrl-C ends it.")
    try:
        while True:
            pairs: list[tuple[Path, Path]] = []
            before = dict(failed)
            try:
                for source, target in watched.look(monotonic()):
                    if is_output(source):
                        note(f"{source} is an output of zoo swap and is skipped.")
                    else:
                        pairs.append((source, target))
                there = True
                for gone in [one for one in failed if not Path(one).exists()]:
                    del failed[gone]
            except OSError as error:
                if there:
                    note(f"{folder} cannot be read ({error.strerror}); waiting for it.")
                there = False
            if pairs:
                _swap(pairs, batch, done, failed, jobs, quiet)
            if failed != before:
                write_report(watched.out, failed)
            sleep(_EVERY)
    except KeyboardInterrupt:
        if not quiet:
            print(end="\n" * sys.stderr.isatty(), file=sys.stderr)  # below the terminal's ^C
            note(f"stopped watching {folder}: {len(done)} done, {len(failed)} failed.")
    return 1 if failed else 0


def _swap(
    pairs: list[tuple[Path, Path]],
    batch: "BatchOptions",
    done: list[str],
    failed: dict[str, str],
    jobs: int | None,
    quiet: bool,
) -> None:
    """Swaps all of them and updates the lists of done and failed inputs."""
    from zoo.cli.swapping.video import swap_videos
    from zoo.cli.terminal.output import note
    from zoo.cli.terminal.results import line_of
    from zoo.swapping.files.output_plan import is_video
    from zoo.swapping.files.photo_batch import swap_many
    from zoo.swapping.video.file import VideoOptions

    def fail(source: str, reason: str) -> None:
        failed[source] = reason
        note(f"error: {reason}")

    photos: list[tuple[Location, Location]] = [pair for pair in pairs if not is_video(pair[0])]
    with closing(swap_many(photos, batch, jobs or 1)) as ready:
        for outcome in ready:
            if outcome.reason is not None:
                fail(str(outcome.source), outcome.reason)
                continue
            failed.pop(str(outcome.source), None)
            done.append(str(outcome.source))
            print_name(outcome.target) if quiet else print_line(line_of(outcome))
    for pair in pairs:
        if not is_video(pair[0]):
            continue
        line: list[str] = []
        options = VideoOptions(batch.options)
        made, why = swap_videos([pair], batch, options, jobs=jobs, silent=quiet, report=line.append)
        for source, reason in why.items():
            fail(source, reason)
        for entry in made:
            failed.pop(str(entry["input"]), None)
            done.append(str(entry["input"]))
            print_name(entry["output"]) if quiet else print_line(
                printable("".join(line), keep="\n")
            )
