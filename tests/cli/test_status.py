"""``zoo status``: how far each identity is, from receipts."""

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.cli.conftest import Zoo
from tests.registry.conftest import Trained
from zoo import receipts
from zoo.provenance.identity import new_identity, write_identity
from zoo.settings import Project
from zoo.storage import sha256_of, write_json

Make = Callable[..., Trained]
STEPS = ("aligned", "trained", "evaluated", "registered")


def states(zoo: Zoo) -> dict[str, str]:
    (entry,) = json.loads(zoo("status", "--json").out)
    return {step: entry[step] for step in STEPS}


def make_all(project: Project, trained: Make) -> None:
    """What a run of all stages leaves."""
    write_identity(project.identities / "ada", new_identity("ada", "synthetic"))
    photo = project.identities / "ada" / "photos" / "a.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"a photo")
    made = trained()
    params = yaml.safe_load((project.root / "params.yaml").read_text())

    def put(path: Path, content: bytes) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return sha256_of(path)

    content = put(project.content / "content.safetensors", b"content")
    held_out = put(project.content / "held_out.json", b"[]")
    pack = project.aligned / "ada.safetensors"
    style = put(pack, b"faces")
    descriptors = put(project.aligned / "ada.descriptors.npy", b"numbers")
    sources = {"identities/ada/photos/a.jpg": sha256_of(photo)}
    receipts.write(pack, {"photos": sources, "settings": {"size": 64, "least": 10}})
    recipe = params["recipes"]["quick"]
    receipts.write(made.model, {"style": style, "content": content, "recipe": recipe})
    network = sha256_of(made.model / "network.onnx")
    measured = {"network": network, "descriptors": descriptors, "held_out": held_out}
    receipts.write(made.report, {**measured, "settings": {"photos": 2, "gallery": []}})
    entry = project.root / "registered" / "ada.json"
    write_json(entry, {"version": 4})
    report = sha256_of(made.report / "report.json")
    gate = {**params["gate"], "tolerance": 0.02}
    receipts.write(entry, {"network": network, "report": report, "gate": gate}, version=4)


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
    path.write_text(path.read_text().replace("resolution: 64", "resolution: 128"))
    assert states(zoo) == {
        "aligned": "fresh",
        "trained": "stale",
        "evaluated": "stale",
        "registered": "stale",
    }


def test_another_gate_concerns_the_registry_only(zoo: Zoo, project: Project, trained: Make) -> None:
    make_all(project, trained)
    path = project.root / "params.yaml"
    path.write_text(path.read_text().replace("nearest_rate: 0.9", "nearest_rate: 0.8"))
    assert [step for step, state in states(zoo).items() if state == "stale"] == ["registered"]


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
