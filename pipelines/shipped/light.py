"""Makes the light network: renders people under known lights, trains on pairs, and measures.

    python pipelines/shipped/light.py --yale-b FOLDER --keep FOLDER

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

import cv2
import numpy as np
import torch
from rich.progress import track
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from zoo.evaluation.measures.luminance_correlation import luminance_correlation
from zoo.faces.geometry.alignment import Aligned, align
from zoo.faces.masks.face_mask import face_mask
from zoo.networks.light import LightNetwork
from zoo.networks.shipped import LIGHT
from zoo.people import Scene, random_person, render
from zoo.people.scene import Light
from zoo.photos.image import Image
from zoo.storage import atomic_file, write_json
from zoo.training.shipped.light_descent import descend_field, descend_pixels
from zoo.training.shipped.light_network import (
    as_luminance,
    best_threshold,
    pair_accuracy,
    pair_distances,
    train_light,
)
from zoo.training.shipped.light_pairs import SIDE, LitFaces
from zoo.training.shipped.light_rendered import rendered_faces
from zoo.training.shipped.light_yale import yale_faces

SIDE_LIGHT = Light(azimuth=-60, elevation=15, ambient=0.2)
WANTED = (
    Light(azimuth=55, elevation=15, ambient=0.2),
    Light(azimuth=0, elevation=60, ambient=0.2),
    Light(azimuth=10, elevation=-20, ambient=0.25),
    Light(azimuth=0, elevation=15, ambient=0.5, hardness=0.1),
)
RELIT = ((7, 21), (40, 3))  # seeds of who is relit, and of who shows the light that is wanted
HELD_OUT = 0.25
PAIRS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yale-b", type=Path, help="folder of Extended Yale B (user-supplied)")
    parser.add_argument("--keep", type=Path, help="folder to keep faces and networks in, for reuse")
    parser.add_argument("--picture", type=Path, help="where to show faces that Γ's gradient relit")
    parser.add_argument("--circumstances", type=int, default=108)
    parser.add_argument("--iterations", type=int, default=1400)
    parser.add_argument("--ship", choices=["renders", "renders+yale_b"], default="renders")
    parser.add_argument("--out", type=Path, default=Path("platform/zoo/networks") / LIGHT)
    arguments = parser.parse_args()
    if arguments.ship != "renders" and not arguments.yale_b:
        parser.error(f"--ship {arguments.ship} needs --yale-b")

    def rendered() -> LitFaces:
        return rendered_faces(arguments.circumstances, progress=_rendering)

    torch.set_num_threads(1)  # the network is so small that threads only wait for each other
    sets = {"renders": _kept(arguments.keep, "renders", rendered).split(HELD_OUT)}
    if arguments.yale_b:
        photographed = _kept(arguments.keep, "yale_b", lambda: yale_faces(arguments.yale_b))
        sets["yale_b"] = photographed.split(HELD_OUT)
    recipes = [["renders"]] if not arguments.yale_b else [["renders"], ["yale_b"], list(sets)]
    networks, accuracies = {}, {}
    for recipe in recipes:
        name = "+".join(recipe)
        training = [sets[source][0] for source in recipe]
        networks[name] = _trained(arguments.keep, name, training, arguments.iterations)
        accuracies[name] = accuracy(networks[name], training, {k: v[1] for k, v in sets.items()})
        print(name, json.dumps(accuracies[name]))

    relit, picture = descents(networks[arguments.ship])
    report = {
        "shipped": arguments.ship,
        "faces": {name: {"training": len(a), "held_out": len(b)} for name, (a, b) in sets.items()},
        "pairs": PAIRS,
        "accuracy_by_training_and_test": accuracies,
        "luminance_correlation_with_truth": relit,
    }
    save(networks[arguments.ship], arguments.out)
    write_json(arguments.out.with_suffix(".json"), report)
    if arguments.picture:
        with atomic_file(arguments.picture) as temporary:
            cv2.imwrite(str(temporary), picture)
    print(json.dumps(relit))


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


def descents(network: LightNetwork) -> tuple[dict[str, float], Image]:
    """Faces under side light descend their distance to four lights, seen on somebody else.

    Returns:
        How well low-frequency luminance correlates with the same face truly under that light,
        before, after for a smooth field, and after for free pixels; and a picture with a row
        for each: before, the other person, field, pixels, truth.
    """
    rows, correlations = [], []
    for who, other in RELIT:
        for light in WANTED:
            start, truth, goal = _shown(who, SIDE_LIGHT), _shown(who, light), _shown(other, light)
            face, wanted = _luminance(start.image), _luminance(goal.image)
            field = _grey(descend_field(network, face, wanted))
            pixels = _grey(descend_pixels(network, face, wanted))
            before, right = _grey(face), _grey(_luminance(truth.image))
            landmarks = start.landmarks * SIDE
            mask = face_mask(landmarks, before.shape)
            correlations.append(
                [luminance_correlation(right, x, mask, landmarks) for x in (before, field, pixels)]
            )
            rows.append(np.hstack([before, _grey(wanted), field, pixels, right]))
    picture = cv2.resize(np.vstack(rows), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    names = ("before", "field", "pixels")
    means = np.mean(correlations, axis=0).round(3).tolist()
    return dict(zip(names, means, strict=True)), np.asarray(picture, np.uint8)


def _shown(person: int, light: Light) -> Aligned:
    rendered = render(random_person(person), Scene(light=light), 160)
    return align(rendered.image, rendered.landmarks, SIDE)


def _luminance(image: Image) -> torch.Tensor:
    return as_luminance(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[None])


def _grey(luminance_11SS: torch.Tensor) -> Image:
    bytes_SS = (luminance_11SS[0, 0].numpy() * 255).round().astype(np.uint8)
    return np.repeat(bytes_SS[..., None], 3, axis=2)


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
        # safetensors writes the memory behind a view, not what the view shows.
        arrays = {name: np.ascontiguousarray(array) for name, array in vars(make()).items()}
        with atomic_file(path) as temporary:
            save_arrays(arrays, temporary)
    return LitFaces(**load_arrays(path))


def _trained(
    folder: Path | None, name: str, training: list[LitFaces], iterations: int
) -> LightNetwork:
    """The network in ``folder`` from an earlier run that was cut short; else trained."""
    path = folder / f"network-{name}-{iterations}.safetensors" if folder else None
    if path and path.exists():
        network = LightNetwork()
        network.load_state_dict(load_file(path))
        return network.eval().requires_grad_(False)
    network = train_light(training, iterations, progress=_training)
    if path:
        with atomic_file(path) as temporary:
            save_file(network.state_dict(), temporary)
    return network


def _rendering(numbers: Iterable[int]) -> Iterable[int]:
    return track(list(numbers), "rendering")


def _training(numbers: Iterable[int]) -> Iterable[int]:
    return track(list(numbers), "training")


if __name__ == "__main__":
    main()
