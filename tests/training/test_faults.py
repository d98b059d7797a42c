"""Trainings through faults, on a real Ray cluster of several nodes on this machine.

Each test prints what happened to whom; what comes out is the network of an undisturbed training.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import yaml
from ray.cluster_utils import Cluster
from safetensors.torch import load, load_file

from tests.ray_nodes import ray_nodes
from tests.training.conftest import RECIPE
from zoo.faces.curation.face_pack import read_pack
from zoo.networks.compact import read_compact
from zoo.products import receipts
from zoo.products.incremental import Outcome
from zoo.settings import Project, tracking_uri
from zoo.tracking import connect
from zoo.training.job import Job
from zoo.training.loop.train import train
from zoo.training.recipes import Recipe
from zoo.training.stage import train_identities

CHECKPOINT_EVERY = 3
ITERATIONS = 36
LONG = {
    **RECIPE,
    "phases": [{"resolution": 64, "batch": 2, "iterations": ITERATIONS}],
    "checkpoint_every": CHECKPOINT_EVERY,
    "validate_every": 12,
    "learning_rate": 1e-3,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, where drivers connect, and two nodes of one CPU."""
    with ray_nodes(1, 1) as cluster:
        yield cluster


@pytest.fixture
def project(project: Project, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    params = {
        "recipe": "long",
        "recipes": {"long": LONG},
        "fanout": {"gpus_per_job": 0, "retries": 1, "backoff": 0.1},
    }
    (project.root / "params.yaml").write_text(yaml.safe_dump(params))
    return project


@pytest.mark.faults
def test_jobs_spread_over_nodes_and_leave_one_that_is_killed(
    project: Project, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    where: list[str] = []

    def kill() -> None:
        await_iteration(project, "dave", 1)
        where.extend(node_of(project, name) for name in ("carol", "dave"))
        nodes = {node.node_id: node for node in cluster.worker_nodes}
        victim = nodes[where[0]]
        for process in victim.all_processes["raylet"]:
            os.kill(process.process.pid, signal.SIGKILL)

    outcome = train_and(project, "carol", kill)
    assert len(set(where)) == 2
    assert sorted(outcome.made) == ["carol", "dave"] and not outcome.failed
    assert node_of(project, "carol") == where[1]  # the node that is left
    assert lost(project, "carol") <= CHECKPOINT_EVERY
    assert_as_undisturbed(project)
    tell(capsys, "node killed", project)
    (dead,) = [node for node in cluster.worker_nodes if node.node_id == where[0]]
    cluster.remove_node(dead)
    cluster.add_node(num_cpus=1)


@pytest.mark.faults
def test_an_interrupted_and_then_a_killed_driver_are_gone_on_from(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_and(project, "carol", interrupt)
    assert "others resume from their last checkpoints" in capsys.readouterr().err
    client = connect(tracking_uri(project))
    assert {run.info.status for run in client.search_runs(["1"])} == {"KILLED"}
    assert_nothing_half_written(project)
    interrupted = last_iteration(project, "carol")

    script = (
        "from pathlib import Path; from zoo.settings import Project;"
        "from zoo.training.stage import train_identities;"
        f"train_identities(Project(Path({str(project.root)!r})))"
    )
    driver = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    await_iteration(project, "carol", interrupted + CHECKPOINT_EVERY)
    worker = worker_of(project, "carol")
    driver.kill()
    driver.wait()
    assert_nothing_half_written(project)

    outcome = train_identities(project)
    assert sorted(outcome.made) == ["carol", "dave"] and not outcome.failed
    assert not Path(f"/proc/{worker}").exists()  # nobody is left behind
    assert lost(project, "carol") <= CHECKPOINT_EVERY
    assert_as_undisturbed(project)
    tell(capsys, "driver interrupted, then killed", project)


@pytest.mark.faults
def test_a_full_disk_fails_a_training_and_space_lets_it_go_on(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(project.root / "checkpoints" / "carol"), small_disk(project.models):
        outcome = train_identities(project)
        assert not outcome.made
        assert all("the disk is full" in outcome.failed[name] for name in ("carol", "dave"))
        assert [path.name for path in project.models.iterdir()] == ["INDEX.json"]
    outcome = train_identities(project)
    assert sorted(outcome.made) == ["carol", "dave"]
    assert f"from iteration {ITERATIONS} on" in log_of(project, "dave")
    assert_as_undisturbed(project)
    tell(capsys, "disk full", project)


@pytest.mark.faults
def test_two_workers_on_two_nodes_share_one_training(project: Project) -> None:
    path = project.root / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["fanout"]["workers_per_job"] = 2
    path.write_text(yaml.safe_dump(params))
    outcome = train_identities(project, ["carol"])
    assert outcome.made == ["carol"], outcome.failed
    receipt = receipts.read(project.models / "carol")
    assert (receipt["workers"], receipt["threads"]) == (2, 1)
    undisturbed(project, "carol")
    assert receipt["losses"]["total"] == pytest.approx(_losses["carol"], rel=0.03)  # in bf16


def test_the_cluster_is_not_joined_without_its_token(cluster: Cluster) -> None:
    assert cluster.address.startswith("127.0.0.1:")
    shown = {  # with its own all others here join it
        "another": {"RAY_AUTH_TOKEN": "another" * 8},
        "none": {"RAY_AUTH_MODE": "token"},
    }
    joining = {name: _join(cluster, token) for name, token in shown.items()}
    said = {name: process.communicate(timeout=120)[0] for name, process in joining.items()}
    assert f"at RAY_ADDRESS={cluster.address}; check" in said["another"]
    assert "if it asks for a token, RAY_AUTH_TOKEN" in said["another"]
    assert f"at RAY_ADDRESS={cluster.address} requires another token" in said["none"]


def _join(cluster: Cluster, token: dict[str, str]) -> "subprocess.Popen[str]":
    """A driver of another user's, who knows this token and no other."""
    code = (
        "from zoo.errors import ClusterError\n"
        "from zoo.cluster.joining import connected\n"
        "try:\n"
        "    with connected(): print('joined')\n"
        "except ClusterError as error: print(error)"
    )
    environment = {key: value for key, value in os.environ.items() if "RAY_AUTH" not in key}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**environment, **token, "RAY_ADDRESS": cluster.address, "HOME": "/nowhere"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def train_and(project: Project, name: str, act: Callable[[], None]) -> Outcome:
    """Trains all; ``act`` is called once ``name`` has a checkpoint."""

    def meanwhile() -> None:
        await_iteration(project, name, CHECKPOINT_EVERY)
        act()

    thread = threading.Thread(target=meanwhile)
    thread.start()
    try:
        return train_identities(project)
    finally:
        thread.join()


def await_iteration(project: Project, name: str, iteration: float) -> None:
    until = time.monotonic() + 240
    while last_iteration(project, name) < iteration:
        assert time.monotonic() < until, log_of(project, name)
        time.sleep(0.02)


def last_iteration(project: Project, name: str) -> int:
    return int((re.findall(r"iteration (\d+)  total", log_of(project, name)) or ["-1"])[-1])


def worker_of(project: Project, name: str) -> int:
    return int(re.findall(r"starts in process (\d+)", log_of(project, name))[-1])


def node_of(project: Project, name: str) -> str:
    return str(re.findall(r"node (\w+)", log_of(project, name))[-1])


def lost(project: Project, name: str) -> int:
    """Iterations that were done twice because of the last fault."""
    *_, before, _ = re.split(r"starts in", log_of(project, name))
    done = int(re.findall(r"iteration (\d+)  total", before)[-1]) + 1
    found = re.search(r"trained in .*, from iteration (\d+) on", log_of(project, name))
    assert found, log_of(project, name)
    return done - int(found[1])


def log_of(project: Project, name: str) -> str:
    path = project.root / "logs" / f"{name}.log"
    return path.read_text() if path.is_file() else ""


def assert_nothing_half_written(project: Project) -> None:
    for folder in (project.models, *project.models.glob("*/")):
        assert not list(folder.glob(".*"))
    for network in project.models.glob("*/network.safetensors"):
        assert load_file(network)


def assert_as_undisturbed(project: Project) -> None:
    """Networks, curves and runs are those of trainings that nothing happened to."""
    client = connect(tracking_uri(project))
    for name in ("carol", "dave"):
        expected = undisturbed(project, name)
        trained = load_file(project.models / name / "network.safetensors")
        assert trained.keys() == expected.keys()
        assert all(torch.equal(trained[key], expected[key]) for key in expected)
        runs = client.search_runs(["1"], f"attributes.run_name = '{name}'")
        assert [run.info.status for run in runs] == ["FINISHED"]
        assert receipts.read(project.models / name)["run_id"] == runs[0].info.run_id
        history = client.get_metric_history(runs[0].info.run_id, "loss")
        assert sorted(point.step for point in history) == list(range(ITERATIONS))
    assert_nothing_half_written(project)


_undisturbed: dict[str, dict[str, torch.Tensor]] = {}
_losses: dict[str, float] = {}


def undisturbed(project: Project, name: str) -> dict[str, torch.Tensor]:
    """The network of a training in this process."""
    if name not in _undisturbed:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        job = Job(
            identity=name,
            recipe=Recipe.model_validate(LONG),
            style=read_pack(project.aligned / f"{name}.safetensors"),
            content=project.content / "content.safetensors",
            perceptual="compact",
            perceptual_weights=read_compact().state_dict(),
            digest="",
            folder=str(project.root / "undisturbed" / name),
            metadata={},
        )
        trained = train(job)
        _undisturbed[name] = load(trained.files["network.safetensors"])
        _losses[name] = trained.curves[-1]["total"]
        torch.set_num_threads(threads)
    return _undisturbed[name]


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Puts a file system of 64 KB at ``folder`` for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def tell(capsys: pytest.CaptureFixture[str], what: str, project: Project) -> None:
    ends = [log_of(project, name).splitlines()[-1].split(" ", 1)[1] for name in ("carol", "dave")]
    with capsys.disabled():
        print(f"\n{what}: carol {ends[0]}; dave {ends[1]}")
