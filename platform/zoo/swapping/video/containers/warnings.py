"""What is done to a video that its owner might not expect, in sentences."""

from zoo.photos.colour.cicp import PQ
from zoo.photos.video.reader import Video


def notes_of(video: Video) -> tuple[str, ...]:
    """What the output of a video says of how it was made, and the command line prints."""
    notes = []
    if video.signal.hdr:
        name = "PQ" if video.signal.transfer == PQ else "HLG"
        notes.append(
            f"HDR ({name}): the network saw it tone-mapped to SDR; faces are blended in {name}."
        )
    if video.fields is not None:
        notes.append(f"Interlaced ({video.fields} field first): each field was swapped for itself.")
    if video.signal.dropped:
        left_out = ", ".join(video.signal.dropped)
        notes.append(f"Left out, for it describes the faces before: {left_out}.")
    return tuple(notes)
