"""The stages as DVC sees them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.conftest import ROOT
from zoo.products.index import INDEX
from zoo.settings import Project

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())


def dvc(project: Project, *arguments: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=project.root,
        env={**os.environ, "DVC_NO_ANALYTICS": "true", **env},
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


def test_a_stage_runs_in_the_python_that_dvc_runs_in(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    shutil.copy(ROOT / "pipelines" / "stage.sh", tmp_path / "pipelines")
    script = "import sys, zoo; print('ran in', sys.executable)"
    (tmp_path / "pipelines" / "render.py").write_text(script)
    (tmp_path / "dvc.yaml").write_text(f"stages: {{render: {{cmd: {STAGES['render']['cmd']}}}}}")
    project = Project(tmp_path)
    dvc(project, "init", "--no-scm", "--quiet")
    path = f"{impostors(tmp_path / 'bin')}:{os.defpath}"
    for shell in ("/bin/sh", shutil.which("bash") or "/bin/sh"):
        said = dvc(project, "repro", PATH=path, SHELL=shell)
        assert f"ran in {sys.executable}\n" in said


def test_without_the_package_a_stage_says_so_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "zoo.py").write_text("raise ModuleNotFoundError(\"No module named 'zoo'\")\n")
    done = subprocess.run(
        ["/bin/sh", "-c", STAGES["render"]["cmd"]],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert re.fullmatch(r"error: Neither the Python that DVC .* faceswap-zoo; .*\n", done.stderr)


def impostors(folder: Path) -> Path:
    """A folder of Pythons without the package, to stand first on the path."""
    folder.mkdir()
    for name in ("python", "python3"):
        (folder / name).write_text("#!/bin/sh\necho \"No module named 'zoo'\" >&2\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder
