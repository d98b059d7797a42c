from datetime import date

import pytest

from tests.training.conftest import RECIPE
from zoo.errors import ProjectError
from zoo.training.recipes import Recipe, chosen_recipe

PHASES = [
    {"resolution": 64, "batch": 2, "iterations": 60},
    {"resolution": 128, "batch": 3, "iterations": 40, "new_branch_first": 5},
]


def test_the_style_weight_rises_linearly_and_then_stays() -> None:
    recipe = Recipe.model_validate({**RECIPE, "phases": PHASES, "style_ramp": 0.6})
    alphas = [recipe.weights_at(step).style for step in (0, 30, 60, 99)]
    assert alphas == pytest.approx([1.6, 4.8, 8.0, 8.0])


def test_without_a_ramp_the_style_weight_is_constant() -> None:
    recipe = Recipe.model_validate({**RECIPE, "style_ramp": 0.0})
    assert recipe.weights_at(0).style == 8.0


def test_phases_follow_each_other() -> None:
    recipe = Recipe.model_validate({**RECIPE, "phases": PHASES})
    assert (recipe.resolution, recipe.iterations) == (128, 100)
    assert [recipe.phase_at(step) for step in (0, 59, 60, 99)] == [(0, 0), (0, 0), (1, 60), (1, 60)]


def test_a_phase_must_double_the_resolution() -> None:
    wrong = [PHASES[0], {**PHASES[1], "resolution": 256}]
    with pytest.raises(ValueError, match="twice the resolution"):
        Recipe.model_validate({**RECIPE, "phases": wrong})


def test_validation_waits_for_the_final_weights_and_the_last_phase() -> None:
    changed = {**RECIPE, "phases": PHASES, "style_ramp": 0.7, "validate_every": 10}
    recipe = Recipe.model_validate(changed)
    assert [step for step in range(100) if recipe.validates_at(step)] == [79, 89, 99]


def test_the_recipe_in_use_is_the_one_that_params_name() -> None:
    params = {"recipe": "b", "recipes": {"a": RECIPE, "b": {**RECIPE, "n_best": 3}}}
    assert chosen_recipe(params)[1].n_best == 3
    assert chosen_recipe(params, "a")[0] == "a"


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"recipe": "c", "recipes": {"a": RECIPE}}, "no recipe 'c'.*has a"),
        ({"recipe": "a", "recipes": {"a": {**RECIPE, "n_best": 0}}}, "a.n_best"),
        ({"recipe": "a", "recipes": {"a": {**RECIPE, "bach": 1}}}, "a.bach"),
    ],
)
def test_a_wrong_recipe_is_named(params: dict[str, object], sentence: str) -> None:
    with pytest.raises(ProjectError, match=sentence):
        chosen_recipe(params)


def test_the_shipped_start_fits_one_network_only() -> None:
    fitting = {
        **RECIPE,
        "start": "shipped",
        "filters": 16,
        "phases": [{"resolution": 128, "batch": 2, "iterations": 6}],
    }
    assert Recipe.model_validate(fitting).start == "shipped"
    for change in ({"filters": 24}, {"layout": "paper"}, {"phases": PHASES}):
        with pytest.raises(ValueError, match=r"16 filters.*128 px only"):
            Recipe.model_validate(fitting | change)


@pytest.mark.parametrize(
    "params",
    [
        {"recipe": "quick", "recipes": []},
        {"recipe": "quick", "recipes": 3},
        {"recipe": {}, "recipes": {}},
        {"recipe": "quick", "recipes": {date(2026, 1, 1): {}}},
    ],
)
def test_params_of_another_form_are_named(params: dict[str, object]) -> None:
    with pytest.raises(ProjectError, match="There is no recipe"):
        chosen_recipe(params)
