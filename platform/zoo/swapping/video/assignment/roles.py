"""Roles in a video: which network each face gets, frame by frame.

Decided once for a whole video (:mod:`.identity_assignment`), and told to whoever makes a segment of
it.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NOBODY = -1
"""Who is none of the people that are told apart."""


@dataclass(frozen=True)
class Role:
    """What becomes of a face.

    Attributes:
        who: the same for the same person in a video; below 0 for someone who is only followed.
        network: the number of the network that swaps the face.
    """

    who: int
    network: int


@dataclass(frozen=True)
class Roles:
    """The roles in one segment.

    Attributes:
        people: for each track, from which frame on it shows whom, in order.
        networks: of each person who is chosen.
        rest: the network of everybody else; None where they keep their faces.
    """

    people: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    networks: Mapping[int, int] = field(default_factory=dict)
    rest: int | None = 0

    def role(self, track: int, frame: int) -> Role | None:
        """Of the face that ``track`` follows in the frame of this number; None to leave it."""
        changes = self.people.get(track, ())
        place = bisect_right(changes, frame, key=lambda change: change[0]) - 1
        person = changes[max(place, 0)][1] if changes else NOBODY
        if person in self.networks:
            return Role(person, self.networks[person])
        return None if self.rest is None else Role(-2 - track, self.rest)
