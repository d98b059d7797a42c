"""Who trains when: the scheduler with a pretended cluster (test_faults has a real one)."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.servers import free_port
from zoo.cluster.capacity import alive, room
from zoo.cluster.joining import connected
from zoo.errors import ClusterError, IdentityError, StorageError, TrainingError
from zoo.training.ray import scheduler as fanout_module
from zoo.training.ray.ray_cluster import is_final, reason
from zoo.training.ray.scheduler import FanoutSettings, _Scheduler
from zoo.training.ray.worker_groups import WorkerGroup

SETTINGS = FanoutSettings(gpus_per_job=0, retries=2, backoff=0.0)


class RayError(Exception):
    def __init__(self, cause: Exception | None = None) -> None:
        super().__init__("the whole story")
        self.cause = cause


class RayTaskError(RayError):
    pass


class ActorDiedError(RayError):
    pass


@dataclass
class Cluster:
    """A pretended Ray: ``outcome(identity, attempt)`` says how a training ends."""

    workers: int
    outcome: Callable[[str, int], object] = lambda identity, attempt: f"network of {identity}"
    steps: Callable[[str, int], list[float]] = lambda identity, attempt: []
    opened: int = 0
    closed: int = 0
    most: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    ended: dict[str, object] = field(default_factory=dict)
    reported: dict[str, Any] = field(default_factory=dict)

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def wait(self, references: list[str], timeout: float) -> tuple[list[str], list[str]]:
        return references[:1], references[1:]

    def get(self, reference: str) -> object:
        result = self.ended[reference]
        if isinstance(result, Exception):
            raise result
        return result

    def fit(self) -> int:
        return self.workers

    def needs(self) -> str:
        return "1 CPUs"

    def reports(self) -> dict[str, Any]:
        reports, self.reported = self.reported, {}
        return reports

    def open(self) -> tuple[str, WorkerGroup]:
        self.opened += 1
        ready = f"worker {self.opened}"
        self.ended[ready] = ready
        self.most = max(self.most, self.opened - self.closed)
        return ready, WorkerGroup([ready])

    def close(self, group: WorkerGroup) -> None:
        self.closed += 1

    def submit(self, job: Any, group: WorkerGroup) -> None:
        attempt = self.attempts[job.identity] = self.attempts.get(job.identity, 0) + 1
        group.results = [f"{job.identity} {attempt}"]
        self.ended[group.results[0]] = self.outcome(job.identity, attempt)
        rows = [{"step": step} for step in self.steps(job.identity, attempt)]
        self.reported[job.identity] = SimpleNamespace(rows=rows, lines=[])


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def __getattr__(self, event: str) -> Callable[..., None]:
        return lambda *facts: self.heard.append((event, *facts))

    def of(self, event: str) -> list[Any]:
        return [facts[1] for facts in self.heard if facts[0] == event]


class Job:
    def __init__(self, identity: str) -> None:
        self.identity, self.style = identity, bytearray(1_000_000)


def run(cluster: Cluster, *names: str, settings: FanoutSettings = SETTINGS) -> Listener:
    callback = Listener()
    jobs: Any = {name: lambda name=name: Job(name) for name in names}
    step(_Scheduler(cluster, cluster, jobs, settings, callback))  # type: ignore[arg-type]
    return callback


def step(fanout: _Scheduler) -> None:
    for _ in range(10_000):
        if not fanout.has_work():
            return
        fanout.scale_groups()
        fanout.start_jobs()
        fanout.poll()
    raise AssertionError("it never ends")


def test_three_hundred_jobs_are_made_one_by_one_on_few_lanes() -> None:
    cluster, callback = Cluster(workers=2), Listener()
    living: weakref.WeakSet[Job] = weakref.WeakSet()
    most = 0

    def make(name: str) -> Job:
        nonlocal most
        living.add(job := Job(name))
        most = max(most, len(living))
        return job

    names = [f"person-{number}" for number in range(300)]
    jobs: Any = {name: lambda name=name: make(name) for name in names}
    step(_Scheduler(cluster, cluster, jobs, SETTINGS, callback))  # type: ignore[arg-type]
    assert sorted(callback.of("trained")) == sorted(names)
    assert most <= 2
    assert cluster.opened == cluster.most == 2


def test_a_crash_is_tried_again_on_a_new_lane_and_an_error_on_the_same_one() -> None:
    died = Cluster(1, lambda name, attempt: ActorDiedError() if attempt == 1 else "network")
    callback = run(died, "ada")
    assert [facts[0] for facts in callback.heard] == ["started", "retried", "started", "trained"]
    assert "killed, or out of memory" in callback.heard[1][2]
    assert (died.opened, died.closed) == (2, 1)

    failed = Cluster(1, lambda name, attempt: RayTaskError(OSError("no")) if attempt == 1 else "ok")
    assert run(failed, "ada").of("trained") == ["ada"]
    assert failed.opened == 1


def test_a_job_that_never_comes_further_fails_and_stops_no_other() -> None:
    cluster = Cluster(
        1,
        lambda name, attempt: ActorDiedError() if name == "ada" else "network",
        lambda name, attempt: [0.0, 1.0],
    )
    callback = run(cluster, "ada", "bruno")
    assert callback.of("retried") == ["ada"] * 2
    assert callback.of("failed") == ["ada"] and callback.of("trained") == ["bruno"]


def test_a_job_that_comes_further_each_time_has_all_its_retries_again() -> None:
    cluster = Cluster(
        1,
        lambda name, attempt: ActorDiedError() if attempt < 9 else "network",
        lambda name, attempt: [10.0 * attempt],
    )
    assert run(cluster, "ada").of("trained") == ["ada"]


def test_what_we_say_ourselves_is_final_but_for_storage_that_is_away() -> None:
    wrong = Cluster(1, lambda name, attempt: RayTaskError(TrainingError("no number.")))
    assert run(wrong, "ada").heard[-1][:3] == ("failed", "ada", "no number.")
    assert wrong.attempts == {"ada": 1}
    away = Cluster(1, lambda name, attempt: RayTaskError(StorageError("full.")))
    assert run(away, "ada").heard[-1][:3] == ("failed", "ada", "full.")
    assert away.attempts == {"ada": 3}
    assert is_final(RayTaskError(TrainingError("no."))) and not is_final(ActorDiedError())


def test_a_job_that_cannot_be_made_fails_alone() -> None:
    cluster, callback = Cluster(1), Listener()

    def damaged() -> Job:
        raise IdentityError("its pack is damaged.")

    jobs: Any = {"ada": damaged, "bruno": lambda: Job("bruno")}
    step(_Scheduler(cluster, cluster, jobs, SETTINGS, callback))  # type: ignore[arg-type]
    assert callback.of("failed") == ["ada"] and callback.of("trained") == ["bruno"]


def test_lanes_follow_the_cluster_and_end_when_nothing_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fanout_module, "LOOK_SECONDS", 0.0)
    cluster, callback = Cluster(workers=1), Listener()
    jobs: Any = {name: lambda name=name: Job(name) for name in "abcdef"}
    fanout = _Scheduler(cluster, cluster, jobs, SETTINGS, callback)  # type: ignore[arg-type]
    fanout.scale_groups()
    assert cluster.opened == 1
    cluster.workers = 4  # machines join
    fanout.scale_groups()
    assert cluster.opened == 4
    cluster.workers = 2  # and leave
    fanout.scale_groups()
    assert cluster.opened - cluster.closed == 2
    step(fanout)
    assert len(callback.of("trained")) == 6

    asked = FanoutSettings(gpus_per_job=0, at_once=3)
    growing = Cluster(workers=1)
    run(growing, *"abcdef", settings=asked)
    assert growing.most == 3  # a cluster that grows sees three wait


def test_a_machine_too_small_is_said_at_once_and_a_cluster_may_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(TrainingError, match="more than this machine has"):
        run(Cluster(workers=0), "ada")
    monkeypatch.setenv("RAY_ADDRESS", "somewhere")
    monkeypatch.setattr(fanout_module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(fanout_module, "POLL_SECONDS", 0.0)
    cluster, callback = Cluster(workers=0), Listener()
    fanout = _Scheduler(cluster, cluster, {"ada": lambda: Job("ada")}, SETTINGS, callback)  # type: ignore
    fanout.scale_groups()
    fanout.poll()
    assert callback.of("waits") == ["no machine of the Ray cluster has 1 CPUs yet"]
    cluster.workers = 1
    step(fanout)
    assert callback.of("trained") == ["ada"]


def test_lanes_that_never_come_up_end_the_stage() -> None:
    cluster = Cluster(workers=1)
    real = cluster.open

    def broken() -> tuple[str, WorkerGroup]:
        ready, group = real()
        cluster.ended[ready] = RayTaskError(ModuleNotFoundError("No module named 'zoo'"))
        return ready, group

    cluster.open = broken  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match="No module named 'zoo'"):
        run(cluster, "ada")
    assert cluster.opened == 3


def test_a_cluster_that_does_not_answer_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free_port()}")
    with pytest.raises(ClusterError, match="No Ray cluster answers"), connected():
        pass


def test_room_is_counted_node_by_node() -> None:
    def nodes(*resources: dict[str, float]) -> list[Any]:
        return [{"Alive": True, "Resources": one} for one in resources]

    each = {"num_cpus": 3, "num_gpus": 0}
    assert room(alive(nodes({"CPU": 2.0}, {"CPU": 2.0})), each) == 0
    assert room(alive(nodes({"CPU": 8.0}, {"CPU": 4.0}, {"memory": 1.0})), each) == 3
    dead = {"Alive": False, "Resources": {"CPU": 64.0}}
    assert room(alive([dead, *nodes({"CPU": 3.0})]), each) == 1
    shared = {"num_cpus": 1, "num_gpus": 0.1}
    assert room(alive(nodes({"CPU": 64.0, "GPU": 1.0}, {"CPU": 64.0})), shared) == 10
    assert room(alive(nodes({"CPU": 4.0, "GPU": 1.0})), shared) == 4


def test_reasons_are_one_line() -> None:
    assert reason(RayTaskError(ValueError("first\nsecond"))) == "ValueError: first"
    assert reason(RayTaskError(IdentityError("a sentence."))) == "a sentence."
    assert "\n" not in reason(ActorDiedError())
