"""The remembered list tells what the registry does, whoever changed it."""

import json
from collections.abc import Callable

import pytest

from tests.registry.conftest import Trained
from tests.registry.promotion.test_gate import GATE
from zoo.registry import listing
from zoo.registry.browse import remove_model, show_model
from zoo.registry.listing import list_models
from zoo.registry.maintenance.garbage_collection import find_garbage
from zoo.registry.promotion.gate import promote
from zoo.serving.library import Library
from zoo.settings import cache_folder
from zoo.tracking import connect

Make = Callable[..., Trained]


def test_every_change_is_seen(trained: Make, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_OVERLAP", 0)

    def lines() -> list[tuple[str, int, int, tuple[str, ...]]]:
        found = [(line.name, line.version, line.newest, line.aliases) for line in list_models(uri)]
        anew = list_models(uri, refresh=True)
        assert [line.name for line in anew] == [name for name, *_ in found]
        return found

    assert lines() == []
    trained().publish(uri)
    trained("bruno").publish(uri)
    assert lines() == [("ada", 1, 1, ("candidate",)), ("bruno", 1, 1, ("candidate",))]
    promote("ada", uri, GATE)
    trained(factor=0.5).publish(uri)
    assert lines()[0] == ("ada", 1, 2, ("champion",))
    client = connect(uri)
    client.create_registered_model("carl")  # without a version it is no line
    client.create_registered_model("ada.lease", tags={"holder": "somebody"})
    assert [name for name, *_ in lines()] == ["ada", "bruno"]
    client.delete_registered_model("ada.lease")
    remove_model(uri, "ada")
    client.delete_registered_model("bruno")
    assert lines() == []


def test_what_is_remembered_is_not_read_again(
    trained: Make, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained().publish(uri)
    first = list_models(uri)
    monkeypatch.setattr(listing, "_OVERLAP", -1)

    def never(*names: object) -> list[object]:
        assert len(names) == 1, "asked for versions"
        return []

    monkeypatch.setattr(listing, "versions_of", never)
    monkeypatch.setattr(listing, "_wanted", lambda model: pytest.fail("read again"))
    assert list_models(uri) == first


DEEP = "[" * 100_000
BROKEN = [
    ("resolution", "many", "'resolution' is 'many'"),
    ("resolution", "-64", "'resolution'"),
    ("resolution", "9" * 4000, "'resolution'"),
    ("scores", DEEP[:4000], "'scores' is not a table"),
    ("scores", '{"cosine": "high"}', "'scores' is not a table"),
    ("scores", '{"cosine": 1' + "0" * 400 + "}", "'scores' is not a table"),
    ("sha256", "../../../etc/passwd", "'sha256' is '../"),
    ("scores", "[1, 2]", "'scores' is not a table"),
    ("basis", "because\x1b[2J", "'basis' is 'because"),
]


@pytest.mark.parametrize(("key", "value", "problem"), BROKEN)
def test_a_malformed_tag_is_told_of_its_identity_and_the_others_are_listed(
    trained: Make, sqlite_uri: str, key: str, value: str, problem: str
) -> None:
    trained().publish(sqlite_uri)
    trained("bruno").publish(sqlite_uri)
    connect(sqlite_uri).set_model_version_tag("ada", "1", key, value)
    ada, bruno = list_models(sqlite_uri, refresh=True)
    assert problem in ada.problem
    assert "\x1b" not in ada.problem
    assert (bruno.name, bruno.problem, bruno.scores["nearest_rate"]) == ("bruno", "", 0.95)
    assert show_model(sqlite_uri, "ada").versions[0].problem == ada.problem
    assert list_models(sqlite_uri) == [ada, bruno]  # remembered likewise
    gallery = Library(sqlite_uri).gallery()
    assert [entry.name for entry in gallery.identities] == ["bruno"]
    assert gallery.note is not None and "'ada': its tag" in gallery.note


def test_figures_that_are_no_numbers_count_as_not_measured(trained: Make, sqlite_uri: str) -> None:
    trained().publish(sqlite_uri)
    scores = '{"cosine": Infinity, "distance": NaN, "landmark_difference": 4, "x": 1e999}'
    connect(sqlite_uri).set_model_version_tag("ada", "1", "scores", scores)
    (ada,) = list_models(sqlite_uri, refresh=True)
    assert ada.scores == {"landmark_difference": 4.0}


def test_a_model_with_a_name_that_no_identity_has_breaks_no_list(
    trained: Make, sqlite_uri: str
) -> None:
    trained().publish(sqlite_uri)
    client = connect(sqlite_uri)
    source = str(client.get_model_version("ada", "1").source)
    for name in ("o'neil", "Ada Lovelace", "x') OR ('1' = '1"):
        client.create_registered_model(name)
        client.create_model_version(name, source)
    broken = {line.name for line in list_models(sqlite_uri, refresh=True) if line.problem}
    assert broken == {"o'neil", "Ada Lovelace", "x') OR ('1' = '1"}
    assert [line.name for line in list_models(sqlite_uri) if not line.problem] == ["ada"]
    assert find_garbage(sqlite_uri, 0, 0) == []


def test_a_history_that_others_wrote_is_passed_over(trained: Make, sqlite_uri: str) -> None:
    trained().publish(sqlite_uri)
    client = connect(sqlite_uri)
    whole: dict[str, object] = {
        "at": "now",
        "who": "me",
        "alias": "champion",
        "before": None,
        "after": 1,
        "why": "x",
    }
    changes: list[dict[str, object]] = [
        {"after": "one"}, {"after": [1]}, {"who": {}}, {"back": "no"}
    ]  # fmt: skip
    for number, change in enumerate(changes, 5):
        tag = json.dumps({**whole, **change})
        client.set_registered_model_tag("ada", f"history.{number:04}", tag)
    client.set_registered_model_tag("ada", "history.0009", DEEP[:4000])
    assert [move.alias for move in show_model(sqlite_uri, "ada").history] == ["candidate"]
    assert promote("ada", sqlite_uri, GATE).promoted


@pytest.mark.parametrize("content", ["{", DEEP, '{"layout": 2, "models": {}, "newest": 1e999}'])
def test_a_damaged_list_in_the_cache_is_made_again(
    trained: Make, sqlite_uri: str, content: str
) -> None:
    trained().publish(sqlite_uri)
    first = list_models(sqlite_uri)
    (path,) = (cache_folder() / "listings").glob("*.json")
    path.write_text(content)
    assert list_models(sqlite_uri) == first
