import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from zoo.errors import IdentityError, StorageError
from zoo.products import receipts
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date, remove_gone, run_for_identities
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity, write_identity
from zoo.settings import Project

Facts = dict[str, object]


def write_text(product: Path, text: str) -> Facts:
    product.write_text(text)
    return {"length": len(text)}


def refuse(reason: str) -> Facts:
    raise IdentityError(reason)


def break_down() -> Facts:
    raise ZeroDivisionError("a bug in faceswap-zoo")


def job(folder: Path, name: str, text: str) -> Job:
    product = folder / f"{name}.txt"
    return Job(name, product, {"text": text}, write_text, (product, text))


def test_a_product_is_made_once_and_again_only_when_its_inputs_change(tmp_path: Path) -> None:
    first = bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1)
    second = bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1)
    third = bring_up_to_date("stage", [job(tmp_path, "ada", "b")], workers=1)
    assert (first.made, second.made, third.made) == (["ada"], [], ["ada"])
    assert second.fresh == ["ada"]
    assert (tmp_path / "ada.txt").read_text() == "b"
    assert receipts.read(tmp_path / "ada.txt")["length"] == 1


def test_a_missing_product_is_made_again_in_spite_of_its_receipt(tmp_path: Path) -> None:
    bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1)
    (tmp_path / "ada.txt").unlink()
    assert bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1).made == ["ada"]


def test_failures_stop_no_one_and_are_named_with_their_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [
        Job("bad", tmp_path / "bad.txt", {}, refuse, ("too few photos.",)),
        Job("broken", tmp_path / "broken.txt", {}, break_down),
        job(tmp_path, "good", "a"),
    ]
    outcome = bring_up_to_date("stage", jobs, {"early": "no record."}, workers=1)
    assert outcome.exit_code == 1
    assert outcome.made == ["good"]
    assert outcome.failed == {
        "early": "no record.",
        "bad": "too few photos.",
        "broken": "unexpected ZeroDivisionError: a bug in faceswap-zoo",
    }
    printed = capsys.readouterr()
    assert "bad: failed: too few photos." in printed.out
    assert "stage: 3 of 4 failed." in printed.err


def test_a_failure_leaves_no_old_product_behind(tmp_path: Path) -> None:
    bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1)
    (tmp_path / "ada.jpg").touch()
    (tmp_path / "adam.txt").touch()
    bring_up_to_date("stage", [Job("ada", tmp_path / "ada.txt", {}, refuse, ("no.",))], workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["adam.txt"]


def test_an_interrupted_product_is_redone_even_for_its_old_inputs(tmp_path: Path) -> None:
    bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1)
    killed = Job("ada", tmp_path / "ada.txt", {"text": "b"}, interrupt)
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date("stage", [killed], workers=1)
    assert bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1).made == ["ada"]


def interrupt() -> Facts:
    raise KeyboardInterrupt


def test_what_no_identity_owns_is_removed(tmp_path: Path) -> None:
    for name in ("ada.txt", "ada.receipt.json", "gone.txt", "gone.receipt.json", ".ada-half.txt"):
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").touch()
    (tmp_path / "gone-too").mkdir()
    (tmp_path / "gone-too" / "receipt.json").touch()
    assert remove_gone(tmp_path, ["ada"]) == ["gone", "gone-too"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".gitignore",
        "ada.receipt.json",
        "ada.txt",
    ]


def test_a_damaged_record_fails_its_own_identity_only(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for name in ("ada", "bruno"):
        write_identity(
            project.identities / name,
            Identity(name=name, basis=Basis.synthetic, added=date.today()),
        )
    (project.identities / "bruno" / "identity.yaml").write_text("name: [")
    (project.identities / "nameless").mkdir()
    products = tmp_path / "products"
    code = run_for_identities(
        "stage", project, products, lambda identity: job(products, identity.name, "a")
    )
    assert code == 1
    assert (products / "ada.txt").exists()


SCRIPT = """
import os, sys
from pathlib import Path
from zoo.errors import IdentityError
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date

def make(name):
    if name == "dies":
        os._exit(9)
    Path(name).write_text(str(os.getpid()))
    return {}

if __name__ == "__main__":
    jobs = [Job(n, Path(n), {}, make, (n,)) for n in sys.argv[1:]]
    sys.exit(bring_up_to_date("stage", jobs, workers=2).exit_code)
"""


def run_script(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_jobs_run_in_other_processes(tmp_path: Path) -> None:
    done = run_script(tmp_path, "a", "b", "c")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("made in") == 3


def test_a_killed_process_is_reported_in_one_sentence(tmp_path: Path) -> None:
    done = run_script(tmp_path, "dies", "dies")
    assert done.returncode == 1
    assert "dies: failed: its process was killed (out of memory?); run it again" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_killed_process_takes_no_other_identity_with_it(tmp_path: Path) -> None:
    done = run_script(tmp_path, "a", "dies", "b", "c", "d", "e")
    assert done.returncode == 1
    assert done.stdout.count("made in") == 5, done.stdout + done.stderr
    assert "stage: 1 of 6 failed." in done.stderr


def test_a_receipt_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageError("Cannot write it: the disk is full.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipts, "write", full)
        outcome = bring_up_to_date("stage", [job(tmp_path, "ada", "a")], workers=1)
    assert outcome.failed == {"ada": "Cannot write it: the disk is full."}
    assert json.dumps(outcome.failed)


def test_the_time_of_its_parts_is_part_of_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = replace(job(tmp_path, "ada", "a"), spent=40.0)
    bring_up_to_date("stage", [whole], workers=1)
    assert "ada: made in 40." in capsys.readouterr().out
