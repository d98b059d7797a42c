"""The gate: measured scores decide, and whoever passes it otherwise leaves a name and a reason."""

import math
from collections.abc import Callable

import pytest

from tests.registry.conftest import Trained
from zoo.errors import RegistryError, UnknownIdentityError, UsageError
from zoo.registry.browse import show_model
from zoo.registry.promotion import GateSettings, objections, promote

Make = Callable[..., Trained]
GATE = GateSettings(
    minimum_nearest_rate=0.9,
    maximum_landmark_difference=5,
    minimum_light_correlation=0,
    tolerance=0.02,
)
GOOD = {"nearest_rate": 0.95, "landmark_difference": 4.0, "luminance_correlation": 0.8}


def test_a_good_network_meets_no_objection() -> None:
    assert objections(GATE, GOOD, None) == []


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("nearest_rate", 0.89),
        ("nearest_rate", math.nan),
        ("landmark_difference", 5.1),
        ("landmark_difference", math.nan),
        ("luminance_correlation", -0.1),
    ],
)
def test_each_figure_can_stop_a_network(figure: str, value: float) -> None:
    (objection,) = objections(GATE, {**GOOD, figure: value}, None)
    assert figure in objection


def test_what_was_not_measured_does_not_pass() -> None:
    assert len(objections(GATE, {}, None)) == 3


def test_a_network_may_be_worse_than_the_champion_by_the_tolerance_only() -> None:
    assert objections(GATE, GOOD, {"nearest_rate": 0.97}) == []
    (objection,) = objections(GATE, GOOD, {"nearest_rate": 0.98})
    assert "champion" in objection


def test_the_candidate_becomes_champion_and_it_is_recorded(trained: Make, uri: str) -> None:
    trained().publish(uri)
    done = promote("ada", uri, GATE)
    assert (done.version, done.previous, done.forced) == (1, None, False)
    (version,) = show_model(uri, "ada").versions
    assert version.aliases == ("candidate", "champion")
    assert "became champion: passed the gate" in version.history[-1]
    assert promote("ada", uri, GATE).previous == 1
    assert len(show_model(uri, "ada").versions[0].history) == 2


def test_a_network_that_the_gate_stops_stays_candidate(trained: Make, uri: str) -> None:
    trained(nearest_rate=0.4).publish(uri)
    with pytest.raises(RegistryError, match=r"nearest_rate is 0\.4, at least 0\.9 is asked"):
        promote("ada", uri, GATE)
    assert show_model(uri, "ada").versions[0].aliases == ("candidate",)


def test_force_needs_a_reason_and_records_who_and_why(trained: Make, uri: str) -> None:
    trained().publish(uri)
    promote("ada", uri, GATE)
    trained(factor=0.5, nearest_rate=0.4).publish(uri)
    with pytest.raises(UsageError, match="--reason"):
        promote("ada", uri, GATE, force=True, reason="  ")
    done = promote("ada", uri, GATE, force=True, reason="the old one\nsmears glasses")
    assert done.forced
    assert (done.version, done.previous) == (2, 1)
    new, old = show_model(uri, "ada").versions
    assert "forced (the old one smears glasses)" in new.history[-1]
    assert "@" in new.history[-1]
    assert "champion moved to version 2" in old.history[-1]


def test_going_back_is_a_promotion_of_an_older_version(trained: Make, uri: str) -> None:
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
