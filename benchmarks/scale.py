"""The pipeline with a thousand identities: nothing new, one more, and three hundred from scratch.

Makes a project in a temporary folder, with the repository's own stages and a recipe of two
iterations. The standing identities are one that was really made, copied with its receipts under
other names, so that a thousand are there in seconds; what is measured is `dvc repro` itself.

    python benchmarks/scale.py [--standing 1000] [--fresh 300] [--json]
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from machine import machine

from zoo.cores import available_cores
from zoo.people import named_person, random_person, random_scene, render
from zoo.photos.writing import write_photo
from zoo.products import receipts
from zoo.provenance.identities.identity import PHOTOS, read_identity
from zoo.settings import Project

ROOT = Path(__file__).parents[1]
BASE = "p00000"
PHOTOS_EACH = 5
SETTINGS: dict[str, dict[str, Any]] = {
    "content": {"people": 3, "per_person": 2, "held_out": 2, "render_size": 144, "size": 64},
    "align": {"size": 64, "min_interocular": 10, "minimum_photos": 3, "advised_photos": 4},
    "evaluate": {"photos": 1, "gallery": []},
    "gate": {
        "minimum_nearest_rate": 0,
        "minimum_top1_rate": 0,
        "minimum_cosine_margin": -2,
        "maximum_landmark_difference": 1000,
    },
}
RECIPE = {
    "phases": [{"resolution": 64, "batch": 1, "iterations": 2}],
    "perceptual": "compact",
    "validate_every": 2,
    "checkpoint_every": 1000,
    "report_every": 1,
}


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--standing", type=int, default=1000)
    parser.add_argument("--fresh", type=int, default=300, help="0: leave this part out")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZOO_CACHE"] = str(Path(folder) / "cache")
        found |= standing(make_project(Path(folder) / "standing"), arguments.standing)
        if arguments.fresh:
            found |= from_nothing(make_project(Path(folder) / "fresh"), arguments.fresh)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    found["largest process, GB"] = usage
    if arguments.json:
        print(json.dumps({"machine": machine(), **found}))
        return
    print(machine())
    for name, value in found.items():
        print(f"{name:64} {value:8.2f}")


def standing(project: Project, count: int) -> dict[str, float]:
    """With ``count`` identities done: nothing new, status, one more, one less, one renamed."""
    add(project, BASE, 0)
    repro(project)
    for number in range(1, count):
        copy(project, f"p{number:05}")
    first, _ = repro(project)
    nothing, said = repro(project)
    assert "Running stage" not in said, said
    found = {
        f"dvc repro, {count} copied in, s": first,
        f"dvc repro, nothing new with {count}, s": nothing,
        f"zoo status, {count}, s": timed(project, "zoo.cli.main", "status")[0],
    }
    add(project, "newcomer", 7)
    found[f"dvc repro, one more among {count}, s"], _ = repro(project)
    found["  of it the newcomer's own align, train, evaluate and register, s"] = sum(
        receipts.read(product)["seconds"]
        for product in (
            project.aligned / "newcomer.safetensors",
            project.models / "newcomer",
            project.reports / "newcomer",
            project.root / "registered" / "newcomer.json",
        )
    )
    shutil.rmtree(project.identities / "p00001")
    found[f"dvc repro, one removed of {count}, s"], said = repro(project)
    assert not list(project.models.glob("p00001*"))
    return found


def from_nothing(project: Project, count: int) -> dict[str, float]:
    """All stages for ``count`` identities, and what is left when alignment and training are off."""
    for number in range(count):
        add(project, f"p{number:05}", number)
    seconds: dict[str, float] = {}
    for stage in ("content", "render", "align", "train", "evaluate", "register"):
        seconds[stage], said = repro(project, "--single-item", stage)
        if stage == "evaluate":
            measuring = (
                sum(map(float, re.findall(r": made in ([\d.]+) s", said))) / available_cores()
            )
    found = {f"{stage} of {count} from nothing, s": taken for stage, taken in seconds.items()}
    found["  of evaluate, measuring itself, s"] = measuring
    rest = seconds["render"] + seconds["evaluate"] - measuring + seconds["register"]
    found["overhead per identity outside aligning, training and measuring, s"] = rest / count
    return found


def make_project(root: Path) -> Project:
    """The repository's stages and code, with settings so small that they take no time."""
    root.mkdir(parents=True)
    for folder in ("pipelines", "platform"):
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignore)
    for file in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / file, root)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, values in SETTINGS.items():
        params[section].update(values)
    params["recipes"]["quick"].update(RECIPE)
    params["recipe"] = "quick"
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    (root / "identities").mkdir()
    project = Project(root)
    timed(project, "dvc", "init", "--no-scm", "--quiet")
    return project


def add(project: Project, name: str, seed: int) -> None:
    """An identity with photos of a rendered person of its own."""
    folder = project.identities / name / PHOTOS
    person = random_person(seed) if seed else named_person("ada")
    for number in range(PHOTOS_EACH):
        picture = render(person, random_scene(100 * seed + number, max_yaw=15), 144).image
        write_photo(folder / f"{number}.png", picture)
    record = {"name": name, "basis": "research", "added": "2026-01-01"}
    (folder.parent / "identity.yaml").write_text(yaml.safe_dump(record))


def copy(project: Project, name: str) -> None:
    """All that the stages made for the first identity, as if they had made it for ``name``."""
    shutil.copytree(project.identities / BASE, project.identities / name)
    record = project.identities / name / "identity.yaml"
    record.write_text(record.read_text().replace(BASE, name))
    for path in project.aligned.glob(f"{BASE}.*"):
        shutil.copy2(path, path.with_name(path.name.replace(BASE, name)))
    for folder in (project.models, project.reports):
        shutil.copytree(folder / BASE, folder / name)
    registered = project.root / "registered"
    for path in registered.glob(f"{BASE}.*"):
        shutil.copy2(path, path.with_name(path.name.replace(BASE, name)))
    identity = read_identity(record.parent).model_dump(mode="json")
    for product in (
        project.aligned / f"{name}.safetensors",
        project.models / name,
        registered / f"{name}.json",
    ):
        receipt = receipts.read(product)
        made_from = json.loads(json.dumps(receipt.pop("made_from")).replace(BASE, name))
        if product.parent == registered:
            made_from["identity"] = identity
        receipt.pop("digest")
        receipts.write(product, made_from, **receipt)


def repro(project: Project, *arguments: str) -> tuple[float, str]:
    """``dvc repro``: seconds, and what it said."""
    return timed(project, "dvc", "repro", *arguments)


def timed(project: Project, module: str, *arguments: str) -> tuple[float, str]:
    """Runs ``python -m module`` in the project."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=project.root,
        env={**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - begin
    print(f"{taken:7.1f} s  {module} {' '.join(arguments)}", file=sys.stderr, flush=True)
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return taken, done.stdout


if __name__ == "__main__":
    main()
