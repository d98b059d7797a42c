import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from zoo.errors import ProjectError
from zoo.settings import Project, cache_folder, find_project, read_params, section, tracking_uri


class Limits(BaseModel):
    most: int


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "params.yaml").write_text("limits:\n  most: 3\n")
    (tmp_path / "dvc.yaml").write_text("")
    return Project(tmp_path)


def test_a_project_is_found_from_below(project: Project) -> None:
    below = project.root / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == project


def test_no_project_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="not inside a faceswap-zoo project"):
        find_project(tmp_path)


def test_sections_have_types(project: Project) -> None:
    params = read_params(project)
    assert section(params, "limits", Limits).most == 3
    with pytest.raises(ProjectError, match="no section 'other'"):
        section(params, "other", Limits)
    with pytest.raises(ProjectError, match=r"params\.yaml: limits\.most: "):
        section({"limits": {"most": "many"}}, "limits", Limits)


def test_params_that_are_no_mapping_are_named(project: Project) -> None:
    (project.root / "params.yaml").write_text("[1, 2")
    with pytest.raises(ProjectError, match=r"params\.yaml is not valid YAML"):
        read_params(project)


def test_the_registry_is_the_environments_or_the_projects(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(project) == f"sqlite:///{project.root}/mlflow.db"
    with pytest.raises(ProjectError, match="MLFLOW_TRACKING_URI"):
        tracking_uri(None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:5000")
    assert tracking_uri(project) == "http://localhost:5000"


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"recipe: caf\xe9", "is not valid YAML"),
        (b"[" * 10_000, "nested too deep"),
        (b"recipe: 2026-13-45", "is not valid YAML"),
    ],
)
def test_params_of_others_are_named_in_a_sentence(
    project: Project, content: bytes, words: str
) -> None:
    (project.root / "params.yaml").write_bytes(content)
    with pytest.raises(ProjectError, match=words) as caught:
        read_params(project)
    assert "\n" not in str(caught.value)


def test_a_fifo_in_place_of_params_is_named(project: Project) -> None:
    (project.root / "params.yaml").unlink()
    os.mkfifo(project.root / "params.yaml")
    with pytest.raises(ProjectError, match=r"cannot be read: It is no regular file"):
        read_params(project)
