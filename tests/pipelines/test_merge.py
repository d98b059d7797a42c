"""Two people add an identity each, on branches of their own, and merge: real git, real DVC."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.conftest import ROOT
from zoo.settings import Project

STAGE = """
import pathlib
for record in sorted(pathlib.Path("identities").glob("*/identity.yaml")):
    folder = record.parent
    product = pathlib.Path("models") / folder.name
    if product.exists():
        print(folder.name, "fresh")
    else:
        product.mkdir(parents=True)
        (product / "network").write_text((folder / "photos" / "one.jpg").read_text())
        print(folder.name, "made")
"""
DVC_YAML = """
stages:
  train:
    cmd: python stage.py
    deps: [identities]
    outs:
      - models:
          persist: true
"""


def run(project: Project, *command: str) -> str:
    folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "true",
        **{f"GIT_{who}_{what}": "zoo@localhost" for who in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    done = subprocess.run(
        command, cwd=project.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def add(project: Project, name: str) -> None:
    photos = project.identities / name / "photos"
    photos.mkdir(parents=True)
    (photos / "one.jpg").write_text(f"a photo of {name}")
    (photos.parent / "identity.yaml").write_text(f"name: {name}\n")
    run(project, "dvc", "add", "--quiet", str(photos))
    run(project, "dvc", "repro", "--quiet")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", f"Add {name}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    (root / "identities").mkdir(parents=True)
    (root / "params.yaml").write_text("{}\n")
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "stage.py").write_text(STAGE)
    (root / ".gitignore").write_text("/models\n")
    project = Project(root)
    run(project, "git", "init", "--quiet", "--initial-branch", "main")
    run(project, "dvc", "init", "--quiet")
    add(project, "ada")
    run(project, "git", "switch", "--quiet", "--create", "theirs")
    add(project, "bruno")
    run(project, "git", "switch", "--quiet", "main")
    run(project, "dvc", "checkout", "--quiet")
    add(project, "carl")
    return project


def test_identities_of_both_branches_are_there_and_none_is_made_again(project: Project) -> None:
    with pytest.raises(AssertionError, match=r"conflict in dvc\.lock"):
        run(project, "git", "merge", "theirs")
    run(project, "git", "merge", "--abort")

    said = run(project, sys.executable, str(ROOT / "pipelines" / "merge.py"), "theirs")
    assert "models/bruno: theirs" in said
    run(project, "git", "commit", "--quiet", "--message", "Merge")
    assert sorted(path.name for path in project.models.iterdir()) == ["ada", "bruno", "carl"]
    assert (project.models / "bruno" / "network").read_text() == "a photo of bruno"
    assert "up to date" in run(project, "dvc", "status")
    assert run(project, "git", "status", "--porcelain") == ""
    last = run(project, "dvc", "repro", "--force")
    assert {line for line in last.splitlines() if line.endswith((" fresh", " made"))} == {
        "ada fresh",
        "bruno fresh",
        "carl fresh",
    }
