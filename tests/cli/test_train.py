"""``zoo train`` and ``zoo evaluate``: what they are told, and what they tell."""

import json
from collections.abc import Sequence

import pytest

from tests.cli.conftest import Zoo
from zoo.products.incremental import Outcome
from zoo.settings import Project


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the training stage is called with; it answers with one of each."""
    calls: list[object] = []

    def stage(project: Project, names: Sequence[str], recipe: str | None) -> Outcome:
        calls.extend([list(names), recipe])
        return Outcome(["bruno"], ["ada"], {"carol": "too few photos"})

    monkeypatch.setattr("zoo.training.stage.train_identities", stage)
    return calls


def test_trained_fresh_and_failed_are_told_apart(
    zoo: Zoo, project: Project, asked: list[object]
) -> None:
    ended = zoo("train", "ada", "bruno", "carol", "--recipe", "hd")
    assert asked == [["ada", "bruno", "carol"], "hd"]
    assert (ended.code, ended.out) == (1, "ada: trained\nbruno: fresh\n")
    assert ended.error == "error: carol: too few photos"


def test_without_names_all_are_trained(zoo: Zoo, project: Project, asked: list[object]) -> None:
    assert json.loads(zoo("train", "--json").out) == {
        "trained": ["ada"],
        "fresh": ["bruno"],
        "failed": {"carol": "too few photos"},
    }
    assert asked == [[], None]
    assert zoo("train", "-q").out == "ada\n"


def test_evaluating_an_unknown_identity_is_wrong_usage(zoo: Zoo, project: Project) -> None:
    ended = zoo("evaluate", "ada")
    assert ended.code == 2
    assert "No identity 'ada'" in ended.error


def test_an_evaluation_is_a_table_by_theme_and_json_is_everything(
    zoo: Zoo, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.evaluation.report.test_report_card import report

    measured = report()
    monkeypatch.setattr("zoo.evaluation.run.evaluate_identity", lambda *arguments: measured)
    table = zoo("evaluate", "ada").out
    assert "2 photos of held-out content" in table
    nearest = next(line for line in table.splitlines() if "nearest to the target" in line)
    assert nearest.split() == ["likeness,", "dlib", *"nearest to the target 0.5 0.5 ↑".split()]
    assert "0.8 unswapped, 0.3 a real photo" in table
    assert "gaze" not in table  # not measured
    assert json.loads(zoo("evaluate", "ada", "--json").out) == measured.model_dump(mode="json")
