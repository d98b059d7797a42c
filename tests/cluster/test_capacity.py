"""What a cluster holds and could hold, and what is refused (a pretended Ray)."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from zoo.cluster import capacity
from zoo.cluster.autoscaling import Growth, starts_nodes
from zoo.cluster.capacity import GROWN_AT_ONCE, check_room, described, grown
from zoo.errors import ClusterError

GIB = 2.0**30


def pretended(*nodes: dict[str, float]) -> Any:
    return SimpleNamespace(nodes=lambda: [{"Alive": True, "Resources": one} for one in nodes])


@pytest.fixture(autouse=True)
def grows(monkeypatch: pytest.MonkeyPatch) -> dict[str, Growth | None]:
    """What the autoscaler could start; there is none at first."""
    found: dict[str, Growth | None] = {"now": None}
    monkeypatch.setattr(capacity, "growth", lambda ray: found["now"])
    monkeypatch.setattr(capacity, "is_coming", lambda ray: False)
    return found


def check(ray: Any, each: dict[str, float], workers: int = 1) -> None:
    check_room(ray, each, workers=workers, who="A training", change="Lower it", wait=0)


def test_what_no_node_holds_is_refused_with_what_there_is_and_what_to_change() -> None:
    ray = pretended({"memory": 4 * GIB}, {"CPU": 2.0, "memory": 8 * GIB})
    check(ray, {"num_cpus": 2})
    with pytest.raises(ClusterError) as error:
        check(ray, {"num_cpus": 1, "num_gpus": 0.5})
    assert str(error.value) == (
        "A training asks for 1 CPU and 0.5 GPUs on one machine, which the Ray cluster never has: "
        "its nodes have 2 CPUs with 8 GiB; 0 CPUs with 4 GiB. Lower it, or add such a machine."
    )
    with pytest.raises(ClusterError, match=r"16\.0 GiB of memory"):
        check(ray, {"num_cpus": 1, "memory": 16 * GIB})
    with pytest.raises(ClusterError, match="2 times at once"):
        check(ray, {"num_cpus": 2}, workers=2)


def test_what_an_autoscaler_could_start_is_waited_for_and_nothing_else(
    grows: dict[str, Growth | None],
) -> None:
    ray = pretended({"CPU": 0.0})
    grows["now"] = Growth((({"CPU": 4.0}, 2),))
    check(ray, {"num_cpus": 4}, workers=2)
    with pytest.raises(ClusterError, match="autoscaler could start 4 CPUs"):
        check(ray, {"num_cpus": 4}, workers=3)
    with pytest.raises(ClusterError, match="asks for 8 CPUs"):
        check(ray, {"num_cpus": 8})
    grows["now"] = Growth()  # version 1, which does not say
    check(ray, {"num_cpus": 8})


def test_an_autoscaler_that_answers_is_asked(
    grows: dict[str, Growth | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[dict[str, float], int]] = []

    def could_start(ray: Any, bundle: dict[str, float], count: int) -> bool:
        asked.append((bundle, count))
        return bundle["CPU"] <= 4

    monkeypatch.setattr(capacity, "could_start", could_start)
    ray, grows["now"] = pretended({}), Growth(answers=True)
    check(ray, {"num_cpus": 4, "num_gpus": 0}, workers=2)
    with pytest.raises(ClusterError, match="its autoscaler starts none that would do"):
        check(ray, {"num_cpus": 8, "num_gpus": 0.5})
    assert asked == [({"CPU": 4}, 2), ({"CPU": 8, "GPU": 0.5}, 1)]


def test_work_waits_for_nodes_that_an_autoscaler_will_start(
    grows: dict[str, Growth | None],
) -> None:
    ray = pretended({"CPU": 0.0}, {"CPU": 2.0})
    assert grown(ray, {"num_cpus": 1}) == 2
    grows["now"] = Growth(answers=True)
    assert grown(ray, {"num_cpus": 1}) == 2 + GROWN_AT_ONCE
    grows["now"] = Growth((({"CPU": 2.0}, 3),))
    assert grown(ray, {"num_cpus": 1}) == 6


def test_an_autoscaler_that_only_watches_is_none() -> None:
    def status(*kinds: str) -> bytes:
        return json.dumps({"autoscaler_report": {"active_nodes": dict.fromkeys(kinds, 1)}}).encode()

    watched = f"node_{'8209d2ca' * 7}"
    assert not starts_nodes(status(watched)) and not starts_nodes(None) and not starts_nodes(b"?")
    assert starts_nodes(status("head")) and starts_nodes(status(watched, "gpu"))


def test_demands_in_words() -> None:
    asked = {"num_cpus": 1, "num_gpus": 0.1, "memory": GIB}
    assert described(asked) == "1 CPU, 0.1 GPUs and 1.0 GiB of memory"
