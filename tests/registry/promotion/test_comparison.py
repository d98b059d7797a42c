"""Two report cards count against each other on the same faces and people only."""

from typing import Any

from tests.registry.conftest import GOOD, rows_of
from zoo.evaluation.measures import descriptor_distance
from zoo.registry.promotion import comparison
from zoo.registry.promotion.comparison import compare


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
