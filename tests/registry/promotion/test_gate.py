"""The gate: measured scores decide, and whoever passes it otherwise leaves a name and a reason."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.registry.conftest import GOOD, Trained, rows_of
from zoo.errors import RegistryError, UnknownIdentityError, UsageError
from zoo.registry.browse import show_model
from zoo.registry.promotion import gate as module
from zoo.registry.promotion.gate import (
    GateSettings,
    Promotion,
    _why,
    objections,
    promote,
    roll_back,
)

Make = Callable[..., Trained]
GATE = GateSettings(
    minimum_nearest_rate=0.8,
    maximum_landmark_difference=5,
    minimum_light_correlation=0,
    tolerance=0.02,
    relative_tolerance=0.05,
)


def champion(uri: str, name: str = "ada") -> int | None:
    version = show_model(uri, name).at("champion")
    return version.version if version else None


def report_of(made: Trained) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((made.report / "report.json").read_text())
    return report


def test_a_good_network_meets_no_objection() -> None:
    assert objections(GATE, GOOD) == []


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("nearest_rate", 0.79),
        ("nearest_rate", math.nan),
        ("landmark_difference", 5.1),
        ("landmark_difference", math.nan),
        ("luminance_correlation", -0.1),
    ],
)
def test_each_figure_can_stop_a_network(figure: str, value: float) -> None:
    (objection,) = objections(GATE, {**GOOD, figure: value})
    assert figure in objection


def test_what_was_not_measured_does_not_pass() -> None:
    assert len(objections(GATE, {})) == 3


SFACE = GATE.model_copy(update={"minimum_top1_rate": 0.85, "minimum_cosine_margin": 0.1})
SEEN = {**GOOD, "cosine": 0.5, "top1_rate": 0.9, "cosine_margin": 0.2}


def test_sfaces_thresholds_are_asked_where_it_judged() -> None:
    assert objections(SFACE, SEEN) == []
    assert objections(SFACE, {**SEEN, "top1_rate": 0.8}) == [
        "top1_rate is 0.8; the minimum is 0.85"
    ]
    assert objections(SFACE, {**SEEN, "cosine_margin": 0.05}) == [
        "cosine_margin is 0.05; the minimum is 0.1"
    ]
    assert len(objections(SFACE, {**GOOD, "cosine": 0.5})) == 2  # judged, and not measured
    assert objections(SFACE, GOOD) == []  # dlib's descriptor judged alone


def test_what_just_reaches_the_thresholds_passes_and_each_miss_is_said_in_order() -> None:
    strict = SFACE.model_copy(update={"minimum_light_correlation": 0.3})
    at = {"nearest_rate": 0.8, "landmark_difference": 5.0, "luminance_correlation": 0.3,
          "cosine": 0.4, "top1_rate": 0.85, "cosine_margin": 0.1}  # fmt: skip
    assert objections(strict, at) == []
    off = {name: value + (1e-3 if name == "landmark_difference" else -1e-3)
           for name, value in at.items()}  # fmt: skip
    assert objections(strict, off) == [
        "nearest_rate is 0.799; the minimum is 0.8",
        "luminance_correlation is 0.299; the minimum is 0.3",
        "top1_rate is 0.849; the minimum is 0.85",
        "cosine_margin is 0.099; the minimum is 0.1",
        "landmark_difference is 5.001; the maximum is 5",
    ]
    assert objections(strict, {})[0] == "nearest_rate is not measured; the minimum is 0.8"
    assert objections(strict, {**at, "nearest_rate": 1 / 3}) == [
        "nearest_rate is 0.3333; the minimum is 0.8"
    ]


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [("minimum_top1_rate", 0, 1), ("minimum_cosine_margin", -2, 2), ("minimum_nearest_rate", 0, 1),
     ("minimum_light_correlation", -1, 1), ("tolerance", 0, math.inf),
     ("relative_tolerance", 0, math.inf), ("maximum_landmark_difference", 1e-9, math.inf)],
)  # fmt: skip
def test_settings_have_limits(field: str, low: float, high: float) -> None:
    values = GATE.model_dump()
    for value in (low, high):
        assert getattr(GateSettings.model_validate({**values, field: value}), field) == value
    for value in (low - 1e-6, *([high + 1e-6] if math.isfinite(high) else [])):
        with pytest.raises(ValueError, match=field):
            GateSettings.model_validate({**values, field: value})
    del values["relative_tolerance"]
    assert GateSettings.model_validate(values).relative_tolerance == 0.05


@pytest.mark.parametrize(
    ("judged", "reason", "words"),
    [
        (Promotion("ada", 3, 2, False, compared=20, judged_by="SFace"), "",
         "passed the gate (likeness measured by SFace), no worse than version 2 on the same 20 "
         "photos"),
        (Promotion("ada", 1, None, False, judged_by="SFace"), "",
         "passed the gate (likeness measured by SFace)"),
        (Promotion("ada", 1, None, False, judged_by="SFace"), "so",
         "passed the gate (likeness measured by SFace) (so)"),
        (Promotion("ada", 3, 2, False, objections=("a is 1", "b is 2"), judged_by="SFace"), "so",
         "forced (so) although a is 1; b is 2"),
    ],
)  # fmt: skip
def test_a_promotion_is_explained_in_words(judged: Promotion, reason: str, words: str) -> None:
    assert _why(judged, reason) == words


@pytest.mark.parametrize(
    "row", [{}, 1, {"photo": "a", "unswapped_distance": 1, "finished": 3}, {"photo": "a"}]
)
def test_report_cards_that_others_wrote_are_not_compared(row: object) -> None:
    card = {"gallery": ["bruno"], "rows": rows_of(GOOD)}
    assert module._compared(card, card, 0.02, 0.05) is not None
    assert module._compared({"rows": [row]}, {"rows": [row]}, 0.02, 0.05) is None


def test_dlibs_rate_is_asked_where_sface_judged_too() -> None:
    assert objections(SFACE, {**SEEN, "nearest_rate": 0.5}) == [
        "nearest_rate is 0.5; the minimum is 0.8"
    ]


def test_a_gate_that_does_not_name_sfaces_thresholds_does_not_ask_for_them() -> None:
    assert (GATE.minimum_top1_rate, GATE.minimum_cosine_margin) == (None, None)
    assert objections(GATE, {**SEEN, "top1_rate": 0.0, "cosine_margin": -1.0}) == []


def test_the_record_says_who_judged_the_likeness(trained: Make, uri: str) -> None:
    trained().publish(uri)
    trained("bruno", cosine=0.5, top1_rate=0.9, cosine_margin=0.2).publish(uri)
    weaker, main = promote("ada", uri, SFACE), promote("bruno", uri, SFACE)
    assert (weaker.judged_by, main.judged_by) == (
        "dlib's descriptor, the weaker recogniser",
        "SFace",
    )
    assert show_model(uri, "ada").history[-1].why == (
        "passed the gate (likeness measured by dlib's descriptor, the weaker recogniser)"
    )
    assert show_model(uri, "bruno").history[-1].why == (
        "passed the gate (likeness measured by SFace)"
    )


def test_the_candidate_becomes_champion_and_it_is_recorded(trained: Make, uri: str) -> None:
    trained().publish(uri)
    done = promote("ada", uri, GATE)
    assert (done.version, done.previous, done.promoted, done.forced) == (1, None, True, False)
    model = show_model(uri, "ada")
    assert model.versions[0].aliases == ("candidate", "champion")
    assert [(move.alias, move.before, move.after) for move in model.history] == [
        ("candidate", None, 1),
        ("champion", None, 1),
    ]
    assert "version 1 became champion: passed the gate" in str(model.history[-1])
    assert promote("ada", uri, GATE).previous == 1
    assert len(show_model(uri, "ada").history) == 2


def test_a_network_that_the_gate_stops_stays_candidate(trained: Make, uri: str) -> None:
    trained(nearest_rate=0.4).publish(uri)
    with pytest.raises(RegistryError, match=r"nearest_rate is 0\.4; the minimum is 0\.8"):
        promote("ada", uri, GATE)
    assert show_model(uri, "ada").versions[0].aliases == ("candidate",)


def test_no_worse_on_the_same_faces_is_good_enough(trained: Make, uri: str) -> None:
    trained().publish(uri)
    promote("ada", uri, GATE)
    trained(factor=0.5, landmark_difference=4.15).publish(uri)
    done = promote("ada", uri, GATE)
    assert (done.version, done.previous, done.compared) == (2, 1, 20)
    assert "no worse than version 1 on the same 20 photos" in show_model(uri, "ada").history[-1].why


def test_worse_than_the_champion_stays_candidate_though_above_every_threshold(
    trained: Make, uri: str
) -> None:
    trained().publish(uri)
    promote("ada", uri, GATE)
    for figure, value, words in (
        ("nearest_rate", 0.9, "nearest_rate is 0.9 and the champion's 0.95 on the same 20"),
        ("landmark_difference", 4.3, "landmark_difference is 4.3 and the champion's 4"),
        ("luminance_correlation", 0.7, "luminance_correlation is 0.7 and the champion's 0.8"),
    ):
        trained(factor=0.5, **{figure: value}).publish(uri)  # measured again
        done = promote("ada", uri, GATE, strict=False)
        assert (done.version, done.promoted) == (2, False)
        assert any(words in objection for objection in done.objections)
        assert champion(uri) == 1


def test_a_champion_measured_on_other_faces_is_measured_again(
    trained: Make, uri: str, tmp_path: Path
) -> None:
    trained().publish(uri)
    promote("ada", uri, GATE)
    new = trained(factor=0.5)
    report = report_of(new)
    for row in report["rows"]:
        row["photo"] = f"new-{row['photo']}"
    (new.report / "report.json").write_text(json.dumps(report))
    new.publish(uri)

    done = promote("ada", uri, GATE, strict=False)
    assert not done.promoted
    assert "measured on other faces" in done.objections[0]

    measured = []

    def better(folder: Path) -> dict[str, Any]:
        measured.append((folder / "network.onnx").read_bytes())
        rows = rows_of({**GOOD, "nearest_rate": 1.0})
        return {**report, "rows": [{**row, "photo": f"new-{row['photo']}"} for row in rows]}

    assert "nearest_rate" in promote("ada", uri, GATE, measure=better, strict=False).objections[0]
    assert measured and champion(uri) == 1
    assert promote("ada", uri, GATE, measure=lambda folder: report, strict=False).promoted


def test_force_needs_a_reason_and_records_who_and_why(trained: Make, uri: str) -> None:
    trained().publish(uri)
    promote("ada", uri, GATE)
    trained(factor=0.5, nearest_rate=0.4).publish(uri)
    with pytest.raises(UsageError, match="--reason"):
        promote("ada", uri, GATE, force=True, reason="  ")
    done = promote("ada", uri, GATE, force=True, reason="the old one\nsmears glasses")
    assert done.forced
    assert (done.version, done.previous) == (2, 1)
    move = show_model(uri, "ada").history[-1]
    assert (move.alias, move.before, move.after) == ("champion", 1, 2)
    assert "forced (the old one smears glasses) although nearest_rate is 0.4" in move.why
    assert "@" in move.who
    assert move.at.endswith("Z")


def test_going_back_twice_goes_back_two_steps(trained: Make, uri: str) -> None:
    for factor in (1.0, 0.5, 0.25):
        trained(factor=factor).publish(uri)
        promote("ada", uri, GATE)
    done = roll_back("ada", uri, "it smears glasses")
    assert (done.version, done.previous, champion(uri)) == (2, 3, 2)
    assert str(show_model(uri, "ada").history[-1]).endswith(
        "champion moved from version 3 to 2: it smears glasses"
    )
    assert roll_back("ada", uri).version == 1
    with pytest.raises(RegistryError, match="no earlier champion than version 1"):
        roll_back("ada", uri)
    promote("ada", uri, GATE)  # the candidate, version 3
    assert roll_back("ada", uri).version == 1


def test_there_is_nothing_to_go_back_to_without_a_champion(trained: Make, uri: str) -> None:
    trained().publish(uri)
    with pytest.raises(RegistryError, match="no champion; `zoo promote ada`"):
        roll_back("ada", uri)


def test_an_older_version_can_be_promoted_by_its_number(trained: Make, uri: str) -> None:
    for factor in (1.0, 0.5):
        trained(factor=factor).publish(uri)
        promote("ada", uri, GATE)
    assert promote("ada", uri, GATE, version=1).previous == 2
    assert show_model(uri, "ada").versions[1].aliases == ("champion",)


def test_an_unknown_identity_or_version_is_named(trained: Make, uri: str) -> None:
    trained().publish(uri)
    with pytest.raises(UnknownIdentityError, match="did you mean ada"):
        promote("adda", uri, GATE)
    with pytest.raises(UnknownIdentityError, match="it has 1"):
        promote("ada", uri, GATE, version=5)
