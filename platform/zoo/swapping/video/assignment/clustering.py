"""The people of a video: its tracks clustered by face descriptors.

A tracker knows where a face was, not whose it is: where two people cross, it may go on with the
other one. So each face that is followed (:mod:`.track_linking`) is described now and then. What
looks alike is one person, unless it was in two places at once; and each face's descriptions in
order give who it shows and when that changes (Viterbi 1967: a change has a price, so that one bad
look at somebody changes nothing).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zoo.faces.recognition.descriptors import Descriptors, pairwise_distances
from zoo.swapping.video.assignment.roles import NOBODY
from zoo.swapping.video.assignment.track_linking import LinkedTrack

ALIKE = 0.5
"""Distance of two means of descriptors below which they are one person's."""

_JUMP = 0.5  # distance of consecutive descriptions of one track that may be two people's
_UNKNOWN = 0.62  # what it costs to take a description for nobody's
_MOST = 0.66  # what a description costs at most: one that is like nobody tells nothing
_CHANGE = 0.5  # what it costs that a track shows someone else from here on
_ROUNDS = 8  # for each chain
_TWICE = 3.0  # added where a person is in two places at once


@dataclass
class Person:
    """Somebody, as seen in a video.

    Attributes:
        mean: of the descriptors [128].
        weight: how many there are.
        when: the chain and the first and last frame of what was taken together.
    """

    mean: NDArray[np.float32]
    weight: int
    when: list[tuple[int, int, int]] = field(default_factory=list)


Labels = list[tuple[int, int]]
"""From which frame on a chain shows which person, in order."""


def people(chains: Sequence[LinkedTrack]) -> list[Person]:
    """The people that ``chains`` show, those who are seen most first."""
    groups = [one for number, chain in enumerate(chains) for one in _groups(number, chain)]
    found: list[Person] = []
    for group in sorted(groups, key=lambda one: (-one.weight, one.when)):
        near = [
            (float(np.linalg.norm(one.mean - group.mean)), place)
            for place, one in enumerate(found)
            if not _at_once(chains, one, group)
        ]
        distance, place = min(near, default=(np.inf, 0))
        if distance < ALIKE:
            found[place] = _together(found[place], group)
        else:
            found.append(group)
    return sorted(_merged(chains, found), key=lambda one: -one.weight)


def labelled(chains: Sequence[LinkedTrack], persons: Sequence[Descriptors]) -> list[Labels]:
    """The person that each chain shows, by frame; nobody is in two places at once.

    Args:
        chains: what was followed.
        persons: each person's prototypes [N, 128].
    """
    costs = [_costs(chain, persons) for chain in chains]
    best = [_path(cost) for cost in costs]
    for _ in range(_ROUNDS * len(chains)):
        clash = _clash(chains, best, costs)
        if clash is None:
            break
        number, places, person = clash
        costs[number][places, person] += _TWICE
        best[number] = _path(costs[number])
    return [_changes(chain, path, len(persons)) for chain, path in zip(chains, best, strict=True)]


def _groups(number: int, chain: LinkedTrack) -> list[Person]:
    """A chain's descriptions, taken together as long as they do not jump."""
    if not len(chain.described):
        return []
    steps = np.linalg.norm(np.diff(chain.descriptors, axis=0), axis=1)
    cuts = [0, *(np.flatnonzero(steps > _JUMP) + 1).tolist(), len(chain.described)]
    return [
        Person(
            chain.descriptors[begin:end].mean(axis=0),
            end - begin,
            [(number, int(chain.described[begin]), int(chain.described[end - 1]))],
        )
        for begin, end in pairwise(cuts)
    ]


def _at_once(chains: Sequence[LinkedTrack], a: Person, b: Person) -> bool:
    """Whether they are seen at the same time, in two places."""
    return any(
        number != other
        and _elsewhere(chains[number], chains[other], max(first, begin), min(last, until))
        for number, first, last in a.when
        for other, begin, until in b.when
    )


def _elsewhere(one: LinkedTrack, other: LinkedTrack, first: int, last: int) -> bool:
    """Whether two chains are mostly in two places in these frames.

    Where two people cross, two tracks may be on one face for a while.
    """
    apart_there = [
        float(np.linalg.norm(one.places[frame][:2] - other.places[frame][:2]))
        > max(float(one.places[frame][2]), float(other.places[frame][2]))
        for frame in range(first, last + 1)
        if frame in one.places and frame in other.places
    ]
    return 2 * sum(apart_there) > len(apart_there)


def _together(a: Person, b: Person) -> Person:
    weight = a.weight + b.weight
    mean = (a.weight * a.mean + b.weight * b.mean) / weight
    return Person(np.asarray(mean, np.float32), weight, a.when + b.when)


def _merged(chains: Sequence[LinkedTrack], found: list[Person]) -> list[Person]:
    """Without those who turned out to be alike."""
    found = list(found)
    while len(found) > 1:
        means = np.array([one.mean for one in found])
        distances = pairwise_distances(means, means)
        distances[np.tril_indices(len(found))] = np.inf
        for flat in np.argsort(distances, axis=None):
            a, b = divmod(int(flat), len(found))
            if distances[a, b] >= ALIKE:
                return found
            if not _at_once(chains, found[a], found[b]):
                found[a] = _together(found[a], found.pop(b))
                break
        else:
            return found
    return found


def _costs(chain: LinkedTrack, persons: Sequence[Descriptors]) -> NDArray[np.float32]:
    """What it costs [D, P + 1] to take each description for each person's; the last is nobody."""
    costs = np.full((len(chain.described), len(persons) + 1), _UNKNOWN, np.float32)
    for person, prototypes in enumerate(persons):
        costs[:, person] = (
            pairwise_distances(chain.descriptors, prototypes).min(axis=1).clip(max=_MOST)
        )
    return costs


def _path(costs: NDArray[np.float32]) -> NDArray[np.int64]:
    """The cheapest person for each description [D], with what changes cost."""
    count, states = costs.shape
    if not count:
        return np.empty(0, np.int64)
    total = costs[0].copy()
    came = np.zeros((count, states), np.int64)
    for place in range(1, count):
        cheapest = int(total.argmin())
        stay = total <= total[cheapest] + _CHANGE
        came[place] = np.where(stay, np.arange(states), cheapest)
        total = np.where(stay, total, total[cheapest] + _CHANGE) + costs[place]
    path = [int(total.argmin())]
    for place in range(count - 1, 0, -1):
        path.append(int(came[place, path[-1]]))
    return np.array(path[::-1], np.int64)


def _clash(
    chains: Sequence[LinkedTrack],
    paths: Sequence[NDArray[np.int64]],
    costs: list[NDArray[np.float32]],
) -> tuple[int, NDArray[np.int64], int] | None:
    """A chain, those of its descriptions whose person is better seen elsewhere, and whom."""
    claims: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
    for number, path in enumerate(paths):
        for begin, end in _stretches(path):
            person = int(path[begin])
            if person == costs[number].shape[1] - 1:
                continue
            mine = np.arange(begin, end)
            for other, theirs in claims.setdefault(person, []):
                if other == number:
                    continue
                here = _while(chains[number], mine, chains[other], theirs)
                there = _while(chains[other], theirs, chains[number], mine)
                if not len(here) or not len(there):
                    continue
                first = max(chains[number].described[here[0]], chains[other].described[there[0]])
                last = min(chains[number].described[here[-1]], chains[other].described[there[-1]])
                if not _elsewhere(chains[number], chains[other], int(first), int(last)):
                    continue
                worse = costs[number][here, person].mean() >= costs[other][there, person].mean()
                return (number, here, person) if worse else (other, there, person)
            claims[person].append((number, mine))
    return None


def _while(
    chain: LinkedTrack, mine: NDArray[np.int64], other: LinkedTrack, theirs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Those of ``mine`` that lie in the time of ``theirs``."""
    when, times = chain.described[mine], other.described[theirs]
    inside = (when >= times[0]) & (when <= times[-1])
    return np.asarray(mine[inside], np.int64)


def _stretches(path: NDArray[np.int64]) -> list[tuple[int, int]]:
    cuts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    return [pair for pair in pairwise(cuts) if pair[0] < pair[1]]


def _changes(chain: LinkedTrack, path: NDArray[np.int64], nobody: int) -> Labels:
    """The path in frames; a change lies where the face jumped most between two descriptions."""
    labels: Labels = []
    for begin, _ in _stretches(path):
        person = int(path[begin])
        at = int(chain.frames[0])
        if begin:
            at = _jump(chain, int(chain.described[begin - 1]), int(chain.described[begin]))
        labels.append((at, NOBODY if person == nobody else person))
    return labels or [(int(chain.frames[0]), NOBODY)]


def _jump(chain: LinkedTrack, before: int, after: int) -> int:
    """The frame, after ``before`` and up to ``after``, into which the face jumped farthest."""
    frames = [frame for frame in chain.frames.tolist() if before <= frame <= after]

    def far(pair: tuple[int, int]) -> float:
        here, there = (chain.places[frame] for frame in pair)
        return float(np.linalg.norm(here - there) / max(float(here[2]), 1.0))

    pairs = list(pairwise(frames))
    return max(pairs, key=far)[1] if pairs else after
