"""Models and versions as data, how a reference is found, and what a removal leaves."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from tests.registry.conftest import SHA, register
from zoo.errors import RegistryError, UnknownIdentityError
from zoo.registry import browse
from zoo.registry.browse import Version, find_version, names_like, remove_model, show_model
from zoo.registry.promotion.alias_history import Move, who
from zoo.registry.references import parse_reference
from zoo.settings import Project
from zoo.tracking import connect, experiment_id


def test_a_version_is_its_tags_as_data_with_its_aliases(plain_uri: str) -> None:
    model = show_model(plain_uri, "ada")
    assert [version.version for version in model.versions] == list(range(12, 0, -1))
    created = connect(plain_uri).get_model_version("ada", "2").creation_timestamp // 1000
    *_, new, old = model.versions
    assert new == Version(
        "ada", 2, ("candidate", "champion"), "quick", 64, "synthetic",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created)), {"cosine": 0.5}, SHA, "r", "d",
        run_id="",
    )  # fmt: skip
    assert (old.resolution, old.aliases) == (0, ("old",))
    assert old.problem == "its tag 'resolution' is 'x', which is not a number of pixels"
    assert (old.recipe, old.basis, old.receipt, old.data_revision, old.scores) == (*[""] * 4, {})
    assert model.history == (Move("", "", "champion", None, 2, "better"),)
    assert model.basis == ""  # that of the newest
    assert model.at("old") is old and model.at("none") is None


@pytest.mark.parametrize(("name", "best"), [("ada", 2), ("bea", 1), ("eve", 2), ("carl", 1)])
def test_the_best_is_the_champion_else_the_candidate_else_the_newest(
    plain_uri: str, name: str, best: int
) -> None:
    model = show_model(plain_uri, name)
    assert (model.name, model.best.version) == (name, best)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(86_400_000, "1970-01-02T00:00:00Z"), (1999, "1970-01-01T00:00:01Z"),
     (None, "1970-01-01T00:00:00Z"), (10**20, "")],
)  # fmt: skip
def test_a_time_that_cannot_be_is_empty(milliseconds: int | None, text: str) -> None:
    assert browse._time(milliseconds) == text


@pytest.mark.parametrize(
    ("text", "version"),
    [("ada", 2), ("ada@old", 1), ("ada@candidate", 2), ("ada:1", 1), ("ada:12", 12), ("bea", 1)],
)
def test_a_reference_is_found_by_number_or_alias(plain_uri: str, text: str, version: int) -> None:
    found = find_version(connect(plain_uri), plain_uri, parse_reference(text))
    assert (found.name, int(found.version)) == (text[:3], version)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ada:13", "ada has no version 13; it has 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12."),
        ("ada@mine", "ada has no mine; it has candidate (version 2), champion (version 2), "
         "old (version 1)."),
        ("eve", "eve has no champion or candidate; it has a (version 1), b (version 2)."),
        ("carl", "carl has no champion or candidate; it has no alias at all."),
        ("nobody", "No identity 'nobody' in the registry at {uri}."),
        ("adda", "No identity 'adda' in the registry at {uri} (did you mean ada?)."),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_with_what_is(plain_uri: str, text: str, words: str) -> None:
    with pytest.raises(UnknownIdentityError) as caught:
        find_version(connect(plain_uri), plain_uri, parse_reference(text))
    assert str(caught.value) == words.format(uri=plain_uri)


@pytest.mark.parametrize("text", ["ada", "ada:1"])
def test_a_store_that_fails_is_not_taken_for_one_without_the_version(
    sqlite_uri: str, text: str
) -> None:
    client = connect(sqlite_uri)
    register(client, "ada")
    with closing(sqlite3.connect(sqlite_uri.removeprefix("sqlite:///"))) as database:
        for table in ("registered_model_aliases", "model_versions"):
            database.execute(f"DROP TABLE {table}")
    with pytest.raises(MlflowException, match="no such table"):
        find_version(client, sqlite_uri, parse_reference(text))


def test_names_are_suggested_without_leases_foreign_names_and_passwords(plain_uri: str) -> None:
    assert names_like(plain_uri, "adda") == {"ada"}
    assert names_like(plain_uri, "nobody") == {"nobody"}
    with pytest.raises(UnknownIdentityError, match=r"'adda' .*\(did you mean ada\?\)"):
        show_model(plain_uri, "adda")


def test_a_message_has_no_password(plain_uri: str) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(UnknownIdentityError, match=r"in the registry at https://registry\.$"),
    ):
        patch.setattr(browse, "names_like", lambda uri, name: set())
        find_version(connect(plain_uri), "https://me:secret@registry", parse_reference("zed"))


def test_a_removal_is_recorded_and_the_projects_stage_forgets_it(
    sqlite_uri: str, tmp_path: Path
) -> None:
    registered = tmp_path / "registered"
    registered.mkdir()
    for name in ("ada.json", "ada.log", "adam.json"):
        (registered / name).touch()
    client = connect(sqlite_uri)
    for name, versions in (("ada", 11), ("bea", 1), ("adam", 1)):
        register(client, name, versions)
    client.set_registered_model_alias("ada", "champion", "2")
    assert remove_model(sqlite_uri, "ada", Project(tmp_path)) == list(range(11, 0, -1))
    assert remove_model(sqlite_uri, "bea") == [1]
    with pytest.raises(UnknownIdentityError, match="did you mean adam"):
        remove_model(sqlite_uri, "ada")
    assert [model.name for model in client.search_registered_models()] == ["adam"]
    assert [path.name for path in registered.iterdir()] == ["adam.json"]
    tags = client.get_experiment(experiment_id(client, sqlite_uri)).tags
    said = [tags[key] for key in ("removed.ada", "removed.bea")]
    for line, what in zip(
        said, ("s 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, champion 2", " 1"), strict=True
    ):
        ending = re.escape(f"{who()}: removed version{what}")
        assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ {ending}", line)


def test_a_registry_that_is_gone_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="No registry at"):
        show_model(f"sqlite:///{tmp_path}/mlflow.db", "ada")
