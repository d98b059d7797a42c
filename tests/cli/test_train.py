"""``zoo train`` and ``zoo evaluate``: what they are told, and what they tell."""

import json
from collections.abc import Sequence

import pytest

from tests.cli.conftest import Zoo
from zoo.incremental import Outcome
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
