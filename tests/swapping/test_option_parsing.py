"""Faces as people write them."""

import pytest

from zoo.errors import UsageError
from zoo.swapping.option_parsing import faces_of, mapping_of, parts_of
from zoo.swapping.options import Portrait

ANNA = Portrait((0.5,) * 128, "ab" * 32, "a=b, 1.jpg")


def read(name: str) -> Portrait | None:
    return ANNA if name == ANNA.name else None


def test_faces_are_words_numbers_and_photos() -> None:
    assert faces_of(["all"], read) == ["all"]
    assert faces_of(["0,2", "left", "2"], read) == [0, 2, "left"]
    assert faces_of([ANNA.name, "right"], read) == [ANNA, "right"]


def test_a_map_is_a_face_and_an_identity() -> None:
    given = ["left=ada", "1=bruno:3", f"{ANNA.name}=ada@candidate"]
    wanted = [("left", "ada"), (1, "bruno:3"), (ANNA, "ada@candidate")]
    assert mapping_of(given, read) == wanted


@pytest.mark.parametrize("text", ["-1", "", "1.5", "0,", "middle", "b.jpg", "1000", "0;2", "a\nb"])
def test_what_is_no_face_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a face; give all, largest, left, right"):
        faces_of([text], read)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["ada"], "write FACE=IDENTITY"),
        (["=ada"], "write FACE=IDENTITY"),
        (["left="], "write FACE=IDENTITY"),
        (["all=ada"], "is not a face"),
        (["0=ada", "0=bruno"], "mapped to ada and to bruno"),
        ([f"{number}=ada" for number in range(101)], "at most 100"),
    ],
)
def test_what_is_no_map_is_refused(texts: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        mapping_of(texts, read)


def test_parts_are_named_once() -> None:
    assert parts_of(["hair,mouth", "mouth"]) == ("mouth", "hair")
    with pytest.raises(UsageError, match="'ears' cannot be kept"):
        parts_of(["mouth,ears"])
