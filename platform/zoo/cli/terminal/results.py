"""Results of photos as lines and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.swapping.files.photo_batch import Outcome


def line_of(outcome: "Outcome") -> str:
    """What became of a photo, in a line."""
    done = "already done"
    if outcome.faces is not None:
        from zoo.photos.writing import WRITABLE, writable

        done = f"{outcome.faces} face{'s' if outcome.faces > 1 else ''}"
        given, made = (place.suffix.lower() for place in (outcome.source, outcome.target))
        if given not in writable(given):
            done += f"; written as {WRITABLE[made]}"
        if outcome.missing:
            done += f"; not there: {', '.join(outcome.missing)}"
        if outcome.dropped:
            done += f"; left out: {', '.join(outcome.dropped)}"
    return f"{printable(str(outcome.source))} -> {printable(str(outcome.target))} ({done})"


def entries(outcomes: "Sequence[Outcome]") -> list[dict[str, Any]]:
    """For JSON, in the order of the inputs, however many processes there were."""
    return [
        {
            "input": str(one.source),
            "output": str(one.target),
            "faces": one.faces,
            "already_done": one.already_done,
            "dropped": list(one.dropped),
            "missing": list(one.missing),
        }
        for one in sorted(outcomes, key=lambda one: one.number)
    ]
