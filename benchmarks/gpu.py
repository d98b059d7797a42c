"""A training step on a GPU: time, memory and utilisation, compared with the plain step.

    python benchmarks/gpu.py [--recipes paper hd] [--seconds 5] [--out OUT.json]

For each phase of each recipe: the plain reading of the paper (:mod:`plain`: float32, eager,
batches from the host), our step launched kernel by kernel, our step as it trains (batches drawn on
the device, bf16, one CUDA graph), and the same with the compact perceptual network instead of
VGG-19. Without a GPU it says so and measures nothing.
"""

import argparse
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import torch
from plain import finish, our_step, plain_step, recipe_called, seconds_per_step

from zoo.training.loop import step as stepping
from zoo.training.recipes import Phase, Recipe

Step = Callable[[int], None]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["paper", "hd"])
    parser.add_argument("--seconds", type=float, default=5, help="of measuring each")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("There is no GPU that torch can use here: nothing is measured.")
    device = torch.device("cuda")
    print(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}")
    print("| recipe | phase | step | ms | photos/s | GPU busy | memory, GB | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for name in arguments.recipes:
        recipe = recipe_called(name)
        for phase in recipe.phases:
            for row in measured(recipe, phase, device, arguments.seconds):
                rows.append({"recipe": name, "resolution": phase.resolution, **row})
                print(line(rows[-1]), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=2) + "\n")


def measured(
    recipe: Recipe, phase: Phase, device: torch.device, seconds: float
) -> Iterator[dict[str, object]]:
    """A row for the plain step, ours kernel by kernel, ours as a graph, and with another Φ."""
    plain = 0.0
    steps: dict[str, Callable[[Recipe, Phase, torch.device], Step]] = {
        "plain": plain_step,
        "kernels": _by_kernels,
        "graph": our_step,
        "graph, compact": partial(our_step, perceptual="compact"),
    }
    for name, make in steps.items():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        step = make(recipe, phase, device)
        step(0)  # kernels are compiled
        finish(device)
        with busy() as shares:
            each = seconds_per_step(step, device, seconds)
        plain = plain or each
        yield {
            "step": name,
            "ms": round(1000 * each, 2),
            "photos_per_second": round(phase.batch / each),
            "busy": round(sum(shares) / len(shares)) if shares else None,
            "memory": round(torch.cuda.max_memory_reserved() / 1e9, 2),
            "ratio": round(plain / each, 2),
        }
        finish(device)


def _by_kernels(recipe: Recipe, phase: Phase, device: torch.device) -> Step:
    with mock.patch.object(stepping, "CudaGraphStep", stepping.TrainingStep):
        step: Step = our_step(recipe, phase, device)
    return step


@contextmanager
def busy() -> Iterator[list[int]]:
    """Percent of the time that a kernel ran, as nvidia-smi samples it; empty without it."""
    shares: list[int] = []
    over = threading.Event()

    def sample() -> None:
        ask = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        time.sleep(1)  # of warm-up
        while not over.wait(0.3):
            try:
                said = subprocess.run(ask, capture_output=True, text=True, timeout=5, check=True)
                shares.append(int(said.stdout.split()[0]))
            except (OSError, ValueError, IndexError, subprocess.SubprocessError):
                return

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield shares
    finally:
        over.set()
        thread.join()


def line(row: dict[str, object]) -> str:
    """One of the table's."""
    share = "" if row["busy"] is None else f"{row['busy']} %"
    return (
        f"| {row['recipe']} | {row['resolution']} px | {row['step']} | {row['ms']} "
        f"| {row['photos_per_second']} | {share} | {row['memory']} | {row['ratio']} |"
    )


if __name__ == "__main__":
    main()
