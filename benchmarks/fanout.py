"""Overhead of training under Ray over the same trainings in a plain loop on the same cores.

Both train the same identities of random pictures with one thread each. The bare loop is as many
processes as there are cores, each training one identity after another, without Ray, MLflow,
products or logs; the stage is `zoo train` as it is. Usage:

    python benchmarks/fanout.py [--identities 8] [--recipe quick] [--iterations 0] [--repeats 1]
                                [--out benchmarks/results/fanout]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from machine import machine

from zoo.cores import available_cores
from zoo.faces.curation.face_pack import FacePack, read_pack, write_pack
from zoo.faces.geometry.reference import REFERENCE
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity, write_identity
from zoo.settings import Project

ROOT = Path(__file__).parents[1]
STYLE, CONTENT = 60, 480


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--identities", type=int, default=8)
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--iterations", type=int, default=0, help="of each phase; 0: the recipe's")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, help="writes OUT.json and OUT.md")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    for variable in ("RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        os.environ.pop(variable, None)
    trials = []
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory() as folder:
            names = [f"person-{number}" for number in range(arguments.identities)]
            project = make_project(Path(folder), names, arguments.recipe, arguments.iterations)
            trials.append({**bare_loop(project, names), **stage(project)})
    figures = summary(trials)
    result = {
        "measured": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": machine("torch", "ray"),
        "identities": arguments.identities,
        "recipe": arguments.recipe,
        "iterations": arguments.iterations or "the recipe's",
        "repeats": arguments.repeats,
        **figures,
    }
    print(markdown(result))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
        arguments.out.with_suffix(".md").write_text(markdown(result))


def make_project(root: Path, names: list[str], recipe: str, iterations: int) -> Project:
    """A project of random packs with the repository's settings."""
    project = Project(root)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["recipe"] = recipe
    chosen = params["recipes"][recipe]
    chosen["perceptual"] = "compact"
    for phase in chosen["phases"]:
        phase["iterations"] = iterations or phase["iterations"]
    chosen["patience"] = 10**6  # all trainings are equally long
    side = chosen["phases"][-1]["resolution"]
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    (root / "dvc.yaml").write_text("stages: {}\n")
    for seed, name in enumerate(names):
        record = Identity(name=name, basis=Basis.synthetic, added=date(2026, 1, 1))
        write_identity(project.identities / name, record)
        write_pack(project.aligned / f"{name}.safetensors", pictures(seed, STYLE, side))
    write_pack(project.content / "content.safetensors", pictures(99, CONTENT, side))
    return project


def pictures(seed: int, count: int, side: int) -> FacePack:
    """Random pictures with landmarks about where a face has them."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)
    faces = coarse.repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    landmarks = REFERENCE + random.normal(scale=0.02, size=(count, 68, 2))
    names = [f"{number}.png" for number in range(count)]
    return FacePack(faces, landmarks.astype(np.float32), names, ["random"] * count)


def bare_loop(project: Project, names: list[str]) -> dict[str, float]:
    """Seconds of the bare loop, with and without the start of its processes."""
    began = time.perf_counter()
    with ProcessPoolExecutor(available_cores(), mp_context=get_context("spawn")) as pool:
        list(pool.map(warm_up, range(available_cores())))
        warm = time.perf_counter()
        seconds = list(pool.map(train_one, [project.root] * len(names), names))
        ended = time.perf_counter()
    return {
        "bare loop, seconds": ended - began,
        "bare loop, seconds to start its processes": warm - began,
        "bare loop, seconds per training": statistics.mean(seconds),
    }


def warm_up(_: int) -> None:
    """Imports what a training needs; long enough that each process gets one."""
    import torch

    import zoo.training.loop.train

    torch.set_num_threads(1)
    assert zoo.training.loop.train
    time.sleep(1)


def train_one(root: Path, name: str) -> float:
    """One training in this process."""
    from zoo.networks.compact import read_compact
    from zoo.settings import read_params
    from zoo.training.job import Job
    from zoo.training.loop.train import train
    from zoo.training.recipes import chosen_recipe

    project = Project(root)
    _, recipe = chosen_recipe(read_params(project))
    job = Job(
        identity=name,
        recipe=recipe,
        style=read_pack(project.aligned / f"{name}.safetensors"),
        content=project.content / "content.safetensors",
        perceptual="compact",
        perceptual_weights=read_compact().state_dict(),
        digest="",
        folder=str(root / "bare" / name),
        metadata={"identity": name},
    )
    return train(job).seconds


def stage(project: Project) -> dict[str, float]:
    """Seconds of the stage under Ray, and where they go."""
    fanout: Any = import_module("zoo.training.ray.scheduler")
    stage: Any = import_module("zoo.training.stage")
    driver: Any = import_module("zoo.training.trainer")
    times: dict[str, list[float]] = defaultdict(list)
    real_connected, real_run = fanout.connected, fanout.run_jobs

    @contextmanager
    def connected() -> Iterator[Any]:
        begin = time.perf_counter()
        with real_connected() as ray:
            times["cluster"].append(time.perf_counter() - begin)
            try:
                yield ray
            finally:
                leaving = time.perf_counter()
        times["shutdown"].append(time.perf_counter() - leaving)

    def run_jobs(jobs: Any, weights: Any, settings: Any, callback: Any) -> None:
        began = time.perf_counter()
        real_run(jobs, weights, settings, _Clock(callback, times, began))

    fanout.connected, driver.run_jobs = connected, run_jobs
    began = time.perf_counter()
    try:
        outcome = stage.train_identities(project)
    finally:
        fanout.connected, driver.run_jobs = real_connected, real_run
    seconds = time.perf_counter() - began
    assert not outcome.failed, outcome.failed
    around = [whole - own for whole, own in zip(times["whole"], times["own"], strict=True)]
    return {
        "Ray, seconds": seconds,
        "Ray, seconds to start the cluster": times["cluster"][0],
        "Ray, seconds until the first training starts": times["first"][0],
        "Ray, seconds to shut down": times["shutdown"][0],
        "Ray, seconds per training": statistics.mean(times["own"]),
        "Ray, seconds per training beside it": statistics.mean(around),
        "driver, seconds per identity for run, log and product": sum(times["driver"])
        / len(times["own"]),
    }


class _Clock:
    """A callback that notes when things happen."""

    def __init__(self, callback: Any, times: dict[str, list[float]], began: float) -> None:
        self._callback, self._times, self._began = callback, times, began
        self._starts: dict[str, float] = {}

    def __getattr__(self, event: str) -> Any:
        def heard(*arguments: Any) -> None:
            now = time.perf_counter()
            if event == "started":
                self._times["first"].append(now - self._began)
                self._starts[arguments[0]] = now
            if event == "trained":
                self._times["whole"].append(now - self._starts[arguments[0]])
                self._times["own"].append(arguments[1].seconds)
            getattr(self._callback, event)(*arguments)
            if event != "workers_start":
                self._times["driver"].append(time.perf_counter() - now)

        return heard


def summary(trials: list[dict[str, float]]) -> dict[str, float]:
    """Medians over the trials, and what follows from them."""
    figures = {key: statistics.median(trial[key] for trial in trials) for key in trials[0]}
    ratios = [
        (trial["Ray, seconds"] - trial["Ray, seconds to start the cluster"])
        / trial["bare loop, seconds"]
        for trial in trials
    ]
    figures["ratio of wall times after cluster start"] = statistics.median(ratios)
    return {key: round(value, 3) for key, value in figures.items()}


def markdown(result: dict[str, Any]) -> str:
    """The figures as a table, with the machine."""
    rows = [f"| {key} | {value} |" for key, value in result.items() if key != "machine"]
    return "\n".join([f"Machine: {result['machine']}", "", "| | |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    main()
