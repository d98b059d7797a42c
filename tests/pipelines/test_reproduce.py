"""The commands at the end of a version's lineage, run in a fresh clone: the same network again."""

import json
import shutil
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.pipelines.conftest import ROOT
from tests.pipelines.test_merge import run
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity, write_identity
from zoo.settings import Project
from zoo.stages import align, content, evaluate, register, render, train
from zoo.stages.status import STEPS, State, project_status
from zoo.storage import sha256_of

RECIPE = {
    "phases": [{"resolution": 64, "batch": 1, "iterations": 3}],
    "perceptual": "compact",
    "validate_every": 3,
    "checkpoint_every": 2,
    "report_every": 1,
}
PASSES = {"minimum_nearest_rate": 0.0, "maximum_landmark_difference": 1000.0}
ZOO = [sys.executable, "-m", "zoo.cli.main"]


def committed(project: Project, remote: Path) -> None:
    """The project in git, with photos of carl in DVC and in its remote."""
    for folder in ("pipelines", "platform"):
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / folder, project.root / folder, ignore=ignore)
    for file in (".dvcignore", ".gitignore"):
        shutil.copy(ROOT / file, project.root)
    params = yaml.safe_load((project.root / "params.yaml").read_text())
    params.update(recipe="quick")
    params["recipes"]["quick"].update(RECIPE)
    params["gate"].update(PASSES)
    (project.root / "params.yaml").write_text(yaml.safe_dump(params))
    photos = project.identities / "carl" / "photos"
    shutil.copytree(project.rendered / "bruno", photos, ignore=lambda *_: ["receipt.json"])
    for other in ("ada", "bruno"):
        shutil.rmtree(project.identities / other)
    record = Identity(name="carl", basis=Basis.research, added=date(2026, 1, 1))
    write_identity(photos.parent, record)
    run(project, "git", "init", "--quiet", "--initial-branch", "main")
    run(project, "dvc", "init", "--quiet")
    run(project, "dvc", "remote", "add", "--default", "store", str(remote))
    run(project, "dvc", "add", "--quiet", str(photos))
    run(project, "dvc", "push", "--quiet")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "Add carl")


@pytest.mark.timeout(900)  # every stage twice and five commands, on a slow machine beside others
def test_a_version_is_made_again_by_the_commands_of_its_lineage(
    project: Project, tmp_path: Path
) -> None:
    committed(project, tmp_path / "remote")
    for stage in (render, content, align, train, evaluate, register):
        assert stage.run(project) == 0
    said = json.loads(run(project, *ZOO, "show", "carl", "--lineage", "--json"))
    assert said["git"]["changed"] == []
    assert [command.split()[0] for command in said["reproduce"]] == ["git", "dvc", "dvc", "zoo"]

    clone = Project(tmp_path / "clone")
    run(project, "git", "clone", "--quiet", str(project.root), str(clone.root))
    for command in said["reproduce"]:
        run(clone, *command.split())
    assert sha256_of(clone.models / "carl" / "network.onnx") == said["sha256"]
    run(clone, "dvc", "repro", "--quiet")
    (carl,) = project_status(clone)
    assert [getattr(carl, step) for step in STEPS] == [State.fresh] * 4, carl.why
