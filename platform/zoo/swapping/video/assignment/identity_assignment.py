"""Identity assignment in a video: selected people and their networks.

``largest`` and numbers count the people of the video by how much of the picture they take, all
frames together; ``left`` and ``right`` are as in the first frame that shows as many people as any;
a reference photo selects the person who looks like it. A person keeps the role throughout the
video.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import NobodyError, UsageError
from zoo.faces.recognition.descriptors import Descriptors, match_people
from zoo.swapping.face_selection import placed
from zoo.swapping.options import FaceSelection, Portrait, SwapOptions, described
from zoo.swapping.video.assignment.clustering import Labels, Person, labelled, people
from zoo.swapping.video.assignment.roles import NOBODY, Roles
from zoo.swapping.video.assignment.track_linking import LinkedTrack, link_tracks
from zoo.swapping.video.assignment.tracks import Analysis


@dataclass(frozen=True)
class Assignment:
    """The roles of a whole video.

    Attributes:
        segments: the roles in each, by its number.
        missing: who was chosen and is not in it, in words for people.
    """

    segments: Mapping[int, Roles]
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "missing": list(self.missing),
            "segments": [
                [number, roles.rest, list(roles.networks.items()),
                 [[track, list(changes)] for track, changes in roles.people.items()]]
                for number, roles in self.segments.items()
            ],
        }  # fmt: skip

    @staticmethod
    def from_json(data: Any) -> "Assignment":
        """What :meth:`as_json` gave.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        segments = {
            int(number): Roles(
                {int(track): [(int(frame), int(who)) for frame, who in changes]
                 for track, changes in people},
                {int(who): int(network) for who, network in networks},
                None if rest is None else int(rest),
            )
            for number, rest, networks, people in data["segments"]
        }  # fmt: skip
        return Assignment(segments, tuple(str(one) for one in data["missing"]))


@dataclass(frozen=True)
class KnownPeople:
    """The people of a video, in the order of their numbers.

    Attributes:
        chains: its faces.
        labels: whom each shows.
        persons: the numbers in ``labels`` of those who are seen more than once, the largest first.
        likeness: for each portrait, the number in ``labels`` of who looks like it.
    """

    chains: Sequence[LinkedTrack]
    labels: Sequence[Labels]
    persons: list[int]
    likeness: Mapping[Portrait, int]

    def at(self, number: int, frame: int) -> int:
        """The person that a chain shows in a frame, or :data:`.roles.NOBODY`."""
        spans = _spans(self.chains[number], self.labels[number])
        return next((who for begin, end, who in spans if begin <= frame < end), NOBODY)


def recognise(found: Sequence[LinkedTrack], portraits: Sequence[Portrait]) -> KnownPeople:
    """Identifies the people of a video, with reference photos of some of them."""
    seen = people(found)
    likeness = _likeness(seen, portraits)
    prototypes: list[Descriptors] = [one.mean[None] for one in seen]
    for one, person in likeness.items():
        shown = np.array([one.descriptor], np.float32)
        prototypes[person] = np.concatenate([prototypes[person], shown])
    labels = labelled(found, prototypes)
    sizes: defaultdict[int, float] = defaultdict(float)
    for chain, label in zip(found, labels, strict=True):
        for begin, end, who in _spans(chain, label):
            inside = (frame for frame in chain.frames.tolist() if begin <= frame < end)
            sizes[who] += sum(float(chain.places[frame][2]) for frame in inside)
    sizes.pop(NOBODY, None)
    often = [who for who in sizes if seen[who].weight > 1] or list(sizes)
    return KnownPeople(found, labels, sorted(often, key=lambda who: -sizes[who]), likeness)


def assign_identities(
    looked: Sequence[Analysis], options: SwapOptions, video: str = "The video"
) -> Assignment:
    """The roles in all segments of a video, which errors call ``video``.

    Raises:
        UsageError: a number is chosen that nobody has, or two choices mean one person.
        NobodyError: nobody who is chosen is there.
    """
    portraits = [one.who for one in options.persons if isinstance(one.who, Portrait)]
    known = recognise(link_tracks(looked), portraits)
    networks, missing = selected_people(known, options, video)
    tracks: dict[int, dict[int, Labels]] = {one.number: {} for one in looked}
    for chain, labels in zip(known.chains, known.labels, strict=True):
        for segment, track in chain.keys:
            tracks[segment][track] = labels
    segments = {
        number: Roles(people, networks, options.for_all) for number, people in tracks.items()
    }
    return Assignment(segments, tuple(described(one.who) for one in missing))


def selected_people(
    known: KnownPeople, options: SwapOptions, video: str
) -> tuple[dict[int, int], list[FaceSelection]]:
    """Each selected person's network, and the selections without a person.

    Raises:
        UsageError, NobodyError: see :func:`assign_identities`.
    """
    networks: dict[int, int] = {}
    by: dict[int, FaceSelection] = {}
    missing: list[FaceSelection] = []
    for choice in options.persons:
        person = _person(known, choice, video)
        if person is None:
            missing.append(choice)
            continue
        if choice.yields and person in networks:
            continue
        if networks.get(person, choice.network) != choice.network:
            raise UsageError(
                f"{video} shows one person who is {described(by[person].who)} and "
                f"{described(choice.who)}; choose another for one of them."
            )
        networks[person], by[person] = choice.network, choice
    if missing and not networks and options.for_all is None:
        who = " or ".join(described(one.who) for one in missing)
        raise NobodyError(
            f"{video} shows nobody who looks like {who}; another photo of them from the front "
            "may help, or a number (0 is the person who takes most of the picture)."
        )
    return networks, missing


def _person(known: KnownPeople, choice: FaceSelection, video: str) -> int | None:
    who = choice.who
    if isinstance(who, Portrait):
        return known.likeness.get(who)
    if not known.persons:
        return None
    if isinstance(who, int):
        if not 0 <= who < len(known.persons):
            raise UsageError(
                f"{video} shows {len(known.persons)} people who can be told apart, counted "
                f"from 0, and face {who} was chosen; --preview numbers them."
            )
        return known.persons[who]
    if who == "largest":
        return known.persons[0]
    everybody = _fullest(known)
    return list(everybody)[placed(who, list(everybody.values()))]


def _fullest(known: KnownPeople) -> dict[int, float]:
    """Who is in the first frame that shows as many people as any, and where, in x."""
    frames: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for chain, labels in zip(known.chains, known.labels, strict=True):
        for begin, end, who in _spans(chain, labels):
            if who in known.persons:
                for frame in chain.frames.tolist():
                    if begin <= frame < end:
                        frames[frame][who] = float(chain.places[frame][0])
    return max(sorted(frames.items()), key=lambda one: len(one[1]))[1]


def _spans(chain: LinkedTrack, labels: Labels) -> list[tuple[int, int, int]]:
    """Begin, end and person of each stretch of a chain."""
    begins = [begin for begin, _ in labels]
    ends = [*begins[1:], int(chain.frames[-1]) + 1]
    return [(begin, end, who) for (begin, who), end in zip(labels, ends, strict=True)]


def _likeness(seen: Sequence[Person], portraits: Sequence[Portrait]) -> dict[Portrait, int]:
    """Who of the ``seen`` each portrait shows."""
    means = np.array([one.mean for one in seen], np.float32).reshape(-1, 128)
    wanted = np.array([one.descriptor for one in portraits], np.float32).reshape(-1, 128)
    found = match_people(means, wanted)
    return {who: one for who, one in zip(portraits, found, strict=True) if one is not None}
