import pytest

from tests.training.conftest import RECIPE
from zoo.errors import ProjectError
from zoo.training.recipes import Recipe, chosen_recipe


def test_the_style_weight_rises_linearly_and_then_stays() -> None:
    recipe = Recipe.model_validate({**RECIPE, "iterations": 100, "style_ramp": 0.6})
    alphas = [recipe.weights_at(step).style for step in (0, 30, 60, 99)]
    assert alphas == pytest.approx([1.6, 4.8, 8.0, 8.0])


def test_without_a_ramp_the_style_weight_is_constant() -> None:
    recipe = Recipe.model_validate({**RECIPE, "style_ramp": 0.0})
    assert recipe.weights_at(0).style == 8.0


def test_the_recipe_in_use_is_the_one_that_params_name() -> None:
    params = {"recipe": "b", "recipes": {"a": RECIPE, "b": {**RECIPE, "batch": 3}}}
    assert chosen_recipe(params)[1].batch == 3
    assert chosen_recipe(params, "a")[0] == "a"


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"recipe": "c", "recipes": {"a": RECIPE}}, "no recipe 'c'.*has a"),
        ({"recipe": "a", "recipes": {"a": {**RECIPE, "batch": 0}}}, "a.batch"),
        ({"recipe": "a", "recipes": {"a": {**RECIPE, "bach": 1}}}, "a.bach"),
    ],
)
def test_a_wrong_recipe_is_named(params: dict[str, object], sentence: str) -> None:
    with pytest.raises(ProjectError, match=sentence):
        chosen_recipe(params)
