"""The cache answers from disk, believes nothing unverified, and keeps registries apart."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zoo.errors import StorageError, UsageError
from zoo.registry.local import cache, cache_index
from zoo.registry.local.cache_index import list_lines
from zoo.registry.references import Reference, parse_reference
from zoo.storage import sha256_of

HERE, THERE = "sqlite:////here/mlflow.db", "https://me:secret@registry.example"

Put = Callable[..., cache.CachedNetwork]


@pytest.fixture(autouse=True)
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))

    def put(
        name: str = "ada", version: int = 1, uri: str = HERE, **aliases: int
    ) -> cache.CachedNetwork:
        source = tmp_path / f"{name}-{version}.onnx"
        source.write_bytes(f"{uri} {name} {version}".encode())
        card = {
            "identity": name,
            "version": version,
            "sha256": sha256_of(source),
            "basis": "synthetic",
            "recipe": "quick",
            "resolution": 64,
            "scores": {"nearest_rate": 0.9},
        }

        def fetch(path: Path) -> None:
            path.write_bytes(source.read_bytes())

        network = cache.store(uri, card, fetch)
        cache.remember_aliases(uri, name, aliases)
        return network

    return put


def test_an_empty_cache_has_nothing() -> None:
    assert cache.resolve(Reference("ada"), HERE) is None
    assert cache.resolve(Reference("ada"), None) is None
    assert cache.list_cached() == []


def test_names_aliases_and_versions_are_resolved(put: Put) -> None:
    put("ada", 1, champion=1, candidate=2)
    put("ada", 2, champion=1, candidate=2)

    def version(text: str) -> int | None:
        network = cache.resolve(parse_reference(text), HERE)
        return network.version if network else None

    assert [version(text) for text in ("ada", "ada@candidate", "ada:2")] == [1, 2, 2]
    assert [version(text) for text in ("ada:3", "ada@other", "bruno")] == [None] * 3


def test_without_a_champion_the_candidate_is_taken_and_said(put: Put) -> None:
    put("ada", 2, candidate=2)
    network = cache.resolve(Reference("ada"), HERE)
    assert network is not None
    assert (network.version, network.alias) == (2, "candidate")


def test_a_changed_file_is_not_used(put: Put) -> None:
    network = put(champion=1)
    network.path.write_bytes(b"something else")
    assert cache.resolve(Reference("ada"), HERE) is None
    assert cache.find_version(HERE, "ada", 1, network.sha256) is None


def test_a_file_that_goes_away_meanwhile_is_not_whole(put: Put) -> None:
    network = put(champion=1)
    assert cache._is_whole(network)
    network.path.unlink()
    assert not cache._is_whole(network)


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"identity": "bruno"}', "\0"])
def test_a_damaged_card_counts_as_absent(put: Put, card: str) -> None:
    network = put(champion=1)
    (network.path.parent / "card.json").write_text(card)
    assert cache.resolve(Reference("ada"), HERE) is None
    assert cache.list_cached() == []


@pytest.mark.parametrize("basis", ["", "because", None])
def test_a_network_without_a_recorded_basis_counts_as_absent(put: Put, basis: str | None) -> None:
    network = put(champion=1)
    card = json.loads((network.path.parent / "card.json").read_text())
    (network.path.parent / "card.json").write_text(json.dumps({**card, "basis": basis}))
    assert cache.resolve(Reference("ada"), HERE) is None
    assert cache.list_cached() == []


def test_a_card_of_another_identity_is_not_believed(put: Put) -> None:
    network, other = put("ada", champion=1), put("bruno", champion=1)
    card = (network.path.parent / "card.json").read_text()
    (other.path.parent / "card.json").write_text(card)
    assert cache.resolve(Reference("bruno"), HERE) is None


def test_a_file_too_large_for_a_network_is_not_hashed(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(champion=1)
    monkeypatch.setattr(cache, "MAX_BYTES", 4)
    assert cache.resolve(Reference("ada"), HERE) is None


def test_damaged_aliases_are_forgotten(put: Put) -> None:
    network = put(champion=1)
    (network.path.parents[1] / "aliases.json").write_text('{"champion": "1"}')
    assert cache.resolve(Reference("ada"), HERE) is None
    assert cache.resolve(Reference("ada", version=1), HERE) is not None


def test_forgotten_aliases_send_the_next_swap_to_the_registry(put: Put) -> None:
    put(champion=1)
    put(uri=THERE, champion=1)
    cache.forget_aliases("ada", HERE)
    assert cache.resolve(Reference("ada"), HERE) is None
    assert cache.resolve(Reference("ada"), THERE) is not None
    cache.forget_aliases("ada")
    assert cache.resolve(Reference("ada"), THERE) is None


def test_two_registries_keep_their_adas_apart(put: Put) -> None:
    here, there = put(uri=HERE, champion=1), put(uri=THERE, champion=1)
    assert here.sha256 != there.sha256
    for uri, network in ((HERE, here), (THERE, there)):
        found = cache.resolve(Reference("ada"), uri)
        assert found is not None
        assert found.sha256 == network.sha256


def test_outside_a_project_a_name_is_found_where_only_one_registry_has_it(put: Put) -> None:
    put("ada", uri=HERE, champion=1)
    put("bruno", uri=HERE, champion=1)
    put("bruno", uri=THERE, champion=1)
    assert cache.resolve(Reference("ada"), None) is not None
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI"):
        cache.resolve(Reference("bruno"), None)


def test_an_sqlite_address_is_the_same_from_every_folder(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(uri=f"sqlite:///{tmp_path}/mlflow.db", champion=1)
    monkeypatch.chdir(tmp_path)
    assert cache.resolve(Reference("ada"), "sqlite:///mlflow.db") is not None
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert cache.resolve(Reference("ada"), "sqlite:///mlflow.db") is None


def test_passwords_are_not_kept(put: Put, tmp_path: Path) -> None:
    put(uri=THERE)
    kept = [path.read_text() for path in (tmp_path / "cache").rglob("*.json")]
    assert kept
    assert not any("secret" in text for text in kept)
    assert cache.list_cached()[0].registry == "https://registry.example"


def test_a_failed_fetch_leaves_the_old_version_and_nothing_else(put: Put) -> None:
    network = put(champion=1)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="disk is full"):
        cache.store(HERE, {"identity": "ada", "version": 1}, fail)
    assert sha256_of(network.path) == network.sha256
    assert sorted(path.name for path in network.path.parents[1].iterdir()) == ["1", "aliases.json"]


def test_networks_are_listed_newest_first_and_removed(put: Put) -> None:
    for name, version in (("bruno", 1), ("ada", 9), ("ada", 10)):
        put(name, version, champion=9)
    found = [(network.identity, network.version) for network in cache.list_cached(HERE)]
    assert found == [("ada", 10), ("ada", 9), ("bruno", 1)]
    assert cache.cached_aliases(cache.list_cached(HERE)[1]) == ["champion"]
    assert [network.version for network in cache.remove_cached("ada", HERE, 9)] == [9]
    assert [network.version for network in cache.remove_cached("ada", HERE)] == [10]
    assert [network.identity for network in cache.list_cached(HERE)] == ["bruno"]
    assert cache.remove_cached("ada", HERE) == []


def test_the_short_list_notices_every_change(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_index, "_SETTLED_NS", 0)

    def lines() -> list[tuple[str, int, tuple[str, ...]]]:
        return [(line.identity, line.version, line.aliases) for line in list_lines(HERE)]

    assert lines() == []
    network = put("ada", 1, champion=1)
    put("bruno", 4, candidate=4)
    expected = [("ada", 1, ("champion",)), ("bruno", 4, ("candidate",))]
    assert lines() == lines() == expected
    assert list_lines(HERE)[0].recognised_rate == 0.9
    assert (network.path.parents[2] / "index.json").is_file()
    put("ada", 2, champion=2)
    assert lines() == [("ada", 2, ("champion",)), ("ada", 1, ()), expected[1]]
    cache.forget_aliases("ada", HERE)
    cache.remove_cached("bruno", HERE)
    assert lines() == [("ada", 2, ()), ("ada", 1, ())]
    index = network.path.parents[2] / "index.json"
    index.write_text("{damaged")
    assert lines() == [("ada", 2, ()), ("ada", 1, ())]
    # An earlier version knew no judge: its index is read anew, its lines are not.
    known = json.loads(index.read_text())
    known["ada"][1] = [line[:-1] for line in known["ada"][1]]
    index.write_text(json.dumps(known))
    assert lines() == [("ada", 2, ()), ("ada", 1, ())]
    assert list_lines(HERE)[0].judge == "dlib"


def test_the_card_says_where_a_network_comes_from(put: Put) -> None:
    card = json.loads((put().path.parent / "card.json").read_text())
    assert card["registry"] == HERE
    assert card["basis"] == "synthetic"


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "change",
    [
        '{"version": Infinity}', '{"version": 1e999}', '{"resolution": NaN}',
        '{"scores": {"x": 1' + "0" * 400 + "}}", '{"scores": [1]}', '{"scores": {"x": "high"}}',
        DEEP, "\ud800",
    ],
)  # fmt: skip
def test_a_card_of_others_counts_as_absent_and_the_rest_is_there(put: Put, change: str) -> None:
    network, other = put("ada"), put("bruno")
    card = network.path.with_name("card.json")
    if change.startswith("{"):
        whole = json.loads(card.read_text())
        change = json.dumps({**whole, "scores": {}})[:-1] + ", " + change[1:]
    card.write_bytes(change.encode("utf-8", "surrogatepass"))
    assert [found.identity for found in cache.list_cached(HERE)] == ["bruno"]
    assert [line.identity for line in list_lines(HERE)] == ["bruno"]
    assert cache.resolve(Reference("ada", version=1), HERE) is None
    assert cache.resolve(Reference("bruno", version=1), HERE) == other


def test_a_fifo_in_the_cache_is_not_waited_for(put: Put) -> None:
    for name in ("network.onnx", "card.json"):
        path = put("ada", 1, champion=1).path.with_name(name)
        path.unlink()
        os.mkfifo(path)
        assert cache.resolve(Reference("ada"), HERE) is None
        assert cache.list_cached(HERE) == []
    aliases = put("bruno", 1, champion=1).path.parents[1] / "aliases.json"
    aliases.unlink()
    os.mkfifo(aliases)
    assert cache.resolve(Reference("bruno"), HERE) is None


@pytest.mark.parametrize(
    "lines", [[[1]], [None], 3, [["1", [], "", 64, "", None, "", None]], [[1, 2, 3]], "x", {}]
)
def test_a_damaged_index_is_read_again(put: Put, lines: object, tmp_path: Path) -> None:
    folder = put("ada", 1, champion=1).path.parents[1]
    os.utime(folder, (1_000_000_000, 1_000_000_000))
    wanted = list_lines(HERE)
    index = folder.parent / "index.json"
    index.write_text(json.dumps({"ada": [folder.stat().st_mtime_ns, lines]}))
    assert list_lines(HERE) == wanted
    index.write_text(DEEP)
    assert list_lines(HERE) == wanted
