"""Names are slugs, and a wrong one gets a proposal."""

import pytest

from zoo.errors import SlugError
from zoo.provenance.identities.names import check_name, near_names


@pytest.mark.parametrize("name", ["ada", "colin-powell", "7", "a" * 63, "0-"])
def test_a_slug_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "Ada", "-ada", "a_b", "a b", "a.b", "a/b", "..", "a" * 64, "ada\n", "é", "a%2fb"]
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(SlugError):
        check_name(name)


def test_the_sentence_proposes_a_slug() -> None:
    with pytest.raises(SlugError, match="for example 'colin-powell'"):
        check_name("Colin Powell")
    with pytest.raises(SlugError, match="for example 'emile'"):
        check_name("Émile")
    with pytest.raises(SlugError) as caught:
        check_name("???")
    assert "for example" not in str(caught.value)


def test_near_names_are_offered_and_far_ones_not() -> None:
    assert near_names("adda", ["bruno", "ada"]) == " (did you mean ada?)"
    assert near_names("zzz", ["bruno", "ada"]) == ""
