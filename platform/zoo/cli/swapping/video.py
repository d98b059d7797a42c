"""Videos on the command line: progress bar, frames per second, time of each step."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.terminal.output import frame_progress, note
from zoo.errors import UsageError
from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.swapping.files.output_plan import Location
    from zoo.swapping.files.photo_batch import BatchOptions
    from zoo.swapping.video.file import VideoOptions, VideoSwap
    from zoo.swapping.video.segment_workers import Segments

Pair = tuple["Location", "Location"]


def swap_videos(
    pairs: Sequence[Pair],
    batch: "BatchOptions",
    options: "VideoOptions",
    *,
    jobs: int | None,
    silent: bool,
    report: Callable[[str], None],
    segments_by: "Segments | None" = None,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Swaps one video after another; all cores work on each.

    Args:
        pairs: sources and targets.
        batch: the networks, and whether existing outputs are made again.
        options: of the videos.
        jobs: processes; by default one per core.
        silent: whether no bar is shown.
        report: prints a line about a finished one.
        segments_by: what has segments made, in place of ``jobs`` processes.

    Returns:
        What was made, and why the others failed.
    """
    from zoo.swapping.files.failure_report import reason_of
    from zoo.swapping.video.video_locations import swap_video_anywhere

    made: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for source, target in pairs:
        try:
            with frame_progress(Path(str(source)).name, silent) as progress:
                swap = swap_video_anywhere(
                    source,
                    target,
                    (batch.network, *batch.others),
                    mark=batch.mark,
                    again=batch.again,
                    options=options,
                    jobs=jobs,
                    segments_by=segments_by,
                    progress=progress,
                    tell=partial(_tell, source, silent),
                )
        except MemoryError:
            raise
        except Exception as error:
            if isinstance(error, UsageError) and len(pairs) == 1:
                raise
            failed[str(source)] = reason_of(source, error)
            continue
        made.append(_entry(source, target, swap))
        report(_line(source, target, swap))
    return made, failed


def preview_videos(
    pairs: Sequence[Pair], batch: "BatchOptions", report: Callable[[str], None]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """A sheet of each video in place of its output: ``OUT-preview.jpg``."""
    from zoo.swapping.files.failure_report import reason_of
    from zoo.swapping.network import SwapNetwork
    from zoo.swapping.video.preview import preview

    network = SwapNetwork(batch.network, used_as=batch.mark)
    others = [
        SwapNetwork(path, used_as=mark)
        for path, mark in zip(batch.others, batch.mark.also, strict=True)
    ]
    made: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    here = [pair for pair in pairs if isinstance(pair[0], Path) and isinstance(pair[1], Path)]
    if len(here) < len(pairs):
        raise UsageError("A preview is made of files on this machine; copy the video here.")
    for source, target in here:
        assert isinstance(source, Path) and isinstance(target, Path)
        sheet = target.with_name(f"{target.stem}-preview.jpg")
        try:
            frames = preview(
                source, sheet, network, mark=batch.mark, options=batch.options, others=others
            )
        except MemoryError:
            raise
        except Exception as error:
            failed[str(source)] = reason_of(source, error)
            continue
        made.append({"input": str(source), "output": str(sheet), "frames": frames})
        report(f"{printable(str(source))} -> {printable(str(sheet))} ({frames} frames)")
    return made, failed


def seconds(text: str | None) -> float | None:
    """Seconds of ``90``, ``1:30`` or ``0:01:30.5``.

    Raises:
        UsageError: it is none of these.
    """
    if text is None:
        return None
    total = 0.0
    try:
        for part in text.split(":"):
            total = 60 * total + float(part)
    except ValueError:
        total = -1.0
    if not 0 <= total < 1e7:
        raise UsageError(f"{text!r} is not a time; write seconds, or minutes as in 1:30.")
    return total


def _tell(source: "Location", silent: bool, said: str) -> None:
    """What will be done to a video that its owner might not expect, before it is done."""
    if not silent:
        note(f"{source}: {said}")


def _entry(source: "Location", target: "Location", swap: "VideoSwap | None") -> dict[str, Any]:
    entry: dict[str, Any] = {"input": str(source), "output": str(target)}
    if swap is None:
        return {**entry, "already_done": True}
    facts = {
        "already_done": False,
        "frames": swap.frames,
        "frames_with_faces": swap.swapped,
        "frames_resumed": swap.resumed,
        "seconds": round(swap.seconds, 3),
        "frames_per_second": round(_rate(swap), 2),
        "milliseconds_per_frame": _each(swap),
        "notes": list(swap.notes),
    }
    return {**entry, **facts}


def _line(source: "Location", target: "Location", swap: "VideoSwap | None") -> str:
    names = f"{printable(str(source))} -> {printable(str(target))}"
    if swap is None:
        return f"{names} (already done)"
    resumed = f", {swap.resumed} of them made before" if swap.resumed else ""
    steps = ", ".join(f"{name} {ms:.0f}" for name, ms in _each(swap).items())
    return (
        f"{names} ({swap.frames} frames{resumed}, {swap.swapped} with faces, "
        f"{swap.seconds:.1f} s of video in {swap.took:.1f} s: {_rate(swap):.1f} frames/s)\n"
        f"  ms per frame: {steps}"
    )


def _rate(swap: "VideoSwap") -> float:
    return (swap.frames - swap.resumed) / max(swap.took, 1e-9)


def _each(swap: "VideoSwap") -> dict[str, float]:
    new = max(1, swap.frames - swap.resumed)
    return {name: round(1000 * took / new, 1) for name, took in swap.steps.items()}
