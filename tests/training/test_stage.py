"""The stage with real Ray and a real MLflow store: plan, fan out, products, runs."""

import subprocess
import sys

import numpy as np
import pytest

from tests.training.conftest import random_pack
from zoo.errors import BasisError, IdentityError, ProjectError, UnknownIdentityError
from zoo.faces.curation.face_pack import FacePack, read_pack, write_pack
from zoo.products import receipts
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import read_identity, write_identity
from zoo.settings import Project, tracking_uri
from zoo.tracking import connect
from zoo.training.plan import plan
from zoo.training.stage import train_identities


def test_a_job_that_fails_does_not_stop_others_and_only_what_changed_trains_again(
    project: Project,
) -> None:
    whole = read_pack(project.aligned / "dave.safetensors")
    faces = np.ascontiguousarray(whole.faces[:, :32, :32])
    write_pack(
        project.aligned / "dave.safetensors",
        FacePack(faces, whole.landmarks, whole.names, whole.sources),
    )
    (project.models / "gone").mkdir(parents=True)
    outcome = train_identities(project)
    assert outcome.made == ["carol"]
    assert "32 px, the recipe needs 64" in outcome.failed["dave"]
    assert sorted(path.name for path in project.models.glob("*/")) == ["carol"]

    write_pack(project.aligned / "dave.safetensors", whole)
    outcome = train_identities(project)
    assert (outcome.made, outcome.fresh, outcome.failed) == (["dave"], ["carol"], {})
    assert train_identities(project).fresh == ["carol", "dave"]
    record = read_identity(project.identities / "carol")
    changed = record.model_copy(update={"basis": Basis.research})
    write_identity(project.identities / "carol", changed)  # which the network does not say
    assert [one.identity.name for one in plan(project).stale] == ["carol"]
    write_identity(project.identities / "carol", record.model_copy(update={"style_weight": 4.0}))
    (planned,) = plan(project).stale
    assert planned.recipe.style_weight == (0.8, 4.0)  # 1.6 and 8 in the recipe
    assert planned.made_from["recipe"]["style_weight"] == [0.8, 4.0]
    write_identity(project.identities / "carol", record)
    carol = read_pack(project.aligned / "carol.safetensors")
    write_pack(project.aligned / "carol.safetensors", random_pack(5, 6))
    assert [one.identity.name for one in plan(project).stale] == ["carol"]
    write_pack(project.aligned / "carol.safetensors", carol)

    client = connect(tracking_uri(project))
    runs = client.search_runs(["1"])
    assert sorted((run.info.run_name, run.info.status) for run in runs) == [
        ("carol", "FINISHED"), ("dave", "FAILED"), ("dave", "FINISHED")
    ]  # fmt: skip
    for name in ("carol", "dave"):
        receipt = receipts.read(project.models / name)
        run = client.get_run(receipt["run_id"])
        history = client.get_metric_history(receipt["run_id"], "loss")
        assert [point.step for point in history] == list(range(6))
        assert history[-1].value == pytest.approx(receipt["losses"]["total"])
        assert run.data.params["recipe"] == "tiny"
        assert {path.name for path in (project.models / name).iterdir()} == {
            "network.onnx", "network.safetensors", "curves.csv", "preview.jpg", "receipt.json"
        }  # fmt: skip
    assert not list((project.root / "checkpoints").glob("*"))


def test_with_nothing_to_train_neither_torch_nor_ray_nor_mlflow_is_imported(
    project: Project,
) -> None:
    for name in ("carol", "dave"):
        (project.aligned / f"{name}.safetensors").unlink()
    code = (
        "import sys, pathlib\n"
        "from zoo.settings import Project\n"
        "from zoo.training.stage import train_identities\n"
        "outcome = train_identities(Project(pathlib.Path.cwd()))\n"
        "assert sorted(outcome.failed) == ['carol', 'dave'], outcome\n"
        "print(sorted({'torch', 'ray', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_a_recorded_basis_nobody_is_trained(project: Project) -> None:
    (project.identities / "carol" / "identity.yaml").unlink()
    record = project.identities / "dave" / "identity.yaml"
    record.write_text("name: dave\nadded: 2026-01-01\n")
    found = plan(project)
    assert not found.stale
    assert "no basis is recorded on which carol may be used" in found.failed["carol"]
    assert "basis" in found.failed["dave"]
    with pytest.raises(BasisError):
        plan(project, ["carol"])
    record.write_text("name: dave\nbasis: consent\nadded: 2026-01-01\n")
    with pytest.raises(ProjectError, match="needs evidence"):
        plan(project, ["dave"])


def test_the_plan_names_what_is_missing(project: Project) -> None:
    with pytest.raises(UnknownIdentityError, match="carrol"):
        plan(project, ["carrol"])
    (project.content / "content.safetensors").unlink()
    with pytest.raises(IdentityError, match="dvc repro content"):
        plan(project)
