"""A project of two rendered identities with settings so small that stages take seconds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from zoo.settings import Project

ROOT = Path(__file__).parents[2]
SMALL = {
    "render": {"size": 144},
    "content": {"people": 3, "per_person": 2, "held_out": 2, "render_size": 144, "size": 64},
    "align": {"size": 64, "min_interocular": 10, "minimum_photos": 3, "advised_photos": 4},
    "evaluate": {"photos": 2, "gallery": []},
    "gate": {
        "minimum_nearest_rate": 0.9,
        "maximum_landmark_difference": 6.0,
        "minimum_light_correlation": 0.0,
        "tolerance": 0.02,
    },
}
RENDERS = 5


def make_project(root: Path) -> Project:
    """The repository's own dvc.yaml, params.yaml and identities, made small."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, values in SMALL.items():
        params[section].update(values)
    root.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copy(ROOT / "dvc.yaml", root)
    for name in ("ada", "bruno"):
        text = (ROOT / "identities" / name / "identity.yaml").read_text()
        record = yaml.safe_load(text) | {"renders": RENDERS}
        (root / "identities" / name).mkdir(parents=True)
        (root / "identities" / name / "identity.yaml").write_text(yaml.safe_dump(record))
    return Project(root)


def run_stage(project: Project, stage: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs ``pipelines/STAGE.py`` as DVC does."""
    return subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / f"{stage}.py")],
        cwd=project.root,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def edit_params(project: Project, section: str, **values: object) -> None:
    path = project.root / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params[section].update(values)
    path.write_text(yaml.safe_dump(params))


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which render, content and align have run; not to be changed."""
    project = make_project(tmp_path_factory.mktemp("pipelines") / "project")
    for stage in ("render", "content", "align"):
        done = run_stage(project, stage)
        assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def project(rendered: Project, tmp_path: Path) -> Project:
    """A copy of :func:`rendered` for one test."""
    root = tmp_path / "project"
    shutil.copytree(rendered.root, root)
    return Project(root)
