"""``zoo identity``: photos in, record beside them, and no face without a basis."""

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Zoo
from zoo.provenance.identity import read_identity
from zoo.settings import Project


def photos(portrait: Path, count: int) -> Path:
    folder = Path("maria")
    for number in range(count):
        (folder / str(number)).mkdir(parents=True)
        shutil.copy(portrait, folder / str(number) / "photo.png")
    return folder


def test_a_person_is_added_listed_shown_and_removed(
    zoo: Zoo, project: Project, portrait: Path
) -> None:
    folder = photos(portrait, 3)
    evidence = ["--evidence", "form of 2026-03-01"]
    added = zoo("identity", "add", "maria", folder, "--basis", "consent", *evidence)
    assert added.code == 0
    assert added.out == f"Added maria with 3 photos in {project.identities / 'maria'}.\n"
    assert "not a DVC repository" in added.err
    assert read_identity(project.identities / "maria").evidence == "form of 2026-03-01"
    assert len(list((project.identities / "maria" / "photos").iterdir())) == 3

    (facts,) = json.loads(zoo("identity", "list", "--json").out)
    assert (facts["name"], facts["basis"], facts["photos"]) == ("maria", "consent", 3)
    assert zoo("identity", "list", "--quiet").out == "maria\n"
    assert "form of 2026-03-01" in zoo("identity", "list").out
    assert json.loads(zoo("identity", "show", "maria", "--json").out) == facts
    assert "consent" in zoo("identity", "show", "maria").out

    assert zoo("identity", "remove", "maria").code == 0
    assert zoo("identity", "list", "-q").out == ""
    assert "zoo identity add" in zoo("identity", "list").err


def test_what_cannot_be_used_is_named_and_left_out(
    zoo: Zoo, project: Project, portrait: Path
) -> None:
    folder = photos(portrait, 1)
    (folder / "cut.png").write_bytes(portrait.read_bytes()[:500])
    ended = zoo("identity", "add", "maria", folder, "--basis", "research", "--json")
    assert ended.code == 1
    assert "left out: maria/cut.png" in ended.err
    facts = json.loads(ended.out)
    assert facts["photos"] == 1
    assert len(facts["left_out"]) == 1


def test_each_mistake_is_one_sentence_and_creates_nothing(
    zoo: Zoo, project: Project, portrait: Path
) -> None:
    folder = photos(portrait, 1)
    Path("empty").mkdir()
    Path("text").mkdir()
    Path("text/notes.jpg").write_text("no photo")
    mistakes: list[tuple[list[object], int, str]] = [
        (["Maria", folder, "--basis", "research"], 2, "for example 'maria'"),
        (["maria", folder], 2, "--basis with one of"),
        (["maria", folder, "--basis", "fun"], 2, "'fun' is no basis"),
        (["maria", folder, "--basis", "consent"], 2, "needs --evidence"),
        (["maria", folder, "--basis", "licence", "--evidence", " "], 2, "needs --evidence"),
        (["maria", "empty", "--basis", "research"], 1, "No photos in empty"),
        (["maria", "gone", "--basis", "research"], 1, "gone does not exist"),
        (["maria", "text", "--basis", "research"], 1, "None of 1 files is a usable photo"),
    ]
    for arguments, code, words in mistakes:
        ended = zoo("identity", "add", *arguments)
        assert (ended.code, ended.out) == (code, "")
        assert words in ended.error
    assert not list(project.identities.glob("*"))

    zoo("identity", "add", "maria", folder, "--basis", "research")
    again = zoo("identity", "add", "maria", folder, "--basis", "research")
    assert again.code == 2
    assert "is there already" in again.error
    assert "did you mean maria" in zoo("identity", "show", "mario").error
    assert "did you mean maria" in zoo("identity", "remove", "mario").error


def test_a_damaged_record_is_named(zoo: Zoo, project: Project) -> None:
    (project.identities / "maria").mkdir(parents=True)
    (project.identities / "maria" / "identity.yaml").write_text("[")
    ended = zoo("identity", "list")
    assert ended.code == 2
    assert "maria/identity.yaml cannot be read" in ended.error
