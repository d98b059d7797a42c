"""The remembered list tells what the registry does, whoever changed it."""

from collections.abc import Callable

import pytest

from tests.registry.conftest import Trained
from tests.registry.test_promotion import GATE
from zoo.registry import listing
from zoo.registry.browse import remove_model
from zoo.registry.listing import list_models
from zoo.registry.promotion import promote
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
