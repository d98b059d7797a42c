"""The recogniser that measured a network's likeness, read from its scores."""

from collections.abc import Mapping


def by_sface(scores: Mapping[str, float]) -> bool:
    """Whether SFace measured the likeness; dlib's descriptor always does."""
    return "cosine" in scores


def judge_of(scores: Mapping[str, float]) -> str:
    """The recogniser of :func:`recognised_rate`, as a word for a table; empty if unmeasured."""
    if by_sface(scores):
        return "SFace"
    return "dlib" if "nearest_rate" in scores else ""


def recognised_rate(scores: Mapping[str, float]) -> float | None:
    """Share of swaps taken for the target: by SFace, or by dlib's descriptor without it."""
    return scores.get("top1_rate", scores.get("nearest_rate"))
