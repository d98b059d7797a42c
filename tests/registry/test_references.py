"""How people say which network they mean."""

import pytest

from zoo.errors import SlugError, UsageError
from zoo.registry.references import Reference, parse_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada", Reference("ada")),
        ("ada@candidate", Reference("ada", alias="candidate")),
        ("colin-powell:12", Reference("colin-powell", version=12)),
    ],
)
def test_a_reference_is_read_and_written_alike(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected
    assert str(expected) == text


def test_a_plain_name_means_the_champion_and_else_the_candidate() -> None:
    assert Reference("ada").aliases == ("champion", "candidate")
    assert Reference("ada", alias="candidate").aliases == ("candidate",)
    assert Reference("ada", version=1).aliases == ()


@pytest.mark.parametrize("text", ["Ada", "../ada", "", "ada/b", "ada b:1", "@champion", ":1"])
def test_a_name_that_is_no_slug_is_refused(text: str) -> None:
    with pytest.raises(SlugError):
        parse_reference(text)


@pytest.mark.parametrize("text", ["ada:0", "ada:", "ada:x", "ada:-1", "ada@", "ada@a b", "ada@a@b"])
def test_an_impossible_alias_or_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)
