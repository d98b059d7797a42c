"""From a registered network back to the photos, and to the commands that make it again."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Zoo, zoo
from tests.registry.conftest import Trained
from zoo.errors import RegistryError, UnknownIdentityError
from zoo.products import receipts
from zoo.registry.maintenance.lineage import lineage, reproduce
from zoo.registry.references import parse_reference
from zoo.settings import Project
from zoo.storage import sha256_of
from zoo.tracking import connect

Make = Callable[..., Trained]
__all__ = ["zoo"]


def run(project: Project, *command: str) -> str:
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture
def versioned(sqlite_uri: str, trained: Make, tmp_path: Path) -> tuple[Project, str]:
    """A project under git and DVC with one registered network; and the commit."""
    project = Project(tmp_path / "project")
    (project.root / "params.yaml").write_text("recipe: quick\n")
    (project.root / "dvc.yaml").write_text("stages: {}\n")
    (project.root / ".gitignore").write_text(
        "/data\n/models\n/reports\n/mlflow.db*\n/mlartifacts\n"
    )
    photos = project.identities / "ada" / "photos"
    photos.mkdir(parents=True)
    (photos / "one.jpg").write_bytes(b"a photo")
    run(project, "git", "init", "--quiet")
    run(project, sys.executable, "-m", "dvc", "init", "--quiet")
    run(project, sys.executable, "-m", "dvc", "add", "--quiet", "identities/ada/photos")
    run(project, "git", "add", "--all")
    who = ("-c", "user.name=zoo", "-c", "user.email=zoo@localhost")
    run(project, "git", *who, "commit", "--quiet", "--message", "A project")
    pack = project.aligned / "ada.safetensors"
    pack.parent.mkdir(parents=True)
    pack.write_bytes(b"faces")
    taken = {"identities/ada/photos/one.jpg": sha256_of(photos / "one.jpg")}
    receipts.write(pack, {"maker": "align-1", "photos": taken, "settings": {"size": 64}})
    made = trained()
    made_from = {
        **made.receipt["made_from"],
        "style": sha256_of(pack),
        "content": "c" * 64,
        "recipe": {"layout": "slim", "filters": 16},
        "perceptual": {"name": "compact", "sha256": "d" * 64},
        "light": "e" * 64,
        "maker": "train-1",
    }
    receipts.write(made.model, made_from, recipe_name="quick", resolution=64, code="0.1.0")
    made.publish(sqlite_uri)
    return project, run(project, "git", "rev-parse", "HEAD")


def test_lineage_leads_to_photos_recipe_weights_code_and_commit(
    versioned: tuple[Project, str], sqlite_uri: str
) -> None:
    project, commit = versioned
    found = lineage(parse_reference("ada"), sqlite_uri)
    photo = project.identities / "ada" / "photos" / "one.jpg"
    assert found["photos"] == {"identities/ada/photos/one.jpg": sha256_of(photo)}
    assert found["photos_dvc"]["nfiles"] == 1
    assert found["photos_dvc"]["md5"].endswith(".dir")
    assert found["faces"] == sha256_of(project.aligned / "ada.safetensors")
    assert found["recipe"] == {"layout": "slim", "filters": 16}
    assert found["perceptual"] == {"name": "compact", "sha256": "d" * 64}
    assert (found["content"]["sha256"], found["light"]) == ("c" * 64, "e" * 64)
    assert found["git"] == {"commit": commit, "changed": []}
    assert found["sha256"] == sha256_of(project.models / "ada" / "network.onnx")
    assert found["reproduce"] == [
        f"git checkout {commit}",
        "dvc pull identities/ada/photos.dvc",
        "dvc repro content align",
        "zoo train ada --recipe quick",
    ]


def test_what_was_not_committed_is_named(
    versioned: tuple[Project, str], sqlite_uri: str, trained: Make
) -> None:
    project, _ = versioned
    (project.root / "params.yaml").write_text("recipe: paper\n")
    (project.root / "dvc.lock").write_text("schema: '2.0'\n")
    trained(factor=0.5).publish(sqlite_uri)
    found = lineage(parse_reference("ada:2"), sqlite_uri)
    assert found["git"]["changed"] == ["params.yaml"]


def test_the_command_prints_it(
    versioned: tuple[Project, str],
    sqlite_uri: str,
    zoo: Zoo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, commit = versioned
    monkeypatch.setenv("ZOO_PROJECT", str(project.root))
    shown = zoo("show", "ada:1", "--lineage").out
    for words in (commit, "identities/ada/photos/one.jpg", "zoo train ada --recipe quick", "slim"):
        assert words in shown
    assert json.loads(zoo("show", "ada", "--lineage", "--json").out)["version"] == 1


def test_a_rendered_identity_needs_no_photos_and_without_git_there_is_no_commit() -> None:
    assert reproduce({"identity": "ada", "recipe_name": "quick"}) == [
        "dvc repro content align",
        "zoo train ada --recipe quick",
    ]


def test_what_is_not_there_is_said(versioned: tuple[Project, str], sqlite_uri: str) -> None:
    project, _ = versioned
    with pytest.raises(UnknownIdentityError, match="did you mean ada"):
        lineage(parse_reference("adda"), sqlite_uri)
    shutil.rmtree(project.root / "mlartifacts")
    with pytest.raises(RegistryError, match="has no lineage"):
        lineage(parse_reference("ada"), sqlite_uri)


@pytest.mark.parametrize(
    "change",
    [
        {"identity": "bruno"},
        {"git": {"commit": "main; true"}},
        {"git": ["commit"]},
        {"photos": "all"},
        {"content": 3},
    ],
)
def test_a_lineage_that_others_wrote_is_refused(
    trained: Make, sqlite_uri: str, change: dict[str, object]
) -> None:
    trained().publish(sqlite_uri)
    place = connect(sqlite_uri).get_model_version_download_uri("ada", "1")
    path = Path(place.removeprefix("file://"), "extra_files", "lineage.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(RegistryError, match="ada version 1 has no lineage"):
        lineage(parse_reference("ada"), sqlite_uri)


def test_the_commands_can_be_pasted_whatever_a_recipe_is_called() -> None:
    commands = reproduce({"identity": "ada", "recipe_name": "quick; true"})
    assert commands[-1] == "zoo train ada --recipe 'quick; true'"
