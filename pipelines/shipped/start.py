"""Trains the initial weights: a network that swaps in a generic face.

    ZOO_ASSETS=weights python pipelines/shipped/start.py --content data/content/content.safetensors

Content and style are rendered people (the content stage makes them with ``folders: []``; the
shipped network has 240 people, four scenes each): the style set is one photo of each of 120. A
training that starts from it already keeps pose, expression and light and draws a face;
docs/training.md has the time that this saves. It is trained as the recipe ``cpu`` says, from random
weights, without an identity term.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from safetensors.torch import load, save_file

from zoo.errors import PhotoError
from zoo.faces.curation.face_pack import FacePack, read_pack
from zoo.networks.perceptual import read_perceptual, resolve_perceptual
from zoo.networks.shipped import START
from zoo.storage import atomic_file, write_json
from zoo.training.job import Job
from zoo.training.loop.train import train
from zoo.training.recipes import Recipe, chosen_recipe

ROOT = Path(__file__).parents[2]
PEOPLE = 120
CHANGES = {
    "start": "random",
    "phases": [
        {"resolution": 64, "batch": 4, "iterations": 450},
        {"resolution": 128, "batch": 4, "iterations": 850, "new_branch_first": 40},
    ],
    "style_weight": [1.6, 8.0],
    "style_ramp": 0.35,
    "identity_weight": 0.0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "platform/zoo/networks" / START)
    arguments = parser.parse_args()
    content = read_pack(arguments.content)
    style = one_of_each(content, PEOPLE)
    _, base = chosen_recipe(yaml.safe_load((ROOT / "params.yaml").read_text()), "cpu")
    recipe = Recipe.model_validate({**base.model_dump(mode="json"), **CHANGES})
    perceptual = resolve_perceptual(recipe.perceptual)
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            Job(
                identity="start",
                recipe=recipe,
                style=style,
                content=arguments.content,
                perceptual=perceptual.name,
                perceptual_weights=dict(read_perceptual(perceptual.name).state_dict()),
                digest="start",
                folder=folder,
                metadata={},
            ),
            lambda row: print(f"{row['step']:.0f}: {row['total']:.3f}", flush=True),
        )
    weights = load(trained.files["network.safetensors"])
    with atomic_file(arguments.out) as temporary:
        save_file({name: value.half().contiguous() for name, value in weights.items()}, temporary)
    report = {
        "content": len(content),
        "style": len(style),
        "perceptual": perceptual.name,
        "iterations": trained.iterations,
        "seconds": round(trained.seconds),
    }
    write_json(arguments.out.with_suffix(".json"), report)
    print(report)


def one_of_each(content: FacePack, people: int) -> FacePack:
    """The first photo of each of the first ``people`` in a pack of rendered ones.

    Raises:
        PhotoError: not all of them are rendered: the network is shipped, so it shows nobody.
    """
    if set(content.sources) != {"rendered"}:
        raise PhotoError("The start network is made from rendered people only (folders: []).")
    person = [name.split("-")[0] for name in content.names]
    first = sorted(person.index(each) for each in dict.fromkeys(person))[:people]
    return replace(
        content,
        faces=np.asarray(content.faces[first]),
        landmarks=content.landmarks[first],
        names=[content.names[index] for index in first],
        sources=[content.sources[index] for index in first],
    )


if __name__ == "__main__":
    main()
