"""Notes on changes to a video that a user might not expect."""

from zoo.photos.code_points import PQ
from zoo.photos.video import Video


def notes_of(video: Video) -> tuple[str, ...]:
    """Notes for the output's comment and the command line."""
    notes = []
    if video.signal.hdr:
        name = "PQ" if video.signal.transfer == PQ else "HLG"
        notes.append(
            f"HDR ({name}): the network saw it tone-mapped to SDR; faces are blended in {name}."
        )
    if video.fields is not None:
        notes.append(f"Interlaced ({video.fields} field first): each field was swapped separately.")
    if video.signal.dropped:
        left_out = ", ".join(video.signal.dropped)
        notes.append(f"Left out, because it describes the original faces: {left_out}.")
    return tuple(notes)
