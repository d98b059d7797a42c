"""Compares a candidate's report card with the champion's, photo by photo, on the same faces.

Means over different photos, or against different people, do not compare two networks. So a photo
counts if both measured it, against the same photos of the identity; and whether a swap was nearest
to the identity counts for the people that both galleries contain.
"""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]

LEAST_SHARE = 0.5
"""Of the candidate's photos that the champion must have been measured on too."""
IN_THE_PHOTO = "the person in the photo"
"""Evaluation's name for whoever the input shows; every measurement asks about that one."""
_SAME = 1e-4  # of an unswapped face's distance to the identity, for it to be the same question


@dataclass(frozen=True)
class Figure:
    """One that must not get worse. ``relative``: the tolerance is a share of the champion's."""

    name: str
    higher_is_better: bool
    relative: bool


FIGURES = (
    Figure("top1_rate", True, False),
    Figure("cosine", True, False),
    Figure("nearest_rate", True, False),
    Figure("distance", False, True),
    Figure("landmark_difference", False, True),
    Figure("expression_difference", False, True),
    Figure("luminance_correlation", True, False),
)


@dataclass(frozen=True)
class Comparison:
    """Of two networks.

    Attributes:
        photos: how many both were measured on.
        worse: the figures in which the candidate falls short, in words; empty when in none.
    """

    photos: int
    worse: tuple[str, ...]


def compare(
    candidate: Report, champion: Report, tolerance: float, relative_tolerance: float
) -> Comparison | None:
    """Compares a candidate with the champion; None if they cannot be compared.

    Args:
        candidate: its report card, as ``report.json`` holds it.
        champion: the champion's.
        tolerance: how much lower a rate or correlation may be.
        relative_tolerance: how much higher a distance or difference may be, as a share.
    """
    ours, theirs = _rows(candidate), _rows(champion)
    common = [
        (row, theirs[photo])
        for photo, row in ours.items()
        if photo in theirs and _same_face(row, theirs[photo])
    ]
    if not common or len(common) < LEAST_SHARE * len(ours):
        return None
    people = set(candidate.get("gallery", ())) & set(champion.get("gallery", ()))
    worse = []
    for figure in FIGURES:
        pairs = [
            (new, old)
            for row, other in common
            if (new := _value(figure.name, row, people)) is not None
            and (old := _value(figure.name, other, people)) is not None
        ]
        if len(pairs) < LEAST_SHARE * _asked(figure.name, ours, common):
            return None
        if pairs and (words := _shortfall(figure, pairs, tolerance, relative_tolerance)):
            worse.append(words)
    return Comparison(len(common), tuple(worse))


def _rows(report: Report) -> dict[str, Mapping[str, Any]]:
    rows = report.get("rows")
    return {str(row["photo"]): row for row in rows} if isinstance(rows, list) else {}


def _same_face(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the photo, unswapped, is as far from the identity in both: photo and target agree."""
    one, two = row.get("unswapped_distance"), other.get("unswapped_distance")
    if not isinstance(one, float | int) or not isinstance(two, float | int):
        return False
    return math.isclose(one, two, rel_tol=_SAME, abs_tol=_SAME)


def _asked(
    figure: str,
    ours: Mapping[str, Mapping[str, Any]],
    common: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> int:
    """Of how many photos it must be known whom the swap looked most like; 0 for other figures.

    Of SFace's answer, those that it judged for both: a report without it has no such figure.
    """
    if figure == "nearest_rate":
        return len(ours)
    if figure == "top1_rate":
        return sum(_by_sface(row) and _by_sface(other) for row, other in common)
    return 0


def _by_sface(row: Mapping[str, Any]) -> bool:
    finished = row.get("finished", {})
    return finished.get("cosine") is not None and finished.get("cosine_to_other") is not None


def _value(figure: str, row: Mapping[str, Any], people: Container[str]) -> float | None:
    finished = row.get("finished", {})
    if figure == "nearest_rate":
        nearer = finished["distance"] < finished["distance_to_other"]
        return _is_nearest(nearer, str(finished.get("nearest_other")), people)
    if figure == "top1_rate":
        if not _by_sface(row):
            return None
        nearer = finished["cosine"] > finished["cosine_to_other"]
        return _is_nearest(nearer, str(finished.get("nearest_other_by_cosine")), people)
    value = finished.get(figure)
    return float(value) if isinstance(value, float | int) else None


def _is_nearest(nearer: bool, other: str, people: Container[str]) -> float | None:
    """Whether the identity is nearer than each of ``people``; None when that is not known.

    Nearer than everyone who was asked is nearer than each of them. When somebody else was
    nearer, only that one's name is known, and must be among ``people``, or the person in the
    photo, whom every measurement asks about.

    Args:
        nearer: whether the identity is nearer than everyone who was asked.
        other: who is the nearest of the others.
        people: about whom the question is.
    """
    if nearer:
        return 1.0
    return 0.0 if other == IN_THE_PHOTO or other in people else None


def _shortfall(
    figure: Figure, pairs: list[tuple[float, float]], tolerance: float, relative_tolerance: float
) -> str | None:
    new, old = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
    allowed = relative_tolerance * abs(old) if figure.relative else tolerance
    worse_by = old - new if figure.higher_is_better else new - old
    if worse_by <= allowed + 1e-12:  # NaN is worse than anything
        return None
    return (
        f"{figure.name} is {new:.4g} and the champion's {old:.4g} on the same {len(pairs)} photos"
    )
