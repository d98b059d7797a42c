"""The stages as DVC sees them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.conftest import ROOT
from zoo.index import INDEX
from zoo.settings import Project

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())


def dvc(project: Project, *arguments: str) -> str:
    folder = Path(sys.executable).parent
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=project.root,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "DVC_NO_ANALYTICS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_number_of_stages_does_not_depend_on_the_identities() -> None:
    assert list(STAGES) == ["render", "content", "align", "train", "evaluate", "register"]
    assert not any("foreach" in stage or "matrix" in stage for stage in STAGES.values())


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_keeps_its_products_and_names_what_exists(name: str) -> None:
    stage = STAGES[name]
    outs = [next(iter(out.items())) for out in stage["outs"]]
    assert all(options == {"persist": True} for _, options in outs)
    made = {path for other in STAGES.values() for out in other["outs"] for path in out}
    assert all(
        dep.removesuffix(f"/{INDEX}") in made or (ROOT / dep).exists() for dep in stage["deps"]
    )
    assert all(section in PARAMS for section in stage["params"])


def test_dvc_repro_with_nothing_new_does_nothing(project: Project) -> None:
    for folder in ("pipelines", "platform"):
        shutil.copytree(
            ROOT / folder,
            project.root / folder,
            ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
        )
    shutil.copy(ROOT / ".dvcignore", project.root)
    dvc(project, "init", "--no-scm", "--quiet")
    first = dvc(project, "repro", "align")
    assert "Running stage 'render'" in first
    assert "ada: fresh" in first and "made in" not in first
    second = dvc(project, "repro", "align")
    assert "Running stage" not in second
    assert "Stage 'align' didn't change, skipping" in second
    with (project.root / "pipelines" / "align.py").open("a") as script:
        script.write("# the same result\n")
    third = dvc(project, "repro", "align")
    assert "Running stage 'align'" in third and "Running stage 'render'" not in third
    assert "made in" not in third
