"""From the registry into the cache, verified."""

import errno
import json
import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from PIL import Image as Pillow

from tests.networks_on_disk import SIZE, write_network
from tests.registry.conftest import GOOD, Trained
from zoo.errors import BasisError, RegistryError, StorageError, UnknownIdentityError
from zoo.registry.browse import remove_model
from zoo.registry.listing import list_models
from zoo.registry.local import cache
from zoo.registry.local.network_resolution import find_network
from zoo.registry.local.pull import pull, pull_preview
from zoo.registry.promotion.gate import GateSettings, promote
from zoo.registry.publishing.signatures import SIGNATURE, signature_of
from zoo.registry.references import Reference, parse_reference
from zoo.serving.library import Library
from zoo.settings import cache_folder
from zoo.storage import sha256_of
from zoo.tracking import connect

Make = Callable[..., Trained]
OPEN_GATE = GateSettings(
    minimum_nearest_rate=0,
    maximum_landmark_difference=100,
    minimum_light_correlation=-1,
    tolerance=0,
)


def test_what_was_published_is_what_arrives(trained: Make, uri: str) -> None:
    ada = trained()
    ada.publish(uri)
    assert cache.resolve(Reference("ada"), uri) is None
    network = pull(Reference("ada"), uri)
    assert network.path.read_bytes() == (ada.model / "network.onnx").read_bytes()
    assert (network.version, network.basis, network.recipe) == (1, "synthetic", "quick")
    assert network.scores["nearest_rate"] == 0.95
    found = cache.resolve(Reference("ada"), uri)
    assert found is not None
    assert found.alias == "candidate"
    card = json.loads((network.path.parent / "card.json").read_text())
    assert card == {
        "identity": "ada", "version": 1, "sha256": network.sha256, "basis": "synthetic",
        "recipe": "quick", "resolution": SIZE, "receipt": ada.receipt["digest"],
        "data_revision": "faces of ada", "scores": GOOD, "signer": network.signer,
        "registry": network.registry,
    }  # fmt: skip


def test_that_a_pull_takes_a_while_is_said_before_it_and_only_then(
    trained: Make, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trained()
    made.publish(uri)
    said: list[str] = []
    monkeypatch.setattr(cache, "MAX_BYTES", (made.model / "network.onnx").stat().st_size - 1)
    with pytest.raises(RegistryError, match="ada version 1 is larger than any swap network"):
        find_network(Reference("ada"), uri, pulling=lambda: said.append("pulling"))
    monkeypatch.setattr(cache, "MAX_BYTES", cache.MAX_BYTES + 1)
    for _ in range(2):  # the second time it is in the cache
        find_network(Reference("ada"), uri, pulling=lambda: said.append("pulling"))
    assert said == ["pulling"] * 2


def test_a_preview_is_shown_if_it_is_a_jpeg_of_bounded_size(
    trained: Make, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("ada", "bruno", "cleo")):
        made = trained(name, factor=1 + number / 10)
        if name == "bruno":  # a picture, but one for another decoder
            Pillow.new("RGB", (64, 32)).save(made.model / "preview.jpg", "PNG")
        made.publish(uri)
    library = Library(uri)
    shown = library.preview("ada", 1)
    assert shown and shown.startswith(b"\xff\xd8\xff")
    assert library.preview("ada", 2) is None and library.preview("dora", 1) is None
    assert library.preview("bruno", 1) is None
    monkeypatch.setattr("zoo.registry.local.pull._MOST_PREVIEW", len(shown) - 1)
    assert library.preview("cleo", 1) is None
    with pytest.raises(RegistryError, match="has no picture of at most 10 MB"):
        pull_preview(Reference("cleo", version=1), uri, cache_folder() / "a.jpg")
    assert [path.stem for path in (cache_folder() / "previews").iterdir()] == [
        pull(Reference("ada"), uri).sha256
    ]


def test_a_second_pull_downloads_nothing(trained: Make, sqlite_uri: str, tmp_path: Path) -> None:
    trained().publish(sqlite_uri)
    first = pull(Reference("ada"), sqlite_uri)
    shutil.rmtree(tmp_path / "project" / "mlartifacts")
    assert pull(Reference("ada"), sqlite_uri) == first


def test_publishing_and_promoting_change_what_the_next_swap_uses(trained: Make, uri: str) -> None:
    trained().publish(uri)
    promote("ada", uri, OPEN_GATE)
    assert find_network(Reference("ada"), uri).version == 1
    trained(factor=0.5).publish(uri)
    assert find_network(Reference("ada"), uri).version == 1
    assert find_network(parse_reference("ada@candidate"), uri).version == 2
    promote("ada", uri, OPEN_GATE)
    assert find_network(Reference("ada"), uri).version == 2
    assert find_network(parse_reference("ada:1"), uri).version == 1


def test_a_registry_made_anew_does_not_get_the_old_networks(
    trained: Make, sqlite_uri: str, empty_store: Path, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    old = find_network(Reference("ada"), sqlite_uri)
    path = tmp_path / "project" / "mlflow.db"
    with closing(sqlite3.connect(empty_store)) as anew, closing(sqlite3.connect(path)) as store:
        anew.backup(store)
    trained(factor=0.5).publish(sqlite_uri)
    for text in ("ada:1", "ada"):
        new = find_network(parse_reference(text), sqlite_uri)
        assert new.version == old.version
        assert new.sha256 != old.sha256


def test_a_network_changed_in_the_registry_is_refused(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    (stored,) = (tmp_path / "project" / "mlartifacts").rglob("model.onnx")
    stored.write_bytes(stored.read_bytes() + b"more")
    with pytest.raises(RegistryError, match="arrived damaged"):
        pull(Reference("ada"), sqlite_uri)
    assert cache.list_cached() == []


def test_a_network_gone_from_the_registry_is_one_sentence(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    shutil.rmtree(tmp_path / "project" / "mlartifacts")
    with pytest.raises(RegistryError, match="no network in the registry"):
        pull(Reference("ada"), sqlite_uri)


def test_a_registry_that_was_moved_says_where_its_files_should_be(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    (tmp_path / "project").rename(tmp_path / "moved")
    with pytest.raises(RegistryError, match=f"still looked for in {tmp_path}/project/mlartifacts"):
        pull(Reference("ada"), f"sqlite:///{tmp_path}/moved/mlflow.db")
    assert not (tmp_path / "project").exists()


def test_a_model_that_others_registered_is_refused(trained: Make, uri: str) -> None:
    trained().publish(uri)
    client = connect(uri)
    client.create_registered_model("eve")
    client.create_model_version("eve", str(client.get_model_version("ada", "1").source))
    with pytest.raises(RegistryError, match="not published by zoo"):
        pull(parse_reference("eve:1"), uri)


def test_what_does_not_exist_is_answered_with_what_does(trained: Make, uri: str) -> None:
    trained().publish(uri)
    for text, words in (
        ("adda", "did you mean ada"),
        ("ada:7", "it has 1"),
        ("ada@champion", r"it has candidate \(version 1\)"),
    ):
        with pytest.raises(UnknownIdentityError, match=words):
            find_network(parse_reference(text), uri)


def test_an_untrained_identity_of_the_project_is_told_apart(trained: Make, uri: str) -> None:
    trained().publish(uri)
    with pytest.raises(UnknownIdentityError, match="dvc repro"):
        find_network(Reference("bruno"), uri, known=["bruno"])


def test_without_any_registry_advice_needs_no_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with pytest.raises(UnknownIdentityError, match="did you mean bruno"):
        find_network(Reference("brumo"), uri, known=["bruno"])
    with pytest.raises(UnknownIdentityError, match="dvc repro"):
        find_network(Reference("bruno"), uri, known=["bruno"])
    with pytest.raises(UnknownIdentityError, match="MLFLOW_TRACKING_URI"):
        find_network(Reference("bruno"), None)
    assert not (tmp_path / "mlflow.db").exists()


def test_removing_takes_all_versions_out(trained: Make, uri: str) -> None:
    trained().publish(uri)
    trained("bruno").publish(uri)
    trained(factor=0.5).publish(uri)
    assert [model.name for model in list_models(uri)] == ["ada", "bruno"]
    assert remove_model(uri, "ada") == [2, 1]
    assert [model.name for model in list_models(uri)] == ["bruno"]
    with pytest.raises(UnknownIdentityError):
        remove_model(uri, "ada")


def test_a_registry_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list_models(f"sqlite:///{tmp_path}/mlflow.db") == []
    assert not (tmp_path / "mlflow.db").exists()


def test_without_a_recorded_basis_nothing_is_pulled(trained: Make, sqlite_uri: str) -> None:
    trained().publish(sqlite_uri)
    client = connect(sqlite_uri)
    client.delete_model_version_tag("ada", "1", "basis")
    for basis in (None, "", "because"):
        if basis is not None:
            client.set_model_version_tag("ada", "1", "basis", basis)
        with pytest.raises(BasisError, match="ada version 1 has no recorded basis"):
            find_network(Reference("ada"), sqlite_uri)
        assert not cache.list_cached(sqlite_uri)


def stored(trained: Make, uri: str, file: Path, **tags: str) -> None:
    """Registers ``file`` by hand as a version of ada, as somebody with a key to sign can."""
    trained().publish(uri)
    client = connect(uri)
    place = client.get_model_version_download_uri("ada", "1").removeprefix("file://")
    Path(place, "model.onnx").write_bytes(file.read_bytes())
    for key, value in {"sha256": sha256_of(file), **tags}.items():
        client.set_model_version_tag("ada", "1", key, value)
    sign(client)


def sign(client: MlflowClient) -> None:
    signature = signature_of("ada", client.get_model_version("ada", "1").tags)
    client.set_model_version_tag("ada", "1", SIGNATURE, signature)


def test_the_network_of_another_is_not_pulled_by_this_name(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    brunos = write_network(tmp_path / "bruno.onnx", identity="bruno")
    stored(trained, sqlite_uri, brunos)
    with pytest.raises(
        RegistryError, match=r"ada version 1 is the network of 'bruno', not of 'ada'"
    ):
        find_network(Reference("ada"), sqlite_uri)
    assert not cache.list_cached(sqlite_uri)


def test_a_tag_that_promises_another_basis_is_not_believed(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    file = write_network(tmp_path / "ada.onnx", identity="ada", basis="research")
    stored(trained, sqlite_uri, file, basis="consent")
    with pytest.raises(RegistryError, match="'research', not 'consent'"):
        pull(Reference("ada"), sqlite_uri)
    client = connect(sqlite_uri)
    client.set_model_version_tag("ada", "1", "basis", "research")
    sign(client)
    assert pull(Reference("ada"), sqlite_uri).basis == "research"


def test_a_pickle_is_refused_when_it_is_pulled(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    file = tmp_path / "network.pickle"
    file.write_bytes(pickle.dumps([1.0, 2.0]))
    stored(trained, sqlite_uri, file)
    with pytest.raises(RegistryError, match="ada version 1 is damaged or not a network file"):
        pull(Reference("ada"), sqlite_uri)
    assert not cache.list_cached(sqlite_uri)


def test_a_network_of_another_resolution_than_its_tag_is_refused(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    stored(trained, sqlite_uri, write_network(tmp_path / "ada.onnx", size=32, identity="ada"))
    with pytest.raises(RegistryError, match="takes faces of 32 px, but its tag says 64"):
        pull(Reference("ada"), sqlite_uri)


def test_a_version_with_a_malformed_tag_is_refused_in_a_sentence(
    trained: Make, sqlite_uri: str
) -> None:
    trained().publish(sqlite_uri)
    connect(sqlite_uri).set_model_version_tag("ada", "1", "resolution", "many")
    with pytest.raises(RegistryError, match="ada version 1 is not pulled: its tag 'resolution'"):
        pull(Reference("ada"), sqlite_uri)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_full_cache_disk_is_blamed_on_the_cache(
    trained: Make, sqlite_uri: str, monkeypatch: pytest.MonkeyPatch, wrapped: bool
) -> None:
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    trained().publish(sqlite_uri)

    def full(**_: object) -> str:
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise MlflowException(f"downloading failed: {error!r}") if wrapped else error

    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", full)
    with pytest.raises(StorageError, match="disk is full") as caught:
        pull(Reference("ada"), sqlite_uri)
    assert str(cache_folder()) in str(caught.value)
    assert "mlflow.db" not in str(caught.value)
