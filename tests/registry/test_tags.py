"""Tags are untrusted text: what they may say, and what is said of those that may not."""

import json

import pytest

from tests.registry.conftest import SHA
from zoo.registry.tags import (
    TagError,
    is_identity,
    is_sha256,
    problem_in,
    resolution_in,
    scores_in,
)


@pytest.mark.parametrize(
    ("said", "side"),
    [({}, 0), ({"resolution": "64"}, 64), ({"resolution": "65536"}, 65536),
     ({"resolution": "00064"}, 64), ({"resolution": "65537"}, None), ({"resolution": ""}, None),
     ({"resolution": "000064"}, None), ({"resolution": "6٤"}, None), ({"resolution": "²"}, None)],
)  # fmt: skip
def test_a_resolution_is_a_number_of_pixels(said: dict[str, str], side: int | None) -> None:
    if side is None:
        with pytest.raises(TagError, match="'resolution' is"):
            resolution_in(said)
        assert "not a number of pixels" in problem_in(said)
    else:
        assert resolution_in(said) == side


@pytest.mark.parametrize(("count", "fits"), [(1000, True), (1001, False)])
def test_scores_are_a_table_of_a_thousand_figures_at_most(count: int, fits: bool) -> None:
    said = {"sha256": SHA, "scores": json.dumps(dict.fromkeys(map(str, range(count)), 1))}
    assert scores_in(said) == (dict.fromkeys(map(str, range(count)), 1.0) if fits else {})
    assert problem_in(said) == ("" if fits else "its tag 'scores' is not a table of figures")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"sha256": SHA}, ""),
        ({"sha256": SHA, "basis": "synthetic"}, ""),
        ({}, "its tag 'sha256' is '', which is not a SHA-256"),
        ({"sha256": "x" * 50}, f"its tag 'sha256' is '{'x' * 40}', which is not a SHA-256"),
        ({"sha256": SHA, "basis": "b" * 50},
         f"its tag 'basis' is '{'b' * 40}', which is not a basis"),
        ({"sha256": "x", "resolution": "y" * 50},
         f"its tag 'resolution' is '{'y' * 40}', which is not a number of pixels"),
    ],
)  # fmt: skip
def test_a_problem_is_named_with_the_beginning_of_what_was_said(
    said: dict[str, str], problem: str
) -> None:
    assert problem_in(said) == problem


def test_digests_and_names_are_exactly_so() -> None:
    assert is_sha256(SHA)
    for text in (f"{SHA}\n", SHA[1:], SHA.upper(), f"{SHA}0"):
        assert not is_sha256(text)
    assert is_identity("ada-2")
    for name in ("Ada", " ada", "ada.lease", ""):
        assert not is_identity(name)
