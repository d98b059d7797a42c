"""A server that is killed, an answer that is lost, an object store that is away.

The outcome of each is printed: ``pytest -rP`` shows it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread
from unittest import mock

import pytest

from tests.faulty import Fault, FaultyProxy, faulty_proxy
from tests.listening import Listening, listening, processes_of
from tests.registry.conftest import Trained
from tests.servers import BUCKET, KEYS, free_port, s3
from zoo.errors import RegistryError
from zoo.registry.browse import show_model
from zoo.registry.local.network_resolution import find_network
from zoo.registry.maintenance.server import running_server, stop
from zoo.registry.promotion.lease import lease
from zoo.registry.references import Reference

Make = Callable[..., Trained]
AWAY_SECONDS = 3.0


class Registry:
    """An MLflow server over SQLite with artifacts in S3, and what stands in between."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._database, self._port, self._stack = folder / "mlflow.db", free_port(), stack
        self.store = stack.enter_context(faulty_proxy(stack.enter_context(s3())))
        environment = {**KEYS, "MLFLOW_S3_ENDPOINT_URL": self.store.url}
        stack.enter_context(mock.patch.dict("os.environ", environment))
        self.start()
        self.proxy: FaultyProxy = stack.enter_context(faulty_proxy(self.address))

    @property
    def uri(self) -> str:
        """Through the proxy."""
        return self.proxy.url

    def start(self) -> None:
        self.address, self._process = self._stack.enter_context(
            running_server(
                f"sqlite:///{self._database}", f"s3://{BUCKET}/artifacts", port=self._port
            )
        )

    def listening(self) -> set[Listening]:
        """All that the server and its workers listen on."""
        return listening(processes_of(self._process.pid))

    def kill(self) -> None:
        stop(self._process, kill=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with ExitStack() as stack:
        yield Registry(tmp_path_factory.mktemp("server"), stack)


@pytest.fixture
def registry(server: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    server.proxy.seen.clear()
    return server


def versions(registry: Registry, name: str) -> list[int]:
    return [version.version for version in show_model(registry.uri, name).versions]


def test_the_server_is_for_this_machine_alone(registry: Registry) -> None:
    found = registry.listening()
    assert registry.address in {f"http://127.0.0.1:{one.port}" for one in found}
    assert [one for one in found if not one.loopback] == []


def test_a_version_whose_answer_is_lost_is_there_once(trained: Make, registry: Registry) -> None:
    made = trained("ada")
    registry.proxy.next(Fault(keep=0), method="POST", path="model-versions/create")
    with pytest.raises(RegistryError):
        made.publish(registry.uri)
    created = [seen for seen in registry.proxy.seen if "model-versions/create" in seen.path]
    assert len(created) == 1, "it was asked for twice"
    assert made.publish(registry.uri) == 1
    assert versions(registry, "ada") == [1]
    print("answer lost: version 1 found again, none twice")


def test_an_object_store_that_is_away_for_a_while_is_waited_for(
    trained: Make, registry: Registry
) -> None:
    made = trained("bruno")
    registry.store.go_down(AWAY_SECONDS)
    begin = time.monotonic()
    assert made.publish(registry.uri) == 1
    assert time.monotonic() - begin >= AWAY_SECONDS
    assert find_network(Reference("bruno"), registry.uri).version == 1
    print(f"store away for {AWAY_SECONDS:.0f} s: published after {time.monotonic() - begin:.1f} s")


@pytest.mark.faults
@pytest.mark.parametrize("when", ["logged-models", "model-versions/create"])
def test_a_server_killed_during_registration_is_taken_up_again(
    trained: Make, registry: Registry, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The lease that the first try could not give back is waited for less long than it would be.
    monkeypatch.setattr("zoo.registry.publishing.publish.lease", partial(lease, wait_seconds=3.0))
    name = "carl" if when == "logged-models" else "dora"
    made = trained(name)

    def kill_in_time() -> None:
        while not any(when in seen.path for seen in list(registry.proxy.seen)):
            time.sleep(0.002)
        registry.kill()

    killer = Thread(target=kill_in_time)
    killer.start()
    try:
        first: int | None = made.publish(registry.uri)
    except RegistryError as error:
        first = None
        assert "\n" not in str(error)
    killer.join()
    registry.start()
    assert made.publish(registry.uri) == 1
    assert versions(registry, name) == [1]
    assert find_network(Reference(name), registry.uri).version == 1
    said = "the first try had got through" if first else "the first try failed in one sentence"
    print(f"server killed at {when}: {said}; the second left version 1, none twice")
