"""The stages for small identities, in processes and on a cluster: products, times, lost nodes."""

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import scale
import yaml
from cluster_runs import Bench

STAGES = ("render", "content", "align", "evaluate")
_STAGE = (
    "from zoo.stages.{0} import run; from zoo.products.incremental import run_stage; run_stage(run)"
)


def stages(bench: Bench, arguments: argparse.Namespace) -> None:
    """All stages but training and registering, for small identities with a network of one step."""
    projects = {}
    for where in ("processes", "cluster"):
        projects[where] = bench.folder / where
    make_project(projects["processes"], arguments.identities)
    shutil.copytree(projects["processes"], projects["cluster"])
    seconds = {}
    for where, root in projects.items():
        on_cluster, seconds[where] = where == "cluster", 0.0
        for stage in STAGES:
            command = ("-c", _STAGE.format(stage))
            begun = {"align": root / "data" / "aligned", "evaluate": root / "reports"}.get(stage)
            middle = arguments.identities // 3

            def half(folder: Path | None = begun, enough: int = middle) -> bool:
                return folder is not None and len(list(folder.glob("p*"))) > enough

            if on_cluster and begun is not None:
                with bench.losing_a_node(half):
                    ran = bench.run(*command, on_cluster=True, cwd=root)
            else:
                ran = bench.run(*command, on_cluster=on_cluster, cwd=root)
            assert ran.code == 0, ran.said
            seconds[where] += ran.seconds
            print(f"{stage:9} {where:9} {ran.words}", flush=True)
    differ = differences(*projects.values())
    ratio = seconds["cluster"] / seconds["processes"]
    print(f"{len(differ)} of the products differ {differ[:5]}; wall time {ratio:.2f} of processes'")


def repro(bench: Bench, arguments: argparse.Namespace) -> None:
    """``dvc repro`` from nothing, trainings and registering too, in turn by both; nodes have S3."""
    given = bench.folder / "repro"
    project = scale.make_project(given)
    settings = yaml.safe_load((given / "params.yaml").read_text())
    settings["recipes"]["quick"]["phases"] = [
        {"resolution": 64, "batch": 4, "iterations": arguments.iterations}
    ]
    settings["recipes"]["quick"]["validate_every"] = max(1, arguments.iterations // 2)
    settings["evaluate"] |= {"photos": 4, "recogniser": "dlib"}
    settings["content"] |= {"people": 8, "held_out": 4}
    (given / "params.yaml").write_text(yaml.safe_dump(settings))
    scale.PHOTOS_EACH = arguments.photos_each
    for number in range(arguments.identities):
        scale.add(project, f"p{number:05}", number)
    seconds: dict[str, list[float]] = {"processes": [], "cluster": []}
    for turn in range(arguments.turns):
        roots = {}
        order = ("processes", "cluster") if turn % 2 == 0 else ("cluster", "processes")
        for where in order:
            root = roots[where] = bench.folder / f"repro-{where}-{turn}"
            shutil.copytree(given, root)
            if where == "cluster":
                settings["fanout"]["storage"] = f"s3://zoo/repro-{turn}"
                (root / "params.yaml").write_text(yaml.safe_dump(settings))
            own = {
                "MLFLOW_TRACKING_URI": f"sqlite:///{root}/mlflow.db",
                "DVC_NO_ANALYTICS": "true",
                "ZOO_PROJECT": str(root),
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            }
            load = os.getloadavg()[0]
            ran = bench.run("-m", "dvc", "repro", on_cluster=where == "cluster", cwd=root, also=own)
            assert ran.code == 0, ran.said
            seconds[where].append(ran.seconds)
            print(f"repro {where:9} {ran.words}; load before {load:.1f}", flush=True)
            if arguments.verbose:
                print(ran.said, flush=True)
        tops = ("data", "models", "reports")
        differ = differences(roots["processes"], roots["cluster"], tops)
        print(f"{len(differ)} of the products differ {differ[:5]}", flush=True)
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    print(f"wall time: {', '.join(f'{ratio:.2f}' for ratio in ratios)} of processes'")


def make_project(root: Path, count: int) -> None:
    """So many identities of five small photos each, one of them broken, with networks."""
    from tests.networks_on_disk import write_network
    from tests.pipelines.conftest import make_project as make

    make(root)
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["evaluate"]["recogniser"] = "dlib"
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    from zoo.people import random_person, random_scene, render
    from zoo.photos.writing import write_photo

    for number in range(count):
        photos = root / "identities" / f"p{number:03}" / "photos"
        for scene in range(4):
            setting = random_scene(100 * number + scene, max_yaw=15)
            picture = render(random_person(number + 1), setting, 144).image
            write_photo(photos / f"{scene}.png", picture)
        (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
        record = {"name": photos.parent.name, "basis": "research", "added": "2026-01-01"}
        (photos.parent / "identity.yaml").write_text(yaml.safe_dump(record))
    for identity in (root / "identities").iterdir():
        network = root / "models" / identity.name / "network.onnx"
        network.parent.mkdir(parents=True)
        write_network(network, 0.5, size=64)
        (network.parent / "receipt.json").write_text("{}")


def differences(one: Path, other: Path, tops: Sequence[str] = ("data", "reports")) -> list[str]:
    """Products with other bytes, receipts aside: they hold times and runs."""
    found: list[dict[str, str]] = []
    for root in (one, other):
        files = (path for top in tops for path in (root / top).rglob("*"))
        found.append(
            {
                path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in files
                if path.is_file() and "receipt" not in path.name
            }
        )
    names = sorted(found[0].keys() | found[1].keys())
    print(f"{len(names)} products")
    return [name for name in names if found[0].get(name) != found[1].get(name)]
