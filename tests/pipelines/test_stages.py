"""Each stage as DVC runs it: a process in the project's folder."""

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.conftest import write_network
from tests.pipelines.conftest import RENDERS, edit_params, run_stage
from zoo.evaluation.held_out import read_held_out
from zoo.evaluation.report.report_card import Report
from zoo.faces.curation.face_pack import read_pack
from zoo.photos.reading import read_photo
from zoo.products import receipts
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity, write_identity
from zoo.settings import Project


def stamps(folder: Path) -> dict[str, int]:
    """When each file below ``folder`` was last written."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def trained(project: Project, name: str) -> None:
    """What the train stage leaves, with a network that gives back its input."""
    folder = project.models / name
    write_network(folder / "network.onnx")
    (folder / "network.safetensors").write_bytes(b"weights")
    (folder / "curves.csv").write_text("step,total,content\n0,2.0,1.0\n10,1.0,0.5\n")
    shutil.copy(project.aligned / f"{name}.jpg", folder / "preview.jpg")
    receipts.write(
        folder, {"style": name}, recipe="quick", recipe_name="quick", seconds=1.0, iterations=10
    )


def test_render_draws_each_rendered_identity_in_its_own_scenes(rendered: Project) -> None:
    photos = sorted((rendered.rendered / "ada").glob("*.png"))
    assert len(photos) == RENDERS
    first, second = (read_photo(path).image for path in photos[:2])
    assert first.shape == (144, 144, 3)
    assert np.abs(first.astype(int) - second.astype(int)).mean() > 5
    other = read_photo(rendered.rendered / "bruno" / photos[0].name).image
    assert np.abs(first.astype(int) - other.astype(int)).mean() > 2


def test_align_leaves_one_pack_per_identity_with_sheet_report_and_descriptors(
    rendered: Project,
) -> None:
    pack = read_pack(rendered.aligned / "ada.safetensors")
    report = json.loads((rendered.aligned / "ada.report.json").read_text())
    assert report["photos"] == RENDERS
    assert report["kept"] == len(pack) == RENDERS - len(report["dropped"])
    assert pack.faces.shape[1:] == (64, 64, 3)
    assert pack.names[0].startswith("data/rendered/ada/")
    assert np.load(rendered.aligned / "ada.descriptors.npy").shape == (len(pack), 128)
    assert read_photo(rendered.aligned / "ada.jpg").image.shape[0] >= 64


def test_people_held_out_are_not_in_the_content_at_all(rendered: Project) -> None:
    pack = read_pack(rendered.content / "content.safetensors")
    held_out = read_held_out(rendered.content / "held_out.json")
    assert len(held_out) == 2
    training = {name.split("-")[0] for name in pack.names}
    apart = {str(item.rendered.person) for item in held_out if item.rendered}
    assert len(training) == 2 and apart and not training & apart
    assert all(read_photo(rendered.root / item.photo).image.shape[0] == 144 for item in held_out)


@pytest.mark.parametrize("stage", ["render", "content", "align"])
def test_a_stage_with_nothing_new_writes_nothing(rendered: Project, stage: str) -> None:
    before = stamps(rendered.root / "data")
    done = run_stage(rendered, stage)
    assert done.returncode == 0
    assert all(line.endswith(": fresh") for line in done.stdout.splitlines())
    assert stamps(rendered.root / "data") == before


def test_a_new_identity_is_made_alone_and_a_removed_one_disappears(project: Project) -> None:
    photos = project.identities / "carl" / "photos"
    shutil.copytree(project.rendered / "bruno", photos, ignore=lambda *_: ["receipt.json"])
    write_identity(
        project.identities / "carl",
        Identity(name="carl", basis=Basis.research, added=date(2026, 1, 1)),
    )
    shutil.rmtree(project.identities / "bruno")
    assert "bruno: removed" in run_stage(project, "render").stdout
    assert not (project.rendered / "bruno").exists()
    lines = run_stage(project, "align").stdout.splitlines()
    assert lines[:2] == ["bruno: removed", "ada: fresh"]
    assert lines[2].startswith("carl: made in")
    assert {path.name.split(".")[0] for path in project.aligned.glob("[a-z]*")} == {"ada", "carl"}


def test_one_identitys_failure_stops_no_other_and_only_it_is_redone(project: Project) -> None:
    empty = project.identities / "empty"
    (empty / "photos").mkdir(parents=True)
    write_identity(empty, Identity(name="empty", basis=Basis.research, added=date(2026, 1, 1)))
    (project.aligned / "ada.safetensors").unlink()
    done = run_stage(project, "align")
    assert done.returncode == 1
    assert "empty: failed: empty has no photos" in done.stdout
    assert "ada: made in" in done.stdout and "bruno: fresh" in done.stdout
    assert "Traceback" not in done.stderr
    shutil.rmtree(empty)
    again = run_stage(project, "align")
    assert again.returncode == 0
    assert sorted(again.stdout.splitlines()) == ["ada: fresh", "bruno: fresh"]


def test_too_few_photos_fail_with_the_count_and_leave_no_product(project: Project) -> None:
    edit_params(project, "align", minimum_photos=50, advised_photos=60)
    done = run_stage(project, "align")
    assert done.returncode == 1
    assert "at least 50 are needed" in done.stdout
    assert not (project.aligned / "ada.safetensors").exists()


def test_content_from_folders_holds_out_the_same_photos_whatever_is_added(
    project: Project,
) -> None:
    folder = project.root / "faces"
    shutil.copytree(project.rendered / "ada", folder, ignore=lambda *_: ["receipt.json"])
    edit_params(project, "content", folders=["faces"])
    assert run_stage(project, "content").returncode == 0
    before = {item.name for item in read_held_out(project.content / "held_out.json")}
    assert len(read_pack(project.content / "content.safetensors")) == RENDERS - 2
    shutil.copy(project.rendered / "bruno" / "0000.png", folder / "more.png")
    done = run_stage(project, "content")
    assert "content: made in" in done.stdout
    assert not (project.content / "held_out").exists()
    after = {item.name for item in read_held_out(project.content / "held_out.json")}
    assert len(after) == 2 and after <= before | {"faces/more.png"}
    assert not after & set(read_pack(project.content / "content.safetensors").names)


def test_content_that_would_all_be_held_out_is_refused(project: Project) -> None:
    edit_params(project, "content", folders=["data/rendered/ada"], held_out=50)
    done = run_stage(project, "content")
    assert done.returncode == 1
    assert "content: failed: content.folders hold 5 photos and 50 are held out" in done.stdout
    edit_params(project, "content", folders=["missing"])
    done = run_stage(project, "content")
    assert done.returncode == 1
    assert "missing does not exist" in done.stderr


def test_a_wrong_value_in_params_is_one_sentence(project: Project) -> None:
    edit_params(project, "content", people="many")
    done = run_stage(project, "content")
    assert done.returncode == 2
    assert done.stderr.startswith("error: params.yaml: content.people:")
    assert "Traceback" not in done.stderr


def test_an_unknown_rendered_person_fails_alone(project: Project) -> None:
    record = project.identities / "bruno" / "identity.yaml"
    record.write_text(record.read_text().replace("person: bruno", "person: nobody"))
    done = run_stage(project, "render")
    assert done.returncode == 1
    assert "bruno: failed: There is no rendered person 'nobody'" in done.stdout
    assert "ada: fresh" in done.stdout


def test_evaluate_and_register_measure_publish_and_hold_the_gate(
    project: Project, tmp_path: Path
) -> None:
    for name in ("ada", "bruno"):
        trained(project, name)
    done = run_stage(project, "evaluate")
    assert done.returncode == 0, done.stdout + done.stderr
    report = Report.model_validate_json((project.reports / "ada" / "report.json").read_text())
    assert report.gallery == ["bruno"]
    assert report.photos == 2 and report.nearest_rate == 0
    assert report.truth_psnr is not None and report.truth_psnr > 5
    assert read_photo(project.reports / "ada" / "sheet.jpg").image.shape[1] > 500
    assert read_photo(project.reports / "ada" / "plots.png").image.shape[1] > 500

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    env = {"MLFLOW_TRACKING_URI": uri, "ZOO_CACHE": str(tmp_path / "cache")}
    done = run_stage(project, "register", **env)
    assert done.returncode == 0, done.stdout + done.stderr
    registered = json.loads((project.root / "registered" / "ada.json").read_text())
    assert (registered["version"], registered["alias"]) == (1, "candidate")
    assert "nearest_rate is 0" in registered["objections"][0]

    again = run_stage(project, "evaluate")
    assert sorted(again.stdout.splitlines()) == ["ada: fresh", "bruno: fresh"]
    again = run_stage(project, "register", **env)
    assert sorted(again.stdout.splitlines()) == ["ada: fresh", "bruno: fresh"]

    edit_params(project, "gate", minimum_nearest_rate=0.0, maximum_landmark_difference=50)
    assert run_stage(project, "register", **env).returncode == 0
    registered = json.loads((project.root / "registered" / "ada.json").read_text())
    assert (registered["version"], registered["alias"]) == (1, "champion")


def test_evaluate_names_the_identity_that_has_no_network(project: Project) -> None:
    trained(project, "ada")
    done = run_stage(project, "evaluate")
    assert done.returncode == 1
    assert "bruno: failed:" in done.stdout and "network.onnx is missing" in done.stdout
    assert (project.reports / "ada" / "report.json").exists()
