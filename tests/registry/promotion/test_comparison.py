"""Two report cards count against each other on the same faces and people only."""

import math
from typing import Any

import pytest

from tests.registry.conftest import GOOD, rows_of
from zoo.evaluation.measures import descriptor_distance
from zoo.registry.promotion import comparison
from zoo.registry.promotion.comparison import (
    FIGURES,
    _asked,
    _is_nearest,
    _rows,
    _same_face,
    _shortfall,
    _value,
    compare,
)


def card(gallery: tuple[str, ...] = ("bruno",), **figures: float) -> dict[str, Any]:
    return {"gallery": list(gallery), "rows": rows_of({**GOOD, **figures})}


def worse(candidate: dict[str, Any], champion: dict[str, Any]) -> tuple[str, ...] | None:
    found = compare(candidate, champion, 0.02, 0.05)
    return found.worse if found else None


def test_the_same_measures_are_no_worse() -> None:
    assert worse(card(), card()) == ()


def test_only_photos_of_both_count() -> None:
    candidate, champion = card(nearest_rate=0.5), card()
    champion["rows"] = champion["rows"][:10]  # the candidate is as good on these
    found = compare(candidate, champion, 0.02, 0.05)
    assert found is not None
    assert (found.photos, found.worse) == (10, ())


def test_too_few_photos_of_both_is_no_comparison() -> None:
    candidate, champion = card(), card()
    champion["rows"] = champion["rows"][:9]
    assert worse(candidate, champion) is None
    assert worse(card(), {}) is None


def test_one_name_with_another_face_or_target_is_another_photo() -> None:
    champion = card()
    for row in champion["rows"]:
        row["unswapped_distance"] += 0.01
    assert worse(card(), champion) is None


def test_a_person_whom_only_one_measurement_knew_does_not_count() -> None:
    candidate = card(("bruno", "carl"), nearest_rate=0.8)
    for row in candidate["rows"][16:]:
        row["finished"]["nearest_other"] = "carl"
    assert worse(candidate, card(nearest_rate=1.0)) == (
        "distance is 0.36 and the champion's 0.3 on the same 20 photos",
    )
    assert worse(candidate, card(("bruno", "carl"), nearest_rate=1.0)) == (
        "nearest_rate is 0.8 and the champion's 1 on the same 20 photos",
        "distance is 0.36 and the champion's 0.3 on the same 20 photos",
    )


def test_a_figure_that_is_not_a_number_is_worse() -> None:
    assert worse(card(landmark_difference=float("nan")), card()) != ()


def test_the_person_in_the_photo_has_evaluations_name() -> None:
    assert comparison.IN_THE_PHOTO == descriptor_distance.IN_THE_PHOTO


def judged(cosine: float, **more: Any) -> dict[str, Any]:
    """A card that SFace judged: everyone is as near to the person in the photo, at 0.3."""
    found = card()
    for row in found["rows"]:
        row["finished"] |= {
            "cosine": cosine,
            "cosine_to_photo": 0.3,
            "cosine_to_other": 0.3,
            "nearest_other_by_cosine": comparison.IN_THE_PHOTO,
            **more,
        }
    return found


def test_sfaces_cosine_and_rate_must_not_get_worse() -> None:
    assert worse(judged(0.5), judged(0.51)) == ()
    assert worse(judged(0.5), judged(0.53)) == (
        "cosine is 0.5 and the champion's 0.53 on the same 20 photos",
    )
    assert worse(judged(0.29), judged(0.31)) == (
        "top1_rate is 0 and the champion's 1 on the same 20 photos",
    )


def test_figures_of_sface_that_one_report_lacks_are_left_out() -> None:
    assert worse(judged(0.1), card()) == ()
    assert worse(card(), judged(0.9)) == ()
    assert worse(card(landmark_difference=5), judged(0.9)) != ()


def test_whom_only_one_gallery_of_sface_knew_does_not_count() -> None:
    other = {"nearest_other_by_cosine": "carl", "cosine_to_other": 0.9}
    candidate = judged(0.5)
    for row in candidate["rows"][16:]:
        row["finished"] |= other
    assert worse(candidate, judged(0.5)) == ()
    known = {**other, "nearest_other_by_cosine": "bruno"}
    assert worse(judged(0.5, **known), judged(0.5)) == (
        "top1_rate is 0 and the champion's 1 on the same 20 photos",
    )


def test_too_few_known_answers_of_sface_are_no_comparison() -> None:
    candidate = judged(0.5)
    for row in candidate["rows"][9:]:
        row["finished"] |= {"nearest_other_by_cosine": "carl", "cosine_to_other": 0.9}
    assert worse(candidate, judged(0.5)) is None


@pytest.mark.parametrize(
    ("name", "new", "worse"),
    [("cosine", 0.48, False), ("cosine", 0.4799, True), ("distance", 0.525, False),
     ("distance", 0.5251, True), ("cosine", 0.9, False), ("distance", 0.1, False),
     ("cosine", math.nan, True)],
)  # fmt: skip
def test_how_much_worse_a_figure_may_be(name: str, new: float, worse: bool) -> None:
    [figure] = [one for one in FIGURES if one.name == name]
    said = _shortfall(figure, [(new, 0.5), (new, 0.5)], 0.02, 0.05)
    assert (said is not None) is worse
    if worse and new < 1:
        words = f"{name} is {new:.4g} and the champion's 0.5 on the same 2 photos"
        assert said == words


def test_each_figure_has_its_direction() -> None:
    higher = {one.name for one in FIGURES if one.higher_is_better}
    relative = {one.name for one in FIGURES if one.relative}
    assert higher == {"top1_rate", "cosine", "nearest_rate", "luminance_correlation"}
    assert relative == {"distance", "landmark_difference", "expression_difference"}
    assert len(FIGURES) == 7 and higher | relative == {one.name for one in FIGURES}


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [(0.8, 0.8, True), (0.8, 0.80009, True), (0.8, 0.8002, False), (10, 10.0009, True),
     (10, 10.0011, False), (None, 0.8, False), (0.8, None, False), ("0.8", "0.8", False),
     (1, 1.0, True)],
)  # fmt: skip
def test_one_face_has_one_distance(one: Any, two: Any, same: bool) -> None:
    assert _same_face({"unswapped_distance": one}, {"unswapped_distance": two}) is same


def row(**finished: Any) -> dict[str, Any]:
    return {"photo": "a", "unswapped_distance": 1.0, "finished": finished}


def test_what_a_photo_says_of_each_figure() -> None:
    names = {"nearest_other": "carl", "nearest_other_by_cosine": "carl"}
    others = {**names, "distance_to_other": 0.5, "cosine_to_other": 0.4}
    near = row(distance=0.3, cosine=0.5, **others)
    far = row(distance=0.5, cosine=0.4, expression_difference=3, **others)
    for figure in ("nearest_rate", "top1_rate"):
        assert _value(figure, near, {"bruno"}) == 1
        assert _value(figure, far, {"bruno"}) is None
        assert _value(figure, far, {"carl"}) == 0
    assert _value("expression_difference", far, ()) == 3.0
    assert _value("expression_difference", near, ()) is None
    assert _value("top1_rate", row(cosine=0.4), {"carl"}) is None
    assert _value("top1_rate", row(cosine_to_other=0.4), {"carl"}) is None
    assert _value("cosine", row(cosine="0.4"), ()) is None
    assert _is_nearest(False, comparison.IN_THE_PHOTO, ()) == 0
    ours = {"a": near, "b": far, "c": row()}
    assert _asked("nearest_rate", ours, []) == 3 and _asked("distance", ours, []) == 0
    assert _asked("top1_rate", ours, [(near, far), (near, row()), (row(), near)]) == 1
    assert _rows({"rows": [near]}) == {"a": near} and _rows({"rows": "x"}) == _rows({}) == {}


def test_half_of_the_candidates_photos_are_enough() -> None:
    card: dict[str, Any] = {"gallery": ["bruno"], "rows": rows_of(GOOD)}
    for count, photos in ((10, 10), (9, None)):
        found = compare(card, {**card, "rows": card["rows"][:count]}, 0.02, 0.05)
        assert (found.photos if found else None) == photos
    for known, compared in ((10, True), (9, False)):
        rows = rows_of({**GOOD, "nearest_rate": known / 20})
        for one in rows[known:]:
            one["finished"]["nearest_other"] = "carl"
        assert (compare({**card, "rows": rows}, card, 1, 1) is not None) is compared
