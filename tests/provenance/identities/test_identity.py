"""The record: no face without a basis, and a damaged record is named."""

import os
from datetime import date
from pathlib import Path

import pytest

from zoo.errors import BasisError, ProjectError, SlugError, UnknownIdentityError
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import (
    Identity,
    count_photos,
    find_identity,
    identities,
    new_identity,
    read_identity,
    write_identity,
)
from zoo.settings import Project


def test_a_record_survives_writing_and_reading(tmp_path: Path) -> None:
    identity = new_identity("ada", "consent", "signed form,\n folder 12: é")
    write_identity(tmp_path / "ada", identity)
    assert read_identity(tmp_path / "ada") == identity
    assert identity.evidence == "signed form, folder 12: é"
    assert identity.added == date.today()


def test_the_file_is_plain_yaml_that_people_can_write(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "identity.yaml").write_text(
        "name: ada\nbasis: synthetic\nperson: ada\nrenders: 60\nadded: 2026-01-01\n"
    )
    assert read_identity(tmp_path / "ada") == Identity(
        name="ada", basis=Basis.synthetic, person="ada", renders=60, added=date(2026, 1, 1)
    )


@pytest.mark.parametrize(
    ("basis", "evidence", "words"),
    [
        (None, None, "--basis with one of consent, licence, research, synthetic"),
        ("fun", None, "'fun' is not a basis"),
        ("consent", None, "needs --evidence"),
        ("licence", "  ", "needs --evidence"),
        ("research", "x" * 2001, "longer than"),
    ],
)
def test_no_face_without_a_basis(basis: str | None, evidence: str | None, words: str) -> None:
    with pytest.raises(BasisError, match=words):
        new_identity("ada", basis, evidence)


def test_research_and_synthetic_need_no_evidence() -> None:
    assert new_identity("ada", "research").evidence is None
    assert new_identity("ada", "synthetic", "made here").evidence == "made here"
    assert len(new_identity("ada", "licence", "x" * 2000).evidence or "") == 2000


def test_the_name_is_checked_first() -> None:
    with pytest.raises(SlugError):
        new_identity("Ada", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "valid dictionary"),
        ("[", r"identity\.yaml cannot be read"),
        ("name: ada\nadded: 2026-01-01", "basis: Field required"),
        ("name: ada\nbasis: fun\nadded: 2026-01-01", "basis"),
        ("name: ada\nbasis: consent\nadded: 2026-01-01", "needs evidence"),
        ("name: ada\nbasis: consent\nevidence: '  '\nadded: 2026-01-01", "needs evidence"),
        ("name: Ada\nbasis: research\nadded: 2026-01-01", "not a valid name"),
        ("name: bruno\nbasis: research\nadded: 2026-01-01", "its folder is 'ada'"),
        ("name: ada\nbasis: research\nadded: yesterday", "added"),
        ("name: ada\nbasis: research\nadded: 2026-01-01\nage: 36", "age"),
        ("name: ada\nbasis: research\nperson: ada\nadded: 2026-01-01", "only a synthetic"),
        ("name: ada\nbasis: synthetic\nrenders: 9\nadded: 2026-01-01", "rendered person"),
        ("name: ada\nbasis: synthetic\nperson: ada\nrenders: 0\nadded: 2026-01-01", "renders"),
        ("!!python/object/apply:os.system ['true']", "cannot be read"),
        ("name: \udcff", "cannot be read"),
        ("name: ada\nbasis: research\nadded: 2026-13-45", "cannot be read: month must be"),
        ("name: ada\nbasis: research\nadded: .inf", "added"),
        ("[" * 10_000, "nested too deep"),
        ("name: ada\n#" + "x" * 70_000, "larger than 64 KB"),
        ("name: ada\nbasis: consent\nevidence: '\u200b'\nadded: 2026-01-01", "needs evidence"),
        ("name: ada\nbasis: consent\nevidence: '\u3164 .'\nadded: 2026-01-01", "needs evidence"),
    ],
)
def test_a_damaged_record_is_named_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "ada").mkdir()
    content = text.encode(errors="surrogateescape")
    (tmp_path / "ada" / "identity.yaml").write_bytes(content)
    with pytest.raises(ProjectError, match=words) as caught:
        read_identity(tmp_path / "ada")
    assert "identity.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fifo_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    os.mkfifo(tmp_path / "ada" / "identity.yaml")
    with pytest.raises(ProjectError, match=r"identity\.yaml cannot be read: It is no regular file"):
        read_identity(tmp_path / "ada")


@pytest.mark.parametrize("evidence", ["\u200b", "\u2060\ufeff", "\u3164", "\x07", "-", "\u00a0"])
def test_evidence_that_cannot_be_seen_is_none(evidence: str) -> None:
    with pytest.raises(BasisError, match="needs --evidence"):
        new_identity("ada", "consent", evidence)


def test_without_a_record_there_is_no_basis(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    with pytest.raises(BasisError, match=r"identity\.yaml is missing"):
        read_identity(tmp_path / "ada")


def test_identities_come_by_name_and_unknown_ones_with_near_names(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert identities(project) == []
    for name in ("bruno", "ada"):
        write_identity(project.identities / name, new_identity(name, "research"))
    (project.identities / "notes.txt").write_text("")
    assert [identity.name for identity in identities(project)] == ["ada", "bruno"]
    assert find_identity(project, "ada").name == "ada"
    with pytest.raises(UnknownIdentityError, match="did you mean bruno"):
        find_identity(project, "brunno")
    with pytest.raises(SlugError):
        find_identity(project, "../ada")


def test_photos_are_counted_on_disk_or_as_planned(tmp_path: Path) -> None:
    project = Project(tmp_path)
    real = new_identity("maria", "research")
    folder = project.identities / "maria" / "photos" / "deep"
    folder.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", ".DS_Store"):
        (folder / name).write_bytes(b"")
    assert count_photos(project, real) == 2
    drawn = Identity(
        name="ada", basis=Basis.synthetic, person="ada", renders=60, added=date.today()
    )
    assert count_photos(project, drawn) == 60
