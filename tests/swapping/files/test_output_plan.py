"""Which output each input gets."""

from pathlib import Path

import pytest

from zoo.errors import UsageError
from zoo.s3.address import S3Address
from zoo.s3.transfer import Found
from zoo.swapping.files.output_plan import plan


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "in/b.png", "in/deep/b.PNG", "in/c.bmp", "in/notes.txt", "more/a.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def targets(*inputs: str, out: str | None = None) -> dict[str, str]:
    pairs = plan(inputs, out, "ada").pairs
    return {str(source): str(target) for source, target in pairs}


def test_one_photo_goes_to_the_file() -> None:
    assert targets("a.jpg", out="out.png") == {"a.jpg": "out.png"}


def test_one_photo_goes_into_a_folder_that_is_there() -> None:
    assert targets("a.jpg", out="in") == {"a.jpg": "in/a.jpg"}


def test_without_out_the_identity_is_in_the_name() -> None:
    assert targets("more/a.jpg") == {"more/a.jpg": "a-ada.jpg"}


def test_several_photos_go_into_the_folder_under_their_stems() -> None:
    assert targets("a.jpg", "in/b.png", out="out") == {
        "a.jpg": "out/a.jpg",
        "in/b.png": "out/b.png",
    }


def test_a_folder_is_searched_and_equal_stems_are_numbered() -> None:
    assert targets("in", out="out") == {
        "in/b.png": "out/b.png",
        "in/c.bmp": "out/c.png",  # BMP cannot carry the mark
        "in/deep/b.PNG": "out/b-2.PNG",
    }


def test_a_pattern_is_expanded_and_a_photo_named_twice_is_swapped_once() -> None:
    assert targets("in/*.png", "in/b.png", out="out") == {"in/b.png": "out/b.png"}
    assert len(targets("**/*.jpg", out="out")) == 2


def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "a[1].jpg").write_bytes(b"")
    assert targets("a[1].jpg", out="out.jpg") == {"a[1].jpg": "out.jpg"}


def test_a_missing_input_does_not_stop_the_others() -> None:
    found = plan(["gone.jpg", "a.jpg", "*.gif"], "out", "ada")
    assert [str(source) for source, _ in found.pairs] == ["a.jpg"]
    assert list(found.failed) == ["gone.jpg", "*.gif"]
    assert "gone.jpg does not exist" in found.failed["gone.jpg"]


def test_a_folder_without_photos_fails(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "No photos in empty" in plan(["empty"], None, "ada").failed["empty"]


@pytest.mark.parametrize(
    ("inputs", "out"),
    [
        (["in"], "in"),  # in/b.png would become in/b.png
        (["a.jpg", "more/a.jpg"], "more"),
        (["a.jpg"], "./a.jpg"),
    ],
)
def test_no_input_is_overwritten(inputs: list[str], out: str) -> None:
    with pytest.raises(UsageError, match="is one of the inputs"):
        plan(inputs, out, "ada")


def test_a_file_cannot_hold_several_outputs() -> None:
    with pytest.raises(UsageError, match="need a folder"):
        plan(["in"], "a.jpg", "ada")


def test_an_output_that_cannot_be_written_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="suffix"):
        plan(["a.jpg"], "out.bmp", "ada")


@pytest.mark.parametrize("given", ["in", "in/**/*.png"])
def test_outputs_of_an_earlier_run_are_no_inputs(tmp_path: Path, given: str) -> None:
    before = targets(given, out="in/out")
    (tmp_path / "in" / "out").mkdir()
    for target in before.values():
        (tmp_path / target).write_bytes(b"")
    assert targets(given, out="in/out") == before
    assert str(plan([given], "in/out", "ada").folder) == "in/out"


def test_a_key_that_no_file_can_be_called_becomes_a_name_that_one_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["in/a\0b.jpg", "in/ab.jpg", "in/" + "é" * 400 + ".jpg", "in/../../c.jpg"]
    found = [Found(S3Address("zoo", key), 1) for key in keys]
    monkeypatch.setattr("zoo.swapping.files.output_plan.listing", lambda *given: found)
    made = plan(["s3://zoo/in/"], "out", "ada")
    assert [str(target) for _, target in made.pairs] == [
        "out/ab.jpg", "out/ab-2.jpg", f"out/{'é' * 90}.jpg", "out/c.jpg",
    ]  # fmt: skip
    (tmp_path / f"{'é' * 120}.jpg").write_bytes(b"")
    (name,) = targets(f"{'é' * 120}.jpg").values()
    (tmp_path / name).write_bytes(b"")  # 240 bytes and "-ada" would be one too many for it
    assert name == f"{'é' * 90}-ada.jpg"
