"""The remembered list tells what the registry does, whoever changed it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.registry.conftest import SHA, Trained, register
from tests.registry.promotion.test_gate import GATE
from zoo.registry import listing
from zoo.registry.browse import remove_model, show_model
from zoo.registry.listing import Listed, list_models
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


def test_a_malformed_tag_is_told_of_its_identity_and_the_others_are_listed(
    trained: Make, sqlite_uri: str
) -> None:
    trained().publish(sqlite_uri)
    trained("bruno").publish(sqlite_uri)
    client = connect(sqlite_uri)
    whole = client.get_model_version("ada", "1").tags
    for key, value, problem in BROKEN:
        client.set_model_version_tag("ada", "1", key, value)
        ada, bruno = list_models(sqlite_uri, refresh=True)
        assert problem in ada.problem
        assert "\x1b" not in ada.problem
        assert (bruno.name, bruno.problem, bruno.scores["nearest_rate"]) == ("bruno", "", 0.95)
        assert show_model(sqlite_uri, "ada").versions[0].problem == ada.problem
        assert list_models(sqlite_uri) == [ada, bruno]  # remembered likewise
        gallery = Library(sqlite_uri).gallery()
        assert [entry.name for entry in gallery.identities] == ["bruno"]
        assert gallery.note is not None and "'ada': its tag" in gallery.note
        client.set_model_version_tag("ada", "1", key, whole[key])


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


def test_a_damaged_list_in_the_cache_is_made_again(sqlite_uri: str) -> None:
    register(connect(sqlite_uri), "ada")
    first = list_models(sqlite_uri)
    (path,) = (cache_folder() / "listings").glob("*.json")
    whole = json.loads(path.read_text())
    line = whole["models"]["ada"]
    changes: list[dict[str, object]] = [
        {"layout": 1, "models": {"ada": {**line, "recipe": "of an earlier layout"}}},
        {"newest": "x"}, {"models": []}, {"models": {"ada": {"name": "ada"}}},
    ]  # fmt: skip
    for content in (
        "{", DEEP, '{"layout": 2, "models": {}, "newest": 1e999}', '{"layout": 2}', "[]",
        *(json.dumps({**whole, **change}) for change in changes),
    ):  # fmt: skip
        path.write_text(content)
        assert list_models(sqlite_uri) == first
        assert json.loads(path.read_text()) == whole


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How many models, or which versions, each question of a list asks for."""
    from mlflow.tracking import MlflowClient

    found: list[Any] = []
    models, versions = MlflowClient.search_registered_models, MlflowClient.search_model_versions

    def of_models(client: MlflowClient, *what: Any, **more: Any) -> Any:
        found.append(more["max_results"])
        return models(client, *what, **more)

    def of_versions(client: MlflowClient, condition: str, **more: Any) -> Any:
        found.append(condition)
        return versions(client, condition, **more)

    monkeypatch.setattr(MlflowClient, "search_registered_models", of_models)
    monkeypatch.setattr(MlflowClient, "search_model_versions", of_versions)
    return found


def stamp(uri: str, **times: int) -> None:
    """Says in the store when models were changed, in ms."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database, database:
        for name, at in times.items():
            statement = "UPDATE registered_models SET last_updated_time = ? WHERE name = ?"
            assert database.execute(statement, (at, name)).rowcount == 1


def test_what_changed_since_is_asked_for_and_the_rest_is_remembered(
    sqlite_uri: str, asked: list[Any]
) -> None:
    client = connect(sqlite_uri)
    names = [f"m{number:02}" for number in range(30)]
    for name in names:
        register(client, name)
    times = {name: 100_000 + 1000 * number for number, name in enumerate(names)}
    stamp(sqlite_uri, **times)

    def newest() -> dict[str, int]:
        return {line.name: line.newest for line in list_models(sqlite_uri)}

    def questions() -> list[Any]:
        return [question for question in asked if isinstance(question, int)]

    wanted = dict.fromkeys(names, 1)
    asked.clear()
    assert newest() == wanted and questions() == [1000, 1]
    path = listing.listing_path(sqlite_uri)
    written = path.stat().st_mtime_ns
    asked.clear()
    # Of the first ten the oldest is from 120,000: more than five seconds before the newest.
    assert newest() == wanted and questions() == [10, 1]
    assert path.stat().st_mtime_ns == written
    for name in ("m04", "m05"):
        register(client, name)
    stamp(sqlite_uri, m04=124_000, m05=123_999)  # by a clock that is five seconds slow, and more
    wanted["m04"] = 2
    assert newest() == wanted
    asked.clear()
    stamp(sqlite_uri, **dict.fromkeys(names, 130_000))  # more than the first question asks for
    wanted["m05"] = 2
    assert newest() == wanted and questions() == [10, 1000, 1]
    client.create_registered_model("m05.lease")
    stamp(sqlite_uri, **{"m05.lease": 130_500})
    asked.clear()
    assert newest() == wanted and questions() == [10, 1000, 1]
    client.delete_registered_model("m03")
    del wanted["m03"]
    asked.clear()
    assert newest() == wanted and questions() == [10, 1000, 1, 1000, 1]


def test_the_best_version_is_asked_for_only_where_it_is_not_at_hand(
    sqlite_uri: str, asked: list[Any]
) -> None:
    client = connect(sqlite_uri)
    for name, versions in (("a", 5), ("b", 3), ("c", 2), ("E f", 1), ("i", 4)):
        register(client, name, versions)
    for name in ("d", "g h"):
        client.create_registered_model(name)
    for name, alias, version in (("a", "champion", 2), ("a", "candidate", 5), ("b", "candidate", 3),
                                 ("i", "candidate", 3), ("i", "other", 4)):  # fmt: skip
        client.set_registered_model_alias(name, alias, str(version))
    asked.clear()
    lines = list_models(sqlite_uri)
    assert [(one.name, one.version, one.newest, one.aliases) for one in lines] == [
        ("E f", 0, 0, ()), ("a", 2, 5, ("champion",)), ("b", 3, 3, ("candidate",)), ("c", 2, 2, ()),
        ("i", 3, 4, ("candidate",)),
    ]  # fmt: skip
    assert lines[0] == Listed(
        "E f", 0, 0, (), "", 0, "", "", "", {}, "its name is no identity's"
    )  # fmt: skip
    assert {one.sha256 for one in lines[1:]} == {SHA} and {one.problem for one in lines[1:]} == {""}
    (question,) = [one for one in asked if isinstance(one, str)]
    assert question in ("name IN ('a', 'i')", "name IN ('i', 'a')")


def test_how_many_there_are_takes_one_question(sqlite_uri: str, asked: list[Any]) -> None:
    client = connect(sqlite_uri)
    for count in range(4):
        for expected in range(6):
            asked.clear()
            assert listing._count_is(client, expected) is (expected == count)
            assert asked == [1]
        client.create_registered_model(f"m{count}")


def test_a_list_is_remembered_under_the_registrys_address_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    path = listing.listing_path("https://me:secret@registry")
    assert path == listing.listing_path("https://registry") != listing.listing_path("https://other")
    assert path.parent == tmp_path / "listings"
    assert len(path.stem) == 16 and path.suffix == ".json"
