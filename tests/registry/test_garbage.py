"""What is collected, and above all what is not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.registry.conftest import Trained
from tests.registry.test_promotion import GATE
from zoo.registry.browse import remove_model, show_model
from zoo.registry.finding import find_network
from zoo.registry.garbage import collect, find_garbage
from zoo.registry.promotion import promote, roll_back
from zoo.registry.references import Reference
from zoo.tracking import connect

Make = Callable[..., Trained]


def names(uri: str, keep: int, age: int = 0) -> list[str]:
    return [item.name for item in find_garbage(uri, keep, age)]


def test_champion_candidate_and_those_before_them_stay(trained: Make, uri: str) -> None:
    for number, factor in enumerate((1.0, 0.9, 0.8, 0.7, 0.6), 1):
        trained(factor=factor).publish(uri)
        if number in {2, 3}:
            promote("ada", uri, GATE)
    assert names(uri, 5) == []
    assert names(uri, 0, age=3_600_000) == []
    (old,) = find_garbage(uri, 0, 0)
    assert (old.kind, old.name) == ("version", "ada:1")
    assert old.bytes > 1000
    collect(uri, [old])
    assert [version.version for version in show_model(uri, "ada").versions] == [5, 4, 3, 2]
    assert names(uri, 0) == []
    assert roll_back("ada", uri).version == 2
    assert find_network(Reference("ada"), uri).version == 2


def test_a_version_that_was_promoted_meanwhile_stays(trained: Make, uri: str) -> None:
    for factor in (1.0, 0.9, 0.8):
        trained(factor=factor).publish(uri)
    found = find_garbage(uri, 0, 0)
    assert [item.name for item in found] == ["ada:1"]
    promote("ada", uri, GATE, version=1)
    collect(uri, found)
    assert find_network(Reference("ada"), uri).version == 1


def test_what_a_removed_identity_leaves_is_collected(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    trained("bruno").publish(sqlite_uri)
    run = show_model(sqlite_uri, "ada").versions[0].run_id
    remove_model(sqlite_uri, "ada")
    connect(sqlite_uri).delete_run(run)
    connect(sqlite_uri).create_registered_model("ada.lease", tags={"holder": "{}"})
    found = find_garbage(sqlite_uri, 1, 0)
    assert [item.kind for item in found] == ["files", "run", "lease"]
    before = sum(path.stat().st_size for path in (tmp_path / "project/mlartifacts").rglob("*.*"))
    collect(sqlite_uri, found)
    after = sum(path.stat().st_size for path in (tmp_path / "project/mlartifacts").rglob("*.*"))
    assert before - after == pytest.approx(sum(item.bytes for item in found), abs=5000)
    assert names(sqlite_uri, 1) == []
    assert find_network(Reference("bruno"), sqlite_uri).version == 1
