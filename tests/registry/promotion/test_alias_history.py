"""Moves of aliases: recorded first, in words, and what an alias would fall back on."""

import json
import re
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from tests.registry.conftest import register
from zoo.registry.promotion import alias_history
from zoo.registry.promotion.alias_history import Move, holders, move_alias, moves_in, who
from zoo.registry.versions import aliases_of
from zoo.tracking import connect


def test_a_move_is_recorded_and_moves_the_models_time_stamp(
    sqlite_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(sqlite_uri)
    register(client, "ada", 2)
    client.set_registered_model_alias("ada", "champion", "1")
    client.update_registered_model("ada", description="a card")
    before = client.get_registered_model("ada").last_updated_timestamp
    assert move_alias(client, "ada", "champion", 2, "better") == 1
    model = client.get_registered_model("ada")
    assert model.last_updated_timestamp > before and model.description == "a card"
    assert move_alias(client, "ada", "candidate", 2, "published") is None
    assert move_alias(client, "ada", "champion", 2, "again") == 2  # no move
    assert aliases_of(client, "ada") == {"champion": 2, "candidate": 2}
    for key in ("history.0041", "history.x", "other.0099"):
        client.set_registered_model_tag("ada", key, "{")
    assert move_alias(client, "ada", "champion", None, "y" * 4000, back=True) == 2
    assert aliases_of(client, "ada") == {"candidate": 2}
    tags = client.get_registered_model("ada").tags
    assert {key for key in tags if key.startswith("history.")} == {
        "history.0001", "history.0002", "history.0041", "history.0042", "history.x",
    }  # fmt: skip
    first, second, third = moves_in(tags)
    assert (first.alias, first.before, first.after) == ("champion", 1, 2)
    assert (first.why, first.back, first.who) == ("better", False, who())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", first.at)
    assert (second.alias, second.before, second.after) == ("candidate", None, 2)
    assert (third.before, third.after, third.back, third.why) == (2, None, True, "y" * 3000)
    # A crash between the record and the move leaves the record.
    monkeypatch.setattr(client, "set_registered_model_alias", lambda *_: pytest.fail("crash"))
    with pytest.raises(pytest.fail.Exception):
        move_alias(client, "ada", "champion", 1, "lost")
    assert moves_in(client.get_registered_model("ada").tags)[-1].why == "lost"
    assert aliases_of(client, "ada") == {"candidate": 2}
    with pytest.raises(MlflowException):
        move_alias(client, "nobody", "champion", 1, "lost")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(1, 2, "champion moved from version 1 to 2"), (None, 2, "version 2 became champion"),
     (1, None, "version 1 is no longer champion")],
)  # fmt: skip
def test_a_move_in_words(before: int | None, after: int | None, words: str) -> None:
    move = Move("2026-01-01 10:00:00Z", "me@here", "champion", before, after, "so")
    assert str(move) == f"2026-01-01 10:00:00Z me@here: {words}: so"


GOOD = {"at": "t", "who": "w", "alias": "a", "before": None, "after": 1, "why": "y"}


@pytest.mark.parametrize(
    ("change", "ours"),
    [({}, True), ({"before": 3}, True), ({"after": None}, True), ({"back": True}, True),
     ({"at": 1}, False), ({"who": None}, False), ({"alias": []}, False), ({"why": 2}, False),
     ({"before": "1"}, False), ({"after": 1.5}, False), ({"after": True}, False),
     ({"back": 1}, False), ({"more": 1}, False)],
)  # fmt: skip
def test_only_moves_of_our_kind_are_told(change: dict[str, Any], ours: bool) -> None:
    said = json.dumps({**GOOD, **change})
    tags = {"history.0001": "{", "history.0002": said, "story.0001": json.dumps(GOOD)}
    assert moves_in(tags) == ([Move(**{**GOOD, **change})] if ours else [])


def moved(*steps: int | None) -> list[Move]:
    """To each version in turn; a negative one goes back to it."""
    return [
        Move("", "", "champion", None, step and abs(step), "", step is not None and step < 0)
        for step in steps
    ]


@pytest.mark.parametrize(
    ("steps", "stack"),
    [((1, 2, 3), [1, 2, 3]), ((1, 2, 3, -2), [1, 2]), ((1, 2, 3, -2, -1), [1]),
     ((1, 2, 1), [1, 2, 1]), ((1, 1), [1]), ((1, None, 2), [1, 2]), ((1, 2, None), [1, 2]),
     ((1, 2, -9), [9]), ((-1,), [1]), ((), [])],
)  # fmt: skip
def test_what_an_alias_would_fall_back_on(steps: tuple[int | None, ...], stack: list[int]) -> None:
    others = [Move("", "", "candidate", None, 7, "")]
    assert holders([*others, *moved(*steps), *others], "champion") == stack


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise KeyError

    monkeypatch.setattr(alias_history.getpass, "getuser", none)  # type: ignore[attr-defined]
    monkeypatch.setattr(alias_history.socket, "gethostname", lambda: "box")  # type: ignore[attr-defined]
    assert who() == "unknown@box"
