"""The words and tags of a version, letter by letter."""

import json
from datetime import date
from typing import Any

import pytest

from zoo.errors import RegistryError
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity
from zoo.registry.publishing.model_card import model_card, scores_of, tags_of, version_card

ADA = Identity(name="ada", basis=Basis.synthetic, person="ada", added=date(2026, 1, 2))
RECEIPT: dict[str, Any] = {
    "digest": "r", "recipe_name": "quick", "made_from": {"style": "s"}, "iterations": 200,
    "seconds": 9.6,
}  # fmt: skip
REPORT = {"cosine_rate": 1 / 3, "photos": 20, "judged": True, "name": "x", "far": 1e300, "low": -2}


def test_scores_are_the_numbers_of_a_report() -> None:
    assert scores_of(REPORT) == {"cosine_rate": 1 / 3, "photos": 20.0, "low": -2.0}
    assert scores_of({"nan": float("nan"), "inf": float("inf")}) == {}


def test_tags_say_what_a_version_is() -> None:
    assert tags_of(ADA, RECEIPT, 64, "0f", REPORT) == {
        "recipe": "quick", "receipt": "r", "data_revision": "s", "basis": "synthetic",
        "resolution": "64", "sha256": "0f",
        "scores": json.dumps({"cosine_rate": 0.333333, "photos": 20.0, "low": -2.0}),
    }  # fmt: skip
    known = ADA.model_copy(update={"evidence": "a letter"})
    assert tags_of(known, RECEIPT, 64, "0f", {})["evidence"] == "a letter"
    assert tags_of(ADA, {**RECEIPT, "made_from": {}}, 64, "", {})["data_revision"] == ""
    with pytest.raises(RegistryError, match="ada lacks digest, made_from; train it again with"):
        tags_of(ADA, {"recipe_name": "quick"}, 64, "0f", {})


def test_a_models_card() -> None:
    assert model_card(ADA) == (
        "Face-swap networks for the identity **ada**: each turns an aligned face into ada's, with "
        "the pose, expression and light of the input.\n\n"
        "Basis for using this face: **synthetic**, recorded 2026-01-02.\n\n"
        "```\nzoo swap --identity ada photo.jpg\n```\n"
    )
    assert "2026-01-02. Evidence: a letter\n" in model_card(
        ADA.model_copy(update={"evidence": "a letter"})
    )


@pytest.mark.parametrize(
    ("figures", "judge"),
    [({"cosine": 0.51239}, "SFace"), ({"a_rate": 2}, "dlib's descriptor, the weaker recogniser")],
)
def test_a_versions_card(figures: dict[str, float], judge: str) -> None:
    tags = tags_of(ADA, RECEIPT, 64, "0f", figures)
    [line] = {"| cosine | 0.5124 |"} if judge == "SFace" else {"| a rate | 2 |"}
    assert version_card(ADA, RECEIPT, tags, "run7") == (
        "Turns a face into **ada**'s. Input `photo` and output `swapped`: aligned faces, float32 "
        "[N, 3, 64, 64], RGB in 0..1.\n\n| made by | |\n|---|---|\n"
        "| recipe | quick |\n| resolution | 64 × 64 px |\n| iterations | 200 |\n"
        "| training | 10 s |\n| basis | synthetic |\n| sha256 | `0f` |\n\n"
        f"| measured on held-out photos; likeness measured by {judge} | |\n|---|---|\n{line}\n\n"
        "![photos above, swaps below](get-artifact?path=preview.jpg&run_uuid=run7)\n\n"
        "![curves of the training](get-artifact?path=curves.png&run_uuid=run7)\n\n"
        "![how the figures are distributed](get-artifact?path=plots.png&run_uuid=run7)\n\n"
        "[All held-out photos and their swaps, the worst first]"
        "(get-artifact?path=sheet.jpg&run_uuid=run7)\n"
    )


def test_what_was_not_noted_has_no_line() -> None:
    receipt = {**RECEIPT, "seconds": None, "iterations": None}
    card = version_card(ADA, receipt, tags_of(ADA, receipt, 64, "0f", {}), "run7")
    for word in ("iterations", "| training", "measured"):
        assert word not in card
