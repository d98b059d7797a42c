"""``zoo identity``: photos in, record beside them, and no face without a basis."""

import json
import shutil
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import yaml
from PIL import Image as Pillow

from tests.cli.conftest import Zoo
from tests.faces.video.test_frame_extraction import film
from zoo.photos.reading import read_photo
from zoo.provenance.identities.identity import read_identity
from zoo.settings import Project


@pytest.fixture(autouse=True)
def align_settings(project: Project) -> None:
    path = project.root / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["align"] = {
        "size": 64,
        "min_interocular": 30,
        "min_sharpness": 0.1,
        "min_difference": 2,
        "minimum_photos": 10,
        "advised_photos": 40,
    }
    path.write_text(yaml.safe_dump(params))


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
    assert added.out.startswith(f"Added maria with 3 photos in {project.identities / 'maria'}.\n")
    assert "1 of 3 are usable" in added.out
    assert "maria/1/photo.png: near-duplicate of maria/0/photo.png" in added.out
    assert "Add at least 9 more photos" in added.out
    assert (project.coverage / "maria.jpg").stat().st_size > 10_000
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
    assert not list(project.coverage.iterdir())
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
    assert facts["assessment"]["usable"] == 1
    assert sum(facts["assessment"]["coverage"]["light"]) == 1


def test_photos_of_a_phone_are_photos_too(zoo: Zoo, project: Project, portrait: Path) -> None:
    Path("phone").mkdir()
    with Pillow.open(portrait) as picture:
        pillow_heif.from_pillow(picture.convert("RGB")).save(Path("phone/IMG_1.HEIC"), quality=95)
    added = zoo("identity", "add", "maria", "phone", "--basis", "consent", "--evidence", "form")
    assert added.code == 0
    assert "1 of 1 are usable" in added.out
    (kept,) = (project.identities / "maria" / "photos").iterdir()
    assert kept.suffix.lower() == ".heic"
    assert read_photo(kept).image.shape == read_photo(portrait).image.shape


def test_links_out_of_a_folder_are_named_and_not_copied(
    zoo: Zoo, project: Project, portrait: Path, meadow: Path
) -> None:
    folder = photos(portrait, 1)
    (folder / "private.jpg").symlink_to(meadow.resolve())
    ended = zoo("identity", "add", "maria", folder, "--basis", "research", "--json")
    assert ended.code == 1
    assert "private.jpg is a link to a file outside the given folder" in ended.err
    copied = [path.name for path in (project.identities / "maria" / "photos").iterdir()]
    assert "private.jpg" not in copied and len(copied) == 1


def test_more_photos_join_those_that_are_there(
    zoo: Zoo, project: Project, portrait: Path, meadow: Path
) -> None:
    zoo("identity", "add", "maria", portrait, "--basis", "research")
    again = zoo("identity", "add", "maria", portrait, meadow, "--more")
    assert (again.code, again.err.count("left out")) == (0, 0)
    assert "Added maria with 1 more photos" in again.out
    assert "meadow.jpg: no face" in again.out
    kept = sorted(path.name for path in (project.identities / "maria" / "photos").iterdir())
    assert kept == ["meadow.jpg", "portrait.png"]
    assert read_identity(project.identities / "maria").basis == "research"
    assert "omit --basis" in zoo("identity", "add", "maria", portrait, "--more", "--basis",
                                  "research").error  # fmt: skip
    assert zoo("identity", "add", "mario", portrait, "--more").code == 2


def test_the_photos_of_an_identity_are_judged_again(
    zoo: Zoo, project: Project, portrait: Path
) -> None:
    zoo("identity", "add", "maria", portrait, "--basis", "research")
    assert "1 of 1 are usable" in zoo("identity", "check", "maria").out
    facts = json.loads(zoo("identity", "check", "maria", "--json").out)
    assert (facts["name"], facts["usable"], facts["outliers"]) == ("maria", 1, [])
    shutil.rmtree(project.identities / "maria" / "photos")
    assert "has no photos" in zoo("identity", "check", "maria").error


def test_photos_of_someone_else_are_listed_and_left_out_when_asked(
    zoo: Zoo, project: Project, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photos(portrait, 3)
    apart = np.array([0.2, 0.9, 0.2])
    monkeypatch.setattr(
        "zoo.faces.curation.assessment.outlier_distances", lambda descriptors: apart
    )
    listed = zoo("identity", "add", "maria", folder, "--basis", "research")
    assert "1 that seem to show someone else are among them" in listed.out
    assert "  0.90  maria/1/photo.png" in listed.out
    assert len(list((project.identities / "maria" / "photos").iterdir())) == 3
    zoo("identity", "remove", "maria")
    without = zoo("identity", "add", "maria", folder, "--basis", "research", "--exclude-outliers")
    assert without.code == 0
    assert "were left out" in without.out
    assert len(list((project.identities / "maria" / "photos").iterdir())) == 2


def test_frames_of_a_video_are_photos_too(
    zoo: Zoo, project: Project, portrait: Path, tmp_path: Path
) -> None:
    clip = film(tmp_path / "clip.mp4", [read_photo(portrait).image] * 3)
    ended = zoo("identity", "add", "maria", clip, tmp_path / "gone.mp4", "--basis", "research")
    assert ended.code == 1
    assert "gone.mp4 does not exist" in ended.err
    assert "Added maria with 1 photos" in ended.out
    (kept,) = (project.identities / "maria" / "photos").iterdir()
    assert kept.name.startswith("clip-00m00s")
    assert zoo("identity", "add", "mario", tmp_path / "gone.mp4", "--basis", "research").code == 1


def test_photos_without_a_face_to_learn_from_make_no_identity(
    zoo: Zoo, project: Project, meadow: Path
) -> None:
    ended = zoo("identity", "add", "maria", meadow, "--basis", "research")
    assert (ended.code, ended.out) == (1, "")
    assert "shows a usable face" in ended.error
    assert not project.identities.exists() or not list(project.identities.iterdir())


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
        (["maria", folder, "--basis", "fun"], 2, "'fun' is not a basis"),
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
    assert "exists already" in again.error
    assert "did you mean maria" in zoo("identity", "show", "mario").error
    assert "did you mean maria" in zoo("identity", "remove", "mario").error


def test_a_damaged_record_is_named(zoo: Zoo, project: Project) -> None:
    (project.identities / "maria").mkdir(parents=True)
    (project.identities / "maria" / "identity.yaml").write_text("[")
    ended = zoo("identity", "list")
    assert ended.code == 2
    assert "maria/identity.yaml cannot be read" in ended.error
