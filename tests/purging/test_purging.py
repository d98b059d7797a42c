"""``zoo identity remove --purge``: afterwards nobody finds the person, however they search."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Zoo, empty_store, project, sqlite_uri, trained, uri, zoo
from tests.networks_on_disk import write_network
from tests.registry.conftest import Trained
from zoo.purging.references import NOBODY, take_out
from zoo.registry.listing import list_models
from zoo.registry.local.pull import pull
from zoo.registry.references import Reference
from zoo.settings import Project, cache_folder
from zoo.storage import write_json

__all__ = ["empty_store", "project", "sqlite_uri", "trained", "uri", "zoo"]

NAME, OTHER, LONGER = "quentin", "bruno", "quentin-2"
STAGES = """\
stages:
  make:
    cmd: "true"
    outs:
      - data/aligned: {persist: true}
      - models: {persist: true}
      - reports: {persist: true}
"""


def dvc(folder: Path, *commands: str) -> None:
    """Runs commands of DVC, and ``drop FILE``, in one process, which imports it once."""
    code = (
        "import os, sys\nfrom dvc.cli import main\n"
        "for command in map(str.split, sys.argv[1:]):\n"
        "    if command[0] == 'drop': os.remove(command[1])\n"
        "    elif code := main(command): sys.exit(code)\n"
    )
    command = [sys.executable, "-c", code, *commands]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def noise(name: str, count: int = 3000) -> bytes:
    """Bytes that nothing else has."""
    return b"".join(hashlib.sha256(f"{name} {n}".encode()).digest() for n in range(count // 32))


@dataclass(frozen=True)
class House:
    """A whole home and project in which three identities have left all that they leave."""

    root: Path
    project: Project
    uri: str
    bytes_of: set[str]

    def findings(self) -> list[str]:
        """Every file under the home and the project that has the person's bytes or name."""
        found = []
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            content = path.read_bytes() if path.is_file() else b""
            parts = [part.split(".")[0] for part in name.split("/")]
            said = content.replace(LONGER.encode(), b"")
            if (
                NAME in parts
                or NAME.encode() in said
                or (hashlib.sha256(content).hexdigest() in self.bytes_of)
            ):
                found.append(name)
        return found


@pytest.fixture
def house(
    project: Project,
    uri: str,
    trained: Callable[..., Trained],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    home = tmp_path / "home"
    folders = {
        "HOME": home,
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_DATA_HOME": home / ".local" / "share",
        "DVC_SITE_CACHE_DIR": home / "dvc",
    }
    for variable, folder in folders.items():
        monkeypatch.setenv(variable, str(folder))
    for variable in ("ZOO_CACHE", "ZOO_DATA"):
        monkeypatch.delenv(variable, raising=False)
    root = project.root
    (root / "dvc.yaml").write_text(STAGES)
    for name in (NAME, OTHER, LONGER):
        photos = project.identities / name / "photos"
        photos.mkdir(parents=True)
        (photos / "one.jpg").write_bytes(noise(f"{name}'s photo"))
        (photos.parent / "identity.yaml").write_text(
            f"name: {name}\nbasis: consent\nevidence: form of {name}\nadded: 2026-01-01\n"
        )
        for place in ("data/rendered", "data/aligned", "data/coverage", "checkpoints", "logs"):
            (root / place).mkdir(parents=True, exist_ok=True)
        (project.aligned / f"{name}.safetensors").write_bytes(noise(f"{name}'s faces"))
        write_json(project.aligned / f"{name}.report.json", {"identity": name})
        (project.coverage / f"{name}.jpg").write_bytes(noise(f"{name}'s coverage"))
        (root / "checkpoints" / name).mkdir()
        (root / "checkpoints" / name / "c.safetensors").write_bytes(noise(f"{name}'s checkpoint"))
        (root / "logs" / f"{name}.log").write_text(f"training {'0' * 64} of {name}\n")
    one = trained(NAME)
    for file in ("network.safetensors", "preview.jpg"):
        (one.model / file).write_bytes(noise(f"{NAME}'s {file}"))
    for file in ("sheet.jpg", "plots.png"):
        (one.report / file).write_bytes(noise(f"{NAME}'s {file}"))
    one.publish(uri)
    other = trained(OTHER)
    report = json.loads((other.report / "report.json").read_text())
    report["gallery"], report["rows"][0]["finished"]["nearest_other"] = [NAME, LONGER], NAME
    write_json(other.report / "report.json", report)
    other.publish(uri)
    for products in (project.aligned, project.models, project.reports):
        write_json(products / "INDEX.json", {NAME: "1", OTHER: "2", LONGER: "3"})
    write_json(root / ".zoo" / "failures" / "train.json", {NAME: "too dark", OTHER: "too blurred"})
    (root / "demo").mkdir()
    (root / "demo" / "out.jpg").write_bytes(b"\xff\xd8 identity: quentin \xff\xd9")
    pull(Reference(NAME), uri)
    pull(Reference(OTHER), uri)
    list_models(uri)
    (cache_folder() / "embeddings").mkdir()
    (cache_folder() / "embeddings" / "abc.npy").write_bytes(noise(f"{NAME}'s embeddings"))
    tracked = f"identities/{NAME}/photos"
    (root / tracked / "two.jpg").write_bytes(noise("another"))
    dvc(
        root,
        "init --no-scm --quiet",
        f"add --quiet {tracked}",
        "repro --quiet",
        f"drop {tracked}/two.jpg",
        f"add --quiet {tracked} identities/{OTHER}/photos",
        "remote add store s3://bucket/dvc --quiet",
    )
    own, others = {hashlib.sha256(noise("another")).hexdigest()}, set[str]()
    for path in (*root.rglob("*"), *cache_folder().rglob("*")):
        parts = [part.split(".")[0] for part in path.parts]
        if path.is_file() and (NAME in parts or OTHER in parts):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            (own if NAME in parts else others).add(digest)
    return House(tmp_path, project, uri, own - others)  # both have curves.csv, aliases.json


def test_after_a_purge_a_search_finds_nothing_but_the_record_of_it(house: House, zoo: Zoo) -> None:
    before = house.findings()
    kinds = (
        f"identities/{NAME}/photos", f"aligned/{NAME}.", f"coverage/{NAME}", f"models/{NAME}/",
        f"reports/{NAME}/", f"checkpoints/{NAME}/", f"logs/{NAME}.", "mlflow.db", "mlartifacts/",
        "demo/out.jpg", f"reports/{OTHER}/report.json",
        ".dvc/cache/files/md5", "dvc/repo", "home/.cache/faceswap-zoo/networks", "listings/",
        "failures/train.json", "INDEX.json",
    )  # fmt: skip
    for kind in kinds:  # the search finds what there is
        assert any(kind in path for path in before), kind
    ended = zoo("identity", "remove", NAME, "--purge", "--yes")
    assert house.findings() == ["project/purged.jsonl"]
    assert ended.code == 0, ended.err
    assert "left:" not in ended.err
    (line,) = (house.project.root / "purged.jsonl").read_text().splitlines()
    assert json.loads(line)["purged"] == NAME
    for words in ("zoo verify", "DVC's remote 'store'", "pulled", "backups"):
        assert words in ended.out

    # The others have everything that they had.
    assert [model.name for model in list_models(house.uri)] == [OTHER]
    assert pull(Reference(OTHER), house.uri).version == 1
    for name in (OTHER, LONGER):
        assert (house.project.identities / name / "photos" / "one.jpg").is_file()
        assert (house.project.aligned / f"{name}.safetensors").is_file()
        assert (house.project.root / "checkpoints" / name / "c.safetensors").is_file()
    report = json.loads((house.project.reports / OTHER / "report.json").read_text())
    assert report["gallery"] == [LONGER]
    assert report["rows"][0]["finished"]["nearest_other"] == NOBODY
    assert json.loads((house.project.models / "INDEX.json").read_text()) == {
        OTHER: "2",
        LONGER: "3",
    }
    md5 = hashlib.md5(noise(f"{OTHER}'s photo"), usedforsecurity=False).hexdigest()
    assert (house.project.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).is_file()
    assert zoo("identity", "remove", NAME, "--purge", "--yes").code == 2


def test_nothing_is_purged_without_a_yes(project: Project, zoo: Zoo) -> None:
    folder = project.identities / NAME
    folder.mkdir(parents=True)
    ended = zoo("identity", "remove", NAME, "--purge")
    assert ended.code == 2
    assert "add --yes" in ended.error
    assert folder.is_dir()
    assert (
        "There is nothing to remove of an identity 'quentim'"
        in zoo("identity", "remove", "quentim", "--purge", "--yes").error
    )


def test_a_name_is_taken_out_of_json_and_of_no_longer_word(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    data = {"ada": 1, "metadata": ["ada", "ada-2", "models/ada/x.onnx"], "near": "ada", "n": [1.5]}
    write_json(path, data)
    path.chmod(0o640)
    assert take_out(path, "ada")
    assert json.loads(path.read_text()) == {"metadata": ["ada-2"], "near": NOBODY, "n": [1.5]}
    assert path.stat().st_mode & 0o777 == 0o640
    assert not take_out(path, "ada")


def test_networks_of_the_same_name_from_another_registry_are_someone_elses(
    project: Project, uri: str, trained: Callable[..., Trained], zoo: Zoo, tmp_path: Path
) -> None:
    trained(NAME).publish(uri)
    pull(Reference(NAME), uri)
    (folder,) = (cache_folder() / "networks").glob("*")
    elsewhere = folder.with_name("0" * 16)
    shutil.copytree(folder, elsewhere)
    card = elsewhere / NAME / "1" / "card.json"
    network = write_network(card.with_name("network.onnx"), 0.25, identity=NAME)
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    write_json(card, {**json.loads(card.read_text()), "sha256": digest})
    zoo("identity", "remove", NAME, "--purge", "--yes")
    assert not (folder / NAME).exists()
    assert network.is_file()
