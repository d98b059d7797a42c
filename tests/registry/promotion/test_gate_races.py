"""What others change between the judgement and the move, on a registry of versions without files.

No champion can be compared without its files, so promotions here are forced.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from tests.registry.conftest import GOOD, register
from tests.registry.promotion.test_gate import GATE
from zoo.errors import RegistryError
from zoo.registry.browse import show_model
from zoo.registry.local import cache
from zoo.registry.promotion import gate as module
from zoo.registry.promotion.alias_history import move_alias
from zoo.registry.promotion.gate import promote, roll_back
from zoo.registry.promotion.lease import lease
from zoo.registry.versions import aliases_of
from zoo.tracking import connect

Meanwhile = Callable[[Callable[[int], object]], list[int]]


@pytest.fixture
def client(sqlite_uri: str) -> MlflowClient:
    """Three versions of ada, of which the last is the candidate."""
    found = connect(sqlite_uri)
    register(found, "ada", 3, scores=json.dumps(GOOD))
    found.set_registered_model_alias("ada", "candidate", "3")
    return found


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Lets others act just before the lease is taken, each time; the times."""

    def act(others: Callable[[int], object]) -> list[int]:
        times: list[int] = []

        @contextmanager
        def taken(client: MlflowClient, name: str) -> Iterator[None]:
            times.append(len(times))
            others(times[-1])
            with lease(client, name):
                yield

        monkeypatch.setattr(module, "lease", taken)
        return times

    return act


def forced(uri: str, **more: Any) -> module.Promotion:
    return promote("ada", uri, GATE, force=True, reason="so", **more)


def test_nobody_else_there_it_is_judged_once(
    client: MlflowClient, sqlite_uri: str, meanwhile: Meanwhile
) -> None:
    times = meanwhile(lambda time: None)
    done = promote("ada", sqlite_uri, GATE)
    assert (done.version, done.previous, done.forced, times) == (3, None, False, [0])
    assert (promote("ada", sqlite_uri, GATE).previous, times) == (3, [0])  # it is champion already


def test_a_champion_that_others_made_meanwhile_is_what_it_is_judged_against(
    client: MlflowClient, sqlite_uri: str, meanwhile: Meanwhile
) -> None:
    def others(time: int) -> None:
        if time == 0:
            client.set_registered_model_alias("ada", "champion", "1")

    times = meanwhile(others)
    done = forced(sqlite_uri)
    assert (done.version, done.previous, done.forced, times) == (3, 1, True, [0, 1])
    assert "the champion, version 1, was measured on other faces" in done.objections[0]
    move = show_model(sqlite_uri, "ada").history[-1]
    assert (move.before, move.after) == (1, 3) and move.why.startswith("forced (so) although the")


def test_a_candidate_that_others_published_meanwhile_is_promoted_in_its_place(
    client: MlflowClient, sqlite_uri: str, meanwhile: Meanwhile
) -> None:
    times = meanwhile(lambda time: client.set_registered_model_alias("ada", "candidate", "2"))
    assert forced(sqlite_uri).version == 2 and times == [0, 1]
    assert aliases_of(client, "ada") == {"candidate": 2, "champion": 2}


def test_a_version_that_was_asked_for_stays_the_one_whatever_the_candidate(
    client: MlflowClient, sqlite_uri: str, meanwhile: Meanwhile
) -> None:
    times = meanwhile(lambda time: client.set_registered_model_alias("ada", "candidate", "2"))
    assert forced(sqlite_uri, version=1).version == 1 and times == [0]
    assert aliases_of(client, "ada") == {"candidate": 2, "champion": 1}


def test_a_champion_that_others_keep_changing_is_given_up(
    client: MlflowClient, sqlite_uri: str, meanwhile: Meanwhile
) -> None:
    def others(time: int) -> None:
        client.set_registered_model_alias("ada", "champion", str(1 + time % 2))

    times = meanwhile(others)
    with pytest.raises(RegistryError, match="champion of ada is being changed by another process"):
        forced(sqlite_uri)
    assert times == [0, 1, 2, 3, 4] and aliases_of(client, "ada")["champion"] == 1
    with pytest.raises(
        RegistryError, match=r"ada version 3 is not promoted: the champion, version"
    ):
        promote("ada", sqlite_uri, GATE)
    judged = promote("ada", sqlite_uri, GATE, strict=False)
    assert (judged.promoted, judged.forced, judged.compared, judged.previous) == (
        False, False, None, 1,
    )  # fmt: skip


def test_going_back_passes_over_versions_that_are_gone(
    client: MlflowClient, sqlite_uri: str
) -> None:
    for version in (1, 2, 3):
        move_alias(client, "ada", "champion", version, "better")
    cache.remember_aliases(sqlite_uri, "ada", {"champion": 3})
    client.delete_model_version("ada", "2")
    done = roll_back("ada", sqlite_uri, " it\n smears ")
    assert (done.version, done.previous, done.promoted) == (1, 3, True)
    move = show_model(sqlite_uri, "ada").history[-1]
    assert (move.why, move.back, move.before, move.after) == ("it smears", True, 3, 1)
    assert not (cache.registry_folder(sqlite_uri) / "ada" / "aliases.json").exists()
    move_alias(client, "ada", "champion", 3, "better")
    client.delete_model_version("ada", "1")
    with pytest.raises(RegistryError, match="no earlier champion than version 3 that still"):
        roll_back("ada", sqlite_uri)
    assert show_model(sqlite_uri, "ada").history[-1].why == "better"


def test_without_a_reason_going_back_says_so(client: MlflowClient, sqlite_uri: str) -> None:
    for version in (1, 2):
        move_alias(client, "ada", "champion", version, "better")
    assert roll_back("ada", sqlite_uri, " ").version == 1
    assert show_model(sqlite_uri, "ada").history[-1].why == "rolled back"
