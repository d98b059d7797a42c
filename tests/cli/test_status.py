"""``zoo status``: how far each identity is, from receipts."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Zoo
from tests.registry.conftest import Trained
from zoo import assets
from zoo.assets import Asset, AssetFile
from zoo.evaluation.measures.likeness import recogniser_sha256
from zoo.file_lock import file_lock
from zoo.products import failures, receipts
from zoo.products.digests import digests
from zoo.provenance.identities.identity import new_identity, read_identity, write_identity
from zoo.settings import Project
from zoo.stages.status import STAGES

Make = Callable[..., Trained]
STEPS = ("aligned", "trained", "evaluated", "registered")


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever weights the machine has, none of VGG-19 or SFace are at hand."""
    for user in ("zoo.networks.perceptual", "zoo.evaluation.measures.likeness"):
        monkeypatch.setattr(f"{user}.locate", lambda name: None)


@pytest.fixture
def project(project: Project) -> Project:
    """With the repository's own settings, and its quick recipe, with any perceptual network."""
    params = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    params["recipe"] = "quick"
    params["recipes"]["quick"]["perceptual"] = "auto"
    (project.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return project


def status(zoo: Zoo) -> dict[str, Any]:
    entry: dict[str, Any]
    (entry,) = json.loads(zoo("status", "--json").out)
    return entry


def states(zoo: Zoo) -> dict[str, str]:
    entry = status(zoo)
    return {step: entry[step] for step in STEPS}


def make_all(project: Project, trained: Make) -> None:
    """What a run of all stages leaves."""
    write_identity(project.identities / "ada", new_identity("ada", "synthetic"))
    photo = project.identities / "ada" / "photos" / "a.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"a photo")
    made = trained()
    for path in (
        project.content / "content.safetensors",
        project.content / "held_out.json",
        project.aligned / "ada.safetensors",
        project.aligned / "ada.descriptors.npy",
        project.root / "registered" / "ada.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())
    assert made.identity.name == "ada"
    write_receipts(project)


def write_receipts(project: Project) -> None:
    """Of all of ada's products, as the stages would make them now."""
    ada = read_identity(project.identities / "ada")
    with digests(project) as known:
        for stage in STAGES.values():
            made_from = stage.inputs(project, known)(ada)
            facts = {"version": 4} if stage.NAME == "register" else {}
            receipts.write(stage.product(project, "ada"), made_from, **facts)


def test_after_a_full_run_everything_is_fresh(zoo: Zoo, project: Project, trained: Make) -> None:
    make_all(project, trained)
    assert states(zoo) == dict.fromkeys(STEPS, "fresh")
    line = zoo("status").out.splitlines()[1]
    assert line.split() == [
        "ada",
        "synthetic",
        "1",
        "fresh",
        "fresh",
        "fresh",
        "fresh",
        "(version",
        "4)",
    ]
    assert zoo("status", "-q").out == "ada\n"


def test_a_new_photo_makes_everything_after_it_stale(
    zoo: Zoo, project: Project, trained: Make
) -> None:
    make_all(project, trained)
    (project.identities / "ada" / "photos" / "b.jpg").write_bytes(b"another")
    assert states(zoo) == dict.fromkeys(STEPS, "stale")


def test_another_recipe_leaves_the_aligned_faces_fresh(
    zoo: Zoo, project: Project, trained: Make
) -> None:
    make_all(project, trained)
    path = project.root / "params.yaml"
    path.write_text(path.read_text().replace("iterations: 600", "iterations: 610"))
    assert states(zoo) == {
        "aligned": "fresh",
        "trained": "stale",
        "evaluated": "stale",
        "registered": "stale",
    }


def test_another_gate_concerns_the_registry_only(zoo: Zoo, project: Project, trained: Make) -> None:
    make_all(project, trained)
    path = project.root / "params.yaml"
    path.write_text(path.read_text().replace("nearest_rate: 0.75", "nearest_rate: 0.8"))
    assert [step for step, state in states(zoo).items() if state == "stale"] == ["registered"]


def test_it_says_why_something_is_stale(
    zoo: Zoo, project: Project, trained: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(project, trained)
    (project.identities / "ada" / "photos" / "b.jpg").write_bytes(b"another")
    assert status(zoo)["why"] == {
        "aligned": "photos changed",
        "trained": "to be aligned again first",
        "evaluated": "to be trained again first",
        "registered": "to be evaluated again first",
    }
    assert "photos changed" in zoo("status").out.splitlines()[1]
    assert "0 of 1 are fresh" in zoo("status").err


@pytest.mark.parametrize(
    ("version", "step"),
    [
        ("stages.align", "aligned"),
        ("training.plan", "trained"),
        ("stages.evaluate", "evaluated"),
        ("stages.register", "registered"),
    ],
)
def test_other_code_makes_its_step_and_all_after_it_stale(
    zoo: Zoo,
    project: Project,
    trained: Make,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    step: str,
) -> None:
    make_all(project, trained)
    monkeypatch.setattr(f"zoo.{version}.VERSION", "another")
    found = status(zoo)
    assert found["why"][step] == "code changed"
    assert list(found["why"]) == list(STEPS[STEPS.index(step) :])


def test_weights_that_are_at_hand_now_make_networks_stale(
    zoo: Zoo, project: Project, trained: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_all(project, trained)
    (tmp_path / "vgg19.pth").write_bytes(b"weights")
    monkeypatch.setattr(
        "zoo.networks.perceptual.fetch", lambda name, download: tmp_path / "vgg19.pth"
    )
    monkeypatch.setattr("zoo.networks.perceptual.locate", lambda name: tmp_path / "vgg19.pth")
    assert status(zoo)["why"]["trained"] == "perceptual network changed"


def test_a_failure_is_told_until_the_step_is_made(
    zoo: Zoo, project: Project, trained: Make
) -> None:
    make_all(project, trained)
    failures.remember(project, "align", {"ada": "ada has no photos"})
    assert states(zoo)["aligned"] == "fresh"
    (project.aligned / "ada.safetensors").unlink()
    found = status(zoo)
    assert (found["aligned"], found["why"]["aligned"]) == ("failed", "ada has no photos")
    assert "1 failed" in zoo("status").err
    failures.remember(project, "align", {}, tried=["bruno"])
    assert status(zoo)["aligned"] == "failed"
    failures.remember(project, "align", {}, tried=["ada"])
    assert status(zoo)["aligned"] == "missing"


def test_a_training_is_told_apart_from_one_that_was_interrupted(
    zoo: Zoo, project: Project, trained: Make
) -> None:
    make_all(project, trained)
    checkpoints = project.root / "checkpoints"
    (checkpoints / "ada").mkdir(parents=True)
    assert status(zoo)["training"] == "interrupted, begun"
    (project.root / "logs").mkdir()
    log = project.root / "logs" / "ada.log"
    log.write_text("t training x, recipe quick\nt iteration 40  total 2.31\n")
    assert status(zoo)["training"] == "interrupted, at iteration 40"
    with file_lock(checkpoints):
        assert status(zoo)["training"] == "training, at iteration 40"


def test_a_new_identity_has_everything_missing(zoo: Zoo, project: Project) -> None:
    write_identity(project.identities / "ada", new_identity("ada", "research"))
    assert states(zoo) == dict.fromkeys(STEPS, "missing")


def test_a_damaged_record_is_named_and_the_others_shown(zoo: Zoo, project: Project) -> None:
    write_identity(project.identities / "ada", new_identity("ada", "research"))
    (project.identities / "bruno").mkdir()
    (project.identities / "bruno" / "identity.yaml").write_text("[")
    ended = zoo("status")
    assert ended.code == 1
    assert "bruno/identity.yaml" in ended.error
    assert len(ended.out.splitlines()) == 3


def test_without_identities_it_says_how_to_add_one(zoo: Zoo, project: Project) -> None:
    ended = zoo("status")
    assert (ended.code, ended.out) == (0, "")
    assert "zoo identity add" in ended.err


def recogniser_at_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small file stands for SFace's weights; returns its SHA-256."""
    weights = b"a recogniser"
    folder.mkdir()
    (folder / "judge.onnx").write_bytes(weights)
    digest = sha256(weights).hexdigest()
    sface = Asset("sface", "CC0", (AssetFile("judge.onnx", digest, len(weights)),), "do without")
    monkeypatch.setitem(assets.ASSETS, "sface", sface)
    monkeypatch.setenv("ZOO_ASSETS", str(folder))
    monkeypatch.setattr("zoo.evaluation.measures.likeness.locate", assets.locate)
    return digest


def test_getting_the_recogniser_makes_reports_stale(
    zoo: Zoo, project: Project, trained: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(project, trained)
    recogniser_at_hand(tmp_path / "weights", monkeypatch)
    assert status(zoo)["why"] == {
        "evaluated": "recogniser changed",
        "registered": "to be evaluated again first",
    }
    write_receipts(project)
    assert states(zoo)["evaluated"] == "fresh"


def test_dlibs_descriptor_asked_for_by_name_judges_whatever_is_at_hand(
    zoo: Zoo, project: Project, trained: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(project, trained)
    digest = recogniser_at_hand(tmp_path / "weights", monkeypatch)
    assert recogniser_sha256("sface") == recogniser_sha256("auto") == digest
    assert recogniser_sha256("dlib") is None
    path = project.root / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["evaluate"]["recogniser"] = "dlib"
    path.write_text(yaml.safe_dump(params))
    assert status(zoo)["why"]["evaluated"] == "settings changed"
    write_receipts(project)
    assert states(zoo)["evaluated"] == "fresh"


def test_a_recogniser_that_is_asked_for_and_not_at_hand_is_named(
    zoo: Zoo, project: Project, trained: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(project, trained)

    def fetch(name: str, *, download: bool) -> Path:
        assert not download
        return assets.fetch("nothing-like-it", download=False)

    monkeypatch.setitem(assets.ASSETS, "nothing-like-it", assets.ASSETS["sface"])
    monkeypatch.setattr("zoo.assets.locate", lambda name: None)
    monkeypatch.setattr("zoo.evaluation.measures.likeness.fetch", fetch)
    path = project.root / "params.yaml"
    path.write_text(path.read_text().replace("recogniser: auto", "recogniser: sface"))
    assert "are not available" in status(zoo)["why"]["evaluated"]
