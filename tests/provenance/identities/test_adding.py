"""Adding an identity: whole or not at all, with names that are safe on any disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.errors import PhotoError, SlugError, StorageError, UnknownIdentityError, UsageError
from zoo.provenance.identities.adding import (
    add_identity,
    add_photos,
    leads_out,
    remove_identity,
    version_photos,
)
from zoo.provenance.identities.identity import new_identity, read_identity
from zoo.settings import Project

ADA = new_identity("ada", "research")


def check(photo: Path) -> None:
    if photo.read_bytes() != b"good":
        raise PhotoError(f"{photo} is damaged.")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def photos(folder: Path, *names: str, content: bytes = b"good") -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return paths


def test_photos_and_record_are_put_into_the_project(project: Project, tmp_path: Path) -> None:
    done: list[int] = []
    added = add_identity(project, ADA, photos(tmp_path, "x/a.jpg", "b.PNG"), check, done.append)
    assert added.folder == project.identities / "ada"
    assert added.photos == ["a.jpg", "b.png"]
    assert read_identity(added.folder) == ADA
    assert sorted(path.name for path in (added.folder / "photos").iterdir()) == added.photos
    assert done == [1, 2]


def test_names_become_safe_and_unique(project: Project, tmp_path: Path) -> None:
    found = photos(
        tmp_path,
        "a/1.jpg",
        "b/1.JPG",
        "c/1.jpg",
        "d/é è.jpg",
        "e/-rf.jpg",
        "f/" + "x" * 200 + ".jpg",
    )
    added = add_identity(project, ADA, found, check)
    assert added.photos == sorted(
        ["1.jpg", "1-2.jpg", "1-3.jpg", "photo.jpg", "rf.jpg", "x" * 100 + ".jpg"]
    )


def test_unusable_photos_are_left_out_with_their_reason(project: Project, tmp_path: Path) -> None:
    found = photos(tmp_path, "a.jpg") + photos(tmp_path, "b.jpg", content=b"bad")
    added = add_identity(project, ADA, found, check)
    assert added.photos == ["a.jpg"]
    assert added.left_out == [f"{tmp_path / 'b.jpg'} is damaged."]


def test_without_one_usable_photo_nothing_is_created(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"None of 1 files.*b\.jpg is damaged"):
        add_identity(project, ADA, photos(tmp_path, "b.jpg", content=b"bad"), check)
    assert list(project.identities.iterdir()) == []


def test_an_identity_that_is_there_is_left_alone(project: Project, tmp_path: Path) -> None:
    add_identity(project, ADA, photos(tmp_path, "a.jpg"), check)
    with pytest.raises(UsageError, match="zoo identity remove ada"):
        add_identity(project, ADA, photos(tmp_path, "b.jpg"), check)
    assert [path.name for path in (project.identities / "ada/photos").iterdir()] == ["a.jpg"]


def test_more_photos_join_those_that_are_there_each_once(project: Project, tmp_path: Path) -> None:
    def own(photo: Path) -> None:
        if photo.read_bytes().startswith(b"bad"):
            raise PhotoError(f"{photo} is damaged.")

    add_identity(project, ADA, photos(tmp_path, "a.jpg"), check)
    more = [
        *photos(tmp_path, "x/a.jpg"),  # the same bytes
        *photos(tmp_path, "y/A.jpg", content=b"other"),
        *photos(tmp_path, "y/b.jpg", "z/b.jpg", content=b"twice"),
        *photos(tmp_path, "c.jpg", content=b"bad"),
    ]
    added = add_photos(project, ADA, more, own)
    place = project.identities / "ada" / "photos"
    assert added.folder == place.parent and added.photos == ["A-2.jpg", "b.jpg"]
    assert added.left_out == [f"{tmp_path / 'c.jpg'} is damaged."]
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {
        "a.jpg": b"good", "A-2.jpg": b"other", "b.jpg": b"twice",
    }  # fmt: skip
    bruno = new_identity("bruno", "synthetic")  # which has photos of nobody yet
    (project.identities / "bruno").mkdir()
    assert add_photos(project, bruno, more[:1], own).photos == ["a.jpg"]


def test_a_full_disk_leaves_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("zoo.provenance.identities.adding.shutil.copyfile", full)
    with pytest.raises(StorageError, match="disk is full"):
        add_identity(project, ADA, photos(tmp_path, "a.jpg"), check)
    assert list(project.identities.iterdir()) == []


def test_removing_takes_the_folder_and_knows_near_names(project: Project, tmp_path: Path) -> None:
    add_identity(project, ADA, photos(tmp_path, "a.jpg"), check)
    with pytest.raises(UnknownIdentityError, match="did you mean ada"):
        remove_identity(project, "adda")
    with pytest.raises(SlugError):
        remove_identity(project, "../identities/ada")
    assert remove_identity(project, "ada") == project.identities / "ada"
    assert list(project.identities.iterdir()) == []


def test_a_damaged_record_does_not_keep_an_identity_from_being_removed(project: Project) -> None:
    photos(project.identities / "ada", "identity.yaml", content=b"[")
    remove_identity(project, "ada")
    assert not (project.identities / "ada").exists()


def test_a_project_without_dvc_says_that_photos_are_not_versioned(
    project: Project, tmp_path: Path
) -> None:
    added = add_identity(project, ADA, photos(tmp_path, "a.jpg"), check)
    assert "not a DVC repository" in version_photos(project, added.folder / "photos")


def test_in_a_dvc_repository_photos_are_versioned(project: Project, tmp_path: Path) -> None:
    added = add_identity(project, ADA, photos(tmp_path, "a.jpg"), check)
    init = [sys.executable, "-m", "dvc", "init", "--quiet", "--no-scm"]
    subprocess.run(init, cwd=project.root, check=True, env={**os.environ, "DVC_NO_ANALYTICS": "1"})
    assert "versioned by DVC" in version_photos(project, added.folder / "photos")
    assert "nfiles: 1" in (added.folder / "photos.dvc").read_text()
    with pytest.raises(StorageError, match="DVC could not version identities/bruno/photos"):
        version_photos(project, project.identities / "bruno" / "photos")


def test_links_out_of_the_folder_are_told_from_those_within(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    (folder / "deep").mkdir(parents=True)
    (folder / "own.jpg").write_bytes(b"a")
    (tmp_path / "private.jpg").write_bytes(b"b")
    out, within = folder / "out.jpg", folder / "deep" / "within.jpg"
    out.symlink_to(tmp_path / "private.jpg")
    within.symlink_to(folder / "own.jpg")
    (tmp_path / "alias").symlink_to(folder)
    assert leads_out(out, [folder])
    assert leads_out(tmp_path / "alias" / "out.jpg", [tmp_path / "alias"])
    assert not leads_out(within, [folder])
    assert not leads_out(tmp_path / "alias" / "own.jpg", [tmp_path / "alias"])
    assert not leads_out(out, [out])  # given by its own name
