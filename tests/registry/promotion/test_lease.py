"""Leases in a real store, by a clock that passes only while something sleeps."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST

from zoo.errors import RegistryError
from zoo.registry.promotion import lease as module
from zoo.registry.promotion.alias_history import who
from zoo.registry.promotion.lease import is_lease, lease
from zoo.tracking import connect


class Clock:
    """``then`` happens after each sleep."""

    now = 100.0
    then: Callable[[], object] = staticmethod(lambda: None)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0.02 <= seconds <= 0.1
        self.now += seconds
        self.then()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def client(sqlite_uri: str) -> Any:
    return connect(sqlite_uri)


def held(client: Any) -> dict[str, str]:
    """Who holds what, as the registry says."""
    found = client.search_registered_models()
    return {model.name: model.tags.get("holder", "") for model in found}


def test_a_lease_is_a_model_for_as_long_as_the_block_runs(client: Any, clock: Clock) -> None:
    with lease(client, "ada"):
        [(name, holder)] = held(client).items()
        said = json.loads(holder)
        assert name == "ada.lease" and is_lease(name) and not is_lease("ada")
        assert (said["who"], said["process"]) == (who(), os.getpid())
        assert len(said["token"]) == 32 and len(said) == 3
    assert held(client) == {} and clock.now == 100
    with pytest.raises(ZeroDivisionError), lease(client, "ada"):
        raise ZeroDivisionError
    assert held(client) == {}


def test_a_lease_that_became_anothers_meanwhile_is_left_to_it(client: Any, clock: Clock) -> None:
    with lease(client, "ada"):
        client.set_registered_model_tag("ada.lease", "holder", "somebody")
    assert held(client) == {"ada.lease": "somebody"}
    with lease(client, "bea"):
        client.delete_registered_model("bea.lease")  # it expired, and whoever broke it is done
    assert held(client) == {"ada.lease": "somebody"}


def test_the_lease_of_a_dead_process_is_broken_after_the_wait(client: Any, clock: Clock) -> None:
    client.create_registered_model("ada.lease", {"holder": "dead"})
    with lease(client, "ada", 2.0):
        assert 102.0 < clock.now < 102.3
        assert json.loads(held(client)["ada.lease"])["who"] == who()
    assert held(client) == {}


def test_leases_that_change_hands_are_waited_for_ten_times_as_long(
    client: Any, clock: Clock
) -> None:
    client.create_registered_model("ada.lease", {})

    def changes_hands() -> None:
        holder = {"who": f"her@{int(clock.now)}", "process": 7, "token": str(clock.now)}
        client.set_registered_model_tag("ada.lease", "holder", json.dumps(holder))

    clock.then = changes_hands
    words = r"^ada is locked by her@101 \(process 7\); try again\.$"
    with pytest.raises(RegistryError, match=words), lease(client, "ada", 0.2):
        pass
    assert 102 <= clock.now < 102.2
    assert held(client)["ada.lease"].startswith('{"who": "her@102"')


def test_what_the_registry_refuses_otherwise_is_an_error_at_once(client: Any, clock: Clock) -> None:
    with pytest.raises(MlflowException, match="name"), lease(client, "a/b"):
        pass
    assert clock.now == 100


def test_a_lease_that_was_given_back_just_then_is_asked_for_again(
    client: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise MlflowException("gone", error_code=RESOURCE_DOES_NOT_EXIST)

    with monkeypatch.context() as patch:
        patch.setattr(client, "create_registered_model", gone)
        words = "ada is locked by somebody"
        with pytest.raises(RegistryError, match=words), lease(client, "ada", 0.1):
            pass
        assert clock.now == pytest.approx(101, abs=0.1)
        clock.then = patch.undo
        with lease(client, "ada", 0.1):
            assert clock.now < 101.3 and "ada.lease" in held(client)


def test_a_lease_whose_answer_was_lost_is_ones_own(
    client: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = client.create_registered_model

    def lost(*what: Any, **more: Any) -> None:
        create(*what, **more)
        raise MlflowException("there", error_code=RESOURCE_ALREADY_EXISTS)

    monkeypatch.setattr(client, "create_registered_model", lost)
    with lease(client, "ada"):
        assert clock.now == 100 and "ada.lease" in held(client)
    assert held(client) == {}


@pytest.mark.parametrize("holder", [None, "", "{", '{"who": 1}', "[1]"])
def test_a_holder_that_others_wrote_is_somebody(holder: str | None) -> None:
    assert module._words(holder) == "somebody"
