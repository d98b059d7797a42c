"""Which places a registry may call its own, what lies there, and that nothing else goes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from zoo.errors import RegistryError
from zoo.registry.maintenance.artifacts import Artifacts, artifacts_of
from zoo.tracking import connect, experiment_id

MODEL, RUN = "m-" + "0123456789abcdef" * 2, "fedcba9876543210" * 2


def test_models_and_runs_have_their_places_below_the_root() -> None:
    files = Artifacts("s3://bucket/root")
    assert files.of_model(MODEL) == f"s3://bucket/root/models/{MODEL}"
    assert files.of_run(RUN) == f"s3://bucket/root/{RUN}"
    for place in (files.of_model(MODEL), files.of_run(RUN)):
        assert files.holds(place) and files.holds(f"{place}/artifacts")
        assert not files.holds(f"{place}/more") and not files.holds(place[:-1])
        assert not files.holds(place.replace("bucket", "other")) and not files.holds(place + "0")


@pytest.mark.parametrize(
    "place",
    ["", "models", "models/", f"models/{RUN}", f"runs/{MODEL}", MODEL, f"models/../{RUN}",
     f"models/{MODEL}/x", f"{RUN}/x", "..", f"models/{MODEL.upper()}", f"x/{RUN}"],
)  # fmt: skip
def test_nothing_else_is_the_registrys(place: str) -> None:
    assert not Artifacts("s3://bucket/root").holds(f"s3://bucket/root/{place}")


def filled(folder: Path) -> Path:
    (folder / "artifacts" / "deep").mkdir(parents=True)
    (folder / "artifacts" / "one").write_bytes(bytes(100))
    (folder / "artifacts" / "deep" / "two").write_bytes(bytes(23))
    (folder / "artifacts" / "nothing").touch()
    return folder


def test_files_are_counted_listed_and_removed_and_links_are_left(tmp_path: Path) -> None:
    root = tmp_path / "root"
    own = Artifacts(str(root), root)
    filled(root / "models" / MODEL)
    filled(root / "models" / "mine")
    filled(root / RUN)
    assert own.models() == [MODEL]
    assert own.size(own.of_model(MODEL)) == own.size(own.of_run(RUN)) == 123
    assert own.size(f"{root}/models/mine") == 0
    other, link = filled(tmp_path / "other"), root / "models" / ("m-" + "1" * 32)
    link.symlink_to(other)
    assert not own.holds(str(link)) and own.size(str(link)) == 0
    for place in (str(link), f"{root}/models/mine", str(other), str(root)):
        with pytest.raises(RegistryError, match=f"^{place} is not removed: it is no"):
            own.delete(place)
    own.delete(own.of_model(MODEL))
    own.delete(own.of_model(MODEL))  # nothing is there any more
    assert sorted(path.name for path in (root / "models").iterdir()) == sorted(["mine", link.name])
    own.delete(f"{own.of_run(RUN)}/artifacts")
    assert (root / RUN).is_dir() and not any((root / RUN).iterdir())
    assert len(list(other.rglob("*"))) == 5


def says(uri: str, location: str) -> None:
    """Puts into the store that the registry's files are at ``location``."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE experiments SET artifact_location = ?", (location,))


def test_a_root_of_this_machine_lies_beside_its_store(sqlite_uri: str, tmp_path: Path) -> None:
    client = connect(sqlite_uri)
    experiment_id(client, sqlite_uri)  # makes it
    beside = tmp_path / "project" / "mlartifacts"
    assert artifacts_of(client, sqlite_uri) == Artifacts(beside.as_uri(), beside)
    with pytest.raises(
        RegistryError, match=f"registry at https://registry keeps its files in {beside.as_uri()}"
    ):
        artifacts_of(client, "https://me:secret@registry")
    says(sqlite_uri, f"{beside}/")
    assert artifacts_of(client, sqlite_uri) == Artifacts(str(beside), beside)
    for location in (tmp_path / "else", tmp_path / "project2", beside / ".." / ".." / "else"):
        says(sqlite_uri, str(location))
        with pytest.raises(RegistryError, match="not beside its store"):
            artifacts_of(client, sqlite_uri)
    (tmp_path / "link").symlink_to(tmp_path / "project")
    beside.mkdir(parents=True)
    says(sqlite_uri, str(beside))
    through = f"sqlite:///{tmp_path}/link/mlflow.db"
    assert artifacts_of(client, through).folder == beside
    says(sqlite_uri, "s3://bucket/root/")
    for uri in (sqlite_uri, "https://me:secret@registry"):
        assert artifacts_of(client, uri) == Artifacts("s3://bucket/root")
