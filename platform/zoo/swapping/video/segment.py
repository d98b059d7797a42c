"""One segment of a video: its frames are swapped, encoded and written to a separate file.

A segment decodes a few frames more on either side than it writes, so that its first and last
faces are as steady as all others; it needs nothing of its neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import PhotoError
from zoo.photos.video.decoding import decode
from zoo.photos.video.reader import Video
from zoo.storage import atomic_file
from zoo.swapping.network import Network
from zoo.swapping.options import SwapOptions
from zoo.swapping.video.assignment.roles import Roles
from zoo.swapping.video.assignment.tracks import Analysis, analyse
from zoo.swapping.video.containers.encoding import Codec, add_encoder
from zoo.swapping.video.frames.deinterlacing import deinterlace, interlace, of_fields
from zoo.swapping.video.frames.frame_swapping import Swapped, follow, swap_frames
from zoo.swapping.video.frames.prefetch import prefetch
from zoo.swapping.video.segment_division import Segment, decoded_for
from zoo.swapping.video.step_timer import StepTimer

if TYPE_CHECKING:
    import av


@dataclass(frozen=True)
class SegmentOptions:
    """What all segments of a video have in common."""

    codec: Codec
    format: str
    options: SwapOptions


@dataclass(frozen=True)
class Done:
    """A segment that is written.

    Attributes:
        number: of the segment.
        first: the time of its first frame, in the video's units.
        frames: how many it has.
        swapped: in how many of them a face was swapped.
        networks: the numbers of the networks that made these faces.
        seconds: that each step worked.
    """

    number: int
    first: int
    frames: int
    swapped: int
    networks: list[int]
    seconds: dict[str, float]


def look_at_segment(video: Video, segment: Segment, settings: SegmentOptions) -> Analysis:
    """First pass over a segment: its faces and descriptors.

    Raises:
        PhotoError: the video is gone.
        AssetError: the face models or the descriptor network are missing or damaged.
    """
    timer = StepTimer()
    frames, pictures, part = _pictures(video, segment, timer)
    followed = follow(frames, pictures, settings.format, timer)
    first, after = np.searchsorted(pictures.times, (part.start, part.end))
    return analyse(followed, float(pictures.rate), segment.number, range(int(first), int(after)))


def make_segment(
    video: Video,
    segment: Segment,
    networks: Sequence[Network],
    settings: SegmentOptions,
    folder: Path,
    roles: Roles | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Done:
    """Writes a segment into ``folder``, whole or not at all.

    Args:
        video: the whole.
        segment: of it.
        networks: as the options number them.
        settings: it is made.
        folder: in which it is made.
        roles: whose face gets which network's; by default everybody gets the first one's.
        advance: called after each frame.

    Raises:
        PhotoError: the video is gone, or nothing of the segment can be decoded.
        AssetError: the face models are missing or damaged.
        StorageError: no permission or no space.
    """
    timer = StepTimer()
    made = _swapped(video, segment, networks, settings, roles, timer)
    wanted = video.times[(video.times >= segment.start) & (video.times < segment.end)]
    ending = int(wanted[-2:][0])
    frames = swapped = first = 0
    used: set[int] = set()
    with atomic_file(folder / segment.name) as temporary:
        writer = None
        for item in prefetch(made):
            time = item.frame.pts
            assert time is not None
            with timer.step("encode"):
                if writer is None:
                    writer, first = _Writer(temporary, video, settings.codec, item.frame), time
                    writer.add(item)
                else:
                    writer.add(item, in_turn=time >= ending)
            frames += 1
            advance()
            swapped += bool(item.faces)
            used |= item.networks
        if writer is None:
            raise PhotoError(
                f"{video.path} is damaged: nothing can be decoded from second "
                f"{float((segment.start - video.times[0]) * video.time_base):.1f} on."
            )
        with timer.step("encode"):
            writer.close()
    return Done(segment.number, first, frames, swapped, sorted(used), dict(timer.seconds))


def _pictures(
    video: Video, segment: Segment, timer: StepTimer
) -> tuple[Iterator["av.VideoFrame"], Video, Segment]:
    """The decoded frames of a segment, with its video and segment.

    An interlaced video's are its fields.
    """
    pictures, part = video, segment
    if video.fields is not None:
        pictures = of_fields(video)
        part = Segment(segment.number, 2 * segment.start, 2 * segment.end)
    first, after = decoded_for(pictures, part)
    if video.fields is None:
        frames = timer.each("decode", decode(video, first, after))
    else:  # with a frame more on either side, for the lines that are filled in
        place = int(np.searchsorted(video.times, first // 2, "right")) - 2
        end = int(np.searchsorted(video.times, -(-after // 2))) + 1
        until = int(video.times[end]) if end < len(video.times) else video.end
        decoded = decode(video, int(video.times[max(0, place)]), until)
        frames = timer.each("decode", deinterlace(decoded, video, first))
    return prefetch(frames), pictures, part


def _swapped(
    video: Video,
    segment: Segment,
    networks: Sequence[Network],
    settings: SegmentOptions,
    roles: Roles | None,
    timer: StepTimer,
) -> Iterator[Swapped]:
    """A segment's frames, swapped; those of an interlaced video field by field."""
    frames, pictures, part = _pictures(video, segment, timer)
    made = swap_frames(
        frames,
        pictures,
        networks[0],
        format=settings.format,
        look=settings.options.look,
        roles=roles,
        others=networks[1:],
        between=(part.start, part.end),
        timer=timer,
    )
    return made if video.fields is None else interlace(made, video)


class _Writer:
    """An encoder and the file it writes to."""

    def __init__(self, path: Path, video: Video, codec: Codec, like: "av.VideoFrame") -> None:
        import av

        self._output = av.open(str(path), "w", format="nut")
        self._stream = add_encoder(self._output, video, codec, like)
        self._finds_cuts = codec.finds_cuts
        self._frames = 0

    def add(self, item: Swapped, *, in_turn: bool = False) -> None:
        """Encodes a frame.

        Args:
            item: the next.
            in_turn: whether it is to be decoded in the order of showing. The last two of a video
                must be, for MP4 knows no other duration of a frame than the time until the next
                one is decoded.
        """
        from av.video.frame import PictureType

        kind = PictureType.P if in_turn else PictureType.NONE  # the encoder's choice
        if item.after_cut and not self._finds_cuts:
            kind = PictureType.I
        item.frame.pict_type = kind  # not what it was decoded from
        self._output.mux(self._stream.encode(item.frame))
        self._frames += 1

    def close(self) -> None:
        packets = self._stream.encode()
        if self._frames < 3:
            # Two frames are decoded in the order of showing. x265 4.2 returns random
            # decode times for them (https://github.com/Multicorewareinc/x265/issues/781).
            for packet in packets:
                packet.dts = packet.pts
        self._output.mux(packets)
        self._output.close()
