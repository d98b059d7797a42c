"""Nobody else can reach what a training opens, from its start to its end.

As Ray and torch.distributed start by themselves, all of this is on all networks.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.listening import (
    Listening,
    grpc_answers,
    http_answer,
    listening,
    mark,
    marked_by,
    watched,
)
from zoo.cores import available_cores
from zoo.settings import Project

ROOT = Path(__file__).parents[2]
OF_RAY = (
    "gcs_server",
    "raylet",
    "ray::TrainWorker",
    "ray::ProgressCollector",
    "ray::RuntimeEnvAgent",
)


@pytest.mark.skipif(available_cores() < 2, reason="two workers need two cores")
def test_the_stage_as_dvc_runs_it_is_for_this_machine_alone(project: Project) -> None:
    """With two workers of one training, which have ports of their own besides Ray's."""
    path = project.root / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["fanout"]["workers_per_job"] = 2
    path.write_text(yaml.safe_dump(params))
    cmd = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["train"]["cmd"]
    stage = {"cmd": cmd, "deps": ["data"], "outs": [{"models": {"persist": True}}]}
    (project.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    (project.root / "pipelines").symlink_to(ROOT / "pipelines")
    (project.aligned / "dave.safetensors").unlink()
    shutil.rmtree(project.identities / "dave")
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--no-scm", "--quiet"], cwd=project.root, check=True)
    seen = during([*dvc, "repro"], project)
    assert (project.models / "carol" / "network.onnx").is_file()
    for program in OF_RAY:
        assert any(program in one.program for one in seen), program
    workers = [one for one in seen if one.program.startswith("ray::TrainWorker")]
    assert len({one.port for one in workers}) >= 5  # Ray's and gloo's of each, and the store
    assert open_to_others(seen) == []


def test_ray_asks_for_its_token_on_loopback_too() -> None:
    with running_ray() as marked:
        found = listening(marked_by(marked))
        answers = {one: grpc_answers(one.port) for one in found}
        pages = {one: http_answer(one.port) for one in found}
    assert set().union(*answers.values()) == {"UNAUTHENTICATED"}
    for program in ("gcs_server", "raylet", "ray::Known"):
        assert any(program in one.program for one, names in answers.items() if names), program
    statuses = {one: page for one, page in pages.items() if page is not None}
    assert any(status == 401 for status, _ in statuses.values())
    for one, (status, page) in statuses.items():
        assert status == 401 or page.startswith(b"# HELP "), one  # figures for Prometheus


RUNNING = """
import sys
from zoo.local_ray import local_ray
with local_ray() as ray:
    @ray.remote
    class Known:
        def ready(self): pass
    known = Known.remote()
    ray.get(known.ready.remote())
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def running_ray() -> Iterator[dict[str, str]]:
    """Ray with one actor, in a process of its own; its mark."""
    marked = mark("ray")
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNING],
        env={**os.environ, **marked},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 60
        while not any("RuntimeEnvAgent" in one.program for one in listening(marked_by(marked))):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield marked
    finally:
        process.communicate()


def during(command: list[str], project: Project) -> set[Listening]:
    """What listens while a command runs, which must succeed."""
    marked = mark("train")
    environment = {**os.environ, **marked, "DVC_NO_ANALYTICS": "true"}
    with watched(marked) as seen:
        done = subprocess.run(
            command, cwd=project.root, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return seen


def open_to_others(seen: set[Listening]) -> list[Listening]:
    return [one for one in seen if not one.loopback]
