"""Makes the light network: renders people under known lights, trains on pairs, and measures.

    python pipelines/light.py --yale-b FOLDER --keep FOLDER

Without ``--yale-b`` the network is trained and measured on rendered people alone. With it three
networks are made, from renders, from photographs and from both, and each is measured on held-out
people of both kinds; ``--ship`` says which of them is written.

Half of the pairs that measure are under the same light, half under two lights of the same set
of people; the lights are drawn uniformly, near ones too. The distance below which two faces
count as lit alike is the one that serves the training people best.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from rich.progress import track
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file

from zoo.networks.light import WEIGHTS, LightNetwork
from zoo.storage import atomic_file, write_json
from zoo.training.light import best_threshold, pair_accuracy, pair_distances, train_light
from zoo.training.light_pairs import LitFaces
from zoo.training.light_rendered import rendered_faces
from zoo.training.light_yale import yale_faces

HELD_OUT = 0.25
PAIRS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yale-b", type=Path, help="folder of Extended Yale B (user-supplied)")
    parser.add_argument("--keep", type=Path, help="folder to keep the aligned faces in, for reuse")
    parser.add_argument("--circumstances", type=int, default=108)
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--ship", choices=["renders", "renders+yale_b"], default="renders")
    parser.add_argument("--out", type=Path, default=Path("platform/zoo/networks") / WEIGHTS)
    arguments = parser.parse_args()

    def render() -> LitFaces:
        return rendered_faces(arguments.circumstances, progress=_rendering)

    torch.set_num_threads(1)  # the network is so small that threads only wait for each other
    sets = {"renders": _kept(arguments.keep, "renders", render).split(HELD_OUT)}
    if arguments.yale_b:
        photographed = _kept(arguments.keep, "yale_b", lambda: yale_faces(arguments.yale_b))
        sets["yale_b"] = photographed.split(HELD_OUT)
    recipes = [["renders"]] if not arguments.yale_b else [["renders"], ["yale_b"], list(sets)]
    networks, accuracies = {}, {}
    for recipe in recipes:
        name = "+".join(recipe)
        training = [sets[source][0] for source in recipe]
        networks[name] = train_light(training, arguments.iterations, progress=_training)
        accuracies[name] = accuracy(networks[name], training, {k: v[1] for k, v in sets.items()})
        print(name, json.dumps(accuracies[name]))

    report = {
        "shipped": arguments.ship,
        "faces": {name: {"training": len(a), "held_out": len(b)} for name, (a, b) in sets.items()},
        "pairs": PAIRS,
        "accuracy_by_training_and_test": accuracies,
    }
    save(networks[arguments.ship], arguments.out)
    write_json(arguments.out.with_suffix(".json"), report)


def accuracy(
    network: LightNetwork, training: list[LitFaces], tests: dict[str, LitFaces]
) -> dict[str, float]:
    """Pair accuracy on held-out people, by source; the threshold comes from the training people."""
    pairs = [pair_distances(network, faces, PAIRS // len(training), seed=1) for faces in training]
    distances, same = (torch.cat([torch.from_numpy(p[i]) for p in pairs]).numpy() for i in (0, 1))
    threshold = best_threshold(distances, same)
    found = {"threshold": threshold}
    for name, faces in tests.items():
        found[name] = pair_accuracy(*pair_distances(network, faces, PAIRS, seed=2), threshold)
    return found


def save(network: LightNetwork, path: Path) -> None:
    """Half precision; the buffers that follow from constants are not stored."""
    weights = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    with atomic_file(path) as temporary:
        save_file(weights, temporary)


def _kept(folder: Path | None, name: str, make: Callable[[], LitFaces]) -> LitFaces:
    """The faces in ``folder`` from an earlier run; else made, and kept there."""
    if folder is None:
        return make()
    path = folder / f"{name}.safetensors"
    if not path.exists():
        with atomic_file(path) as temporary:
            save_arrays(vars(make()), temporary)
    return LitFaces(**load_arrays(path))


def _rendering(numbers: Iterable[int]) -> Iterable[int]:
    return track(list(numbers), "rendering")


def _training(numbers: Iterable[int]) -> Iterable[int]:
    return track(list(numbers), "training")


if __name__ == "__main__":
    main()
