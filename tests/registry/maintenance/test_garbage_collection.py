"""What is collected, and above all what is not."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from tests.registry.conftest import Trained, register
from tests.registry.promotion.test_gate import GATE
from zoo.errors import RegistryError
from zoo.registry.browse import remove_model, show_model
from zoo.registry.local.network_resolution import find_network
from zoo.registry.maintenance.artifacts import Artifacts, artifacts_of
from zoo.registry.maintenance.garbage_collection import (
    _garbage,
    _model_id,
    _old,
    collect,
    find_garbage,
)
from zoo.registry.promotion.gate import promote, roll_back
from zoo.registry.references import Reference
from zoo.registry.versions import versions_of
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
    network = _model_id(connect(uri).get_model_version("ada", "1"))
    assert network is not None and connect(uri).get_logged_model(network).model_id == network
    collect(uri, [old])
    with pytest.raises(MlflowException, match=network):
        connect(uri).get_logged_model(network)
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
    assert "lease" not in [item.kind for item in find_garbage(sqlite_uri, 1, 3_600_000)]
    found = find_garbage(sqlite_uri, 1, 0)
    assert [item.kind for item in found] == ["files", "run", "lease"]
    before = sum(path.stat().st_size for path in (tmp_path / "project/mlartifacts").rglob("*.*"))
    collect(sqlite_uri, found)
    after = sum(path.stat().st_size for path in (tmp_path / "project/mlartifacts").rglob("*.*"))
    assert before - after == pytest.approx(sum(item.bytes for item in found), abs=5000)
    assert names(sqlite_uri, 1) == []
    assert find_network(Reference("bruno"), sqlite_uri).version == 1


def say(uri: str, statement: str, *values: str) -> None:
    """Writes into the store what a hostile registry would say."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database, database:
        assert database.execute(statement, values).rowcount > 0


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A folder of the user that is no business of any registry."""
    folder = tmp_path / "precious" / "artifacts"
    folder.mkdir(parents=True)
    (folder / "letters.txt").write_text("mine")
    return folder


def everything(trained: Make, uri: str) -> None:
    """Of each kind one: an old version with its run, files without a version, a deleted run."""
    for factor in (1.0, 0.9, 0.8):
        trained(factor=factor).publish(uri)
    trained("bruno").publish(uri)
    run = show_model(uri, "bruno").versions[0].run_id
    remove_model(uri, "bruno")
    connect(uri).delete_run(run)


def test_the_plan_names_every_folder_that_goes_and_nothing_else_goes(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    everything(trained, sqlite_uri)
    found = find_garbage(sqlite_uri, 0, 0)
    assert [item.kind for item in found] == ["version", "files", "run"]
    named = [Path(place.removeprefix("file://")) for item in found for place in item.places]
    assert len(named) == 4
    assert all(path.is_dir() for path in named)
    root = tmp_path / "project" / "mlartifacts"
    before = {path for path in root.rglob("*") if path.is_file()}
    collect(sqlite_uri, found)
    gone = before - {path for path in root.rglob("*") if path.is_file()}
    assert gone == {path for path in before if any(path.is_relative_to(folder) for folder in named)}
    assert not any(path.exists() for path in named)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE model_versions SET source = ?, storage_location = ? WHERE version = 1",
        "UPDATE model_versions SET storage_location = ? WHERE ? != '' AND version = 1",
        "UPDATE runs SET artifact_uri = ? WHERE ? != '' AND run_uuid IN "
        "(SELECT run_id FROM model_versions WHERE version = 1)",
    ],
)
def test_a_version_that_names_a_folder_of_the_user_stays_and_is_named(
    trained: Make, sqlite_uri: str, precious: Path, statement: str
) -> None:
    everything(trained, sqlite_uri)
    say(sqlite_uri, statement, precious.as_uri(), precious.as_uri())
    version = next(item for item in find_garbage(sqlite_uri, 0, 0) if item.kind == "version")
    assert version.foreign
    assert precious.as_uri() in version.places
    collect(sqlite_uri, find_garbage(sqlite_uri, 0, 0))
    assert (precious / "letters.txt").read_text() == "mine"
    assert [one.version for one in show_model(sqlite_uri, "ada").versions] == [3, 2, 1]


def test_a_deleted_run_that_names_a_folder_of_the_user_leaves_it(
    trained: Make, sqlite_uri: str, precious: Path
) -> None:
    everything(trained, sqlite_uri)
    say(
        sqlite_uri,
        "UPDATE runs SET artifact_uri = ? WHERE lifecycle_stage = 'deleted'",
        precious.as_uri(),
    )
    run = next(item for item in find_garbage(sqlite_uri, 0, 0) if item.kind == "run")
    assert (run.foreign, run.places) == (True, (precious.as_uri(),))
    collect(sqlite_uri, find_garbage(sqlite_uri, 0, 0))
    assert (precious / "letters.txt").read_text() == "mine"


def test_a_version_that_names_the_network_of_another_leaves_it(
    trained: Make, sqlite_uri: str
) -> None:
    everything(trained, sqlite_uri)
    newest, _, oldest = show_model(sqlite_uri, "ada").versions
    say(
        sqlite_uri,
        "UPDATE model_versions SET source = (SELECT source FROM model_versions WHERE version = 3) "
        "WHERE version = ?",
        str(oldest.version),
    )
    collect(sqlite_uri, find_garbage(sqlite_uri, 0, 0))
    assert find_network(Reference("ada", version=newest.version), sqlite_uri).version == 3


def test_a_root_outside_the_project_is_refused(
    trained: Make, sqlite_uri: str, precious: Path
) -> None:
    everything(trained, sqlite_uri)
    found = find_garbage(sqlite_uri, 0, 0)
    say(sqlite_uri, "UPDATE experiments SET artifact_location = ?", precious.as_uri())
    with pytest.raises(RegistryError, match="is not beside its store"):
        find_garbage(sqlite_uri, 0, 0)
    with pytest.raises(RegistryError, match="is not beside its store"):
        collect(sqlite_uri, found)
    assert all(
        Path(place.removeprefix("file://")).is_dir() for one in found for place in one.places
    )


def test_a_link_below_the_root_is_not_followed(
    trained: Make, sqlite_uri: str, tmp_path: Path, precious: Path
) -> None:
    everything(trained, sqlite_uri)
    link = tmp_path / "project" / "mlartifacts" / "models" / f"m-{'0' * 32}"
    link.symlink_to(precious)
    stays = [item for item in find_garbage(sqlite_uri, 0, 0) if item.foreign]
    assert [item.name for item in stays] == [link.name]
    collect(sqlite_uri, find_garbage(sqlite_uri, 0, 0))
    assert (precious / "letters.txt").read_text() == "mine"


PLACES = (
    "", "/", "/models", "/models/m-1", "/../precious", f"/models/{'0' * 32}/../../../precious",
    f"/models/m-{'0' * 32}/artifacts/x", f"/{'0' * 32}/%2e%2e", f"x/{'0' * 32}",
)  # fmt: skip


def test_only_folders_of_networks_and_runs_are_held(trained: Make, sqlite_uri: str) -> None:
    trained().publish(sqlite_uri)
    artifacts = artifacts_of(connect(sqlite_uri), sqlite_uri)
    assert artifacts.holds(f"{artifacts.root}/{'0' * 32}/artifacts")
    for place in PLACES:
        assert not artifacts.holds(artifacts.root + place)
        with pytest.raises(RegistryError, match="is not removed"):
            artifacts.delete(artifacts.root + place)


def test_other_things_that_were_deleted_in_the_store_stay(
    trained: Make, sqlite_uri: str, precious: Path
) -> None:
    everything(trained, sqlite_uri)
    client = connect(sqlite_uri)
    other = client.create_experiment("another's", precious.as_uri())
    run = client.create_run(other)
    client.delete_experiment(other)
    collect(sqlite_uri, find_garbage(sqlite_uri, 0, 0))
    assert client.get_experiment(other).name == "another's"
    assert client.get_run(run.info.run_id).info.experiment_id == other
    assert (precious / "letters.txt").exists()


def test_versions_go_that_no_alias_has_or_may_fall_back_on(sqlite_uri: str) -> None:
    client = connect(sqlite_uri)
    register(client, "ada", 9)
    for alias, version in (("champion", 6), ("candidate", 8), ("mine", 4)):
        client.set_registered_model_alias("ada", alias, str(version))
    moves = [("champion", 2), ("champion", 5), ("champion", 6), ("candidate", 3), ("candidate", 7),
             ("candidate", 8)]  # fmt: skip
    for number, (alias, after) in enumerate(moves):
        move = {"at": "", "who": "", "alias": alias, "before": None, "after": after, "why": ""}
        client.set_registered_model_tag("ada", f"history.{number:04}", json.dumps(move))
    register(client, "bruno")
    models, versions = [*client.search_registered_models()], versions_of(client, "ada", "bruno")
    made = {int(one.version): one.creation_timestamp for one in versions if one.name == "ada"}
    later = max(one.creation_timestamp for one in versions) + 1

    def old(keep: int, before: int) -> list[str]:
        return [f"{one.name}:{one.version}" for one in _old(models, versions, keep, before)]

    # 2 was champion two steps ago, and 3 candidate: 5, 6, 7 and 8 stay, and 4 has an alias.
    for keep, gone in ((0, [9, 3, 2, 1]), (1, [3, 2, 1]), (7, [2, 1]), (8, [1]), (9, [])):
        expected = [f"ada:{number}" for number in gone] + (["bruno:1"] if keep == 0 else [])
        assert old(keep, later) == expected
    assert old(1, made[1]) == []
    assert old(1, made[1] + 1)[-1] == "ada:1"


def test_the_files_of_a_version_are_named_by_its_source(sqlite_uri: str) -> None:
    client = connect(sqlite_uri)
    client.create_registered_model("ada")
    model_id = "m-" + "0123456789abcdef" * 2
    by_source = {
        f"file:///x/models/{model_id}/artifacts": model_id,
        "file:///x": None,
        f"file:///{model_id.upper()}": None,
    }
    for source, expected in by_source.items():
        assert _model_id(client.create_model_version("ada", source)) == expected


def test_what_is_foreign_has_no_size_and_says_so(tmp_path: Path) -> None:
    run = "fedcba9876543210" * 2
    (tmp_path / run / "artifacts").mkdir(parents=True)
    (tmp_path / run / "artifacts" / "one").write_bytes(bytes(123))
    own, place = Artifacts(str(tmp_path), tmp_path), str(tmp_path / run)
    found = _garbage(own, "run", run, [place], run, True)
    assert (found.why, found.bytes, found.foreign) == ("a deleted run", 123, False)
    assert (found.places, found.run) == ((place,), run)
    found = _garbage(own, "version", "ada:1", [place], None, False)
    assert (found.why, found.bytes, found.foreign) == (
        "stays: its files are not this registry's", 0, True,
    )  # fmt: skip
    for kind, why in (
        ("version", "old, and no alias needs it"), ("files", "belongs to no version"),
    ):  # fmt: skip
        assert _garbage(own, kind, "x", [], None, True).why == why
