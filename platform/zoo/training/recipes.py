"""Recipes: every constant of a training, as data (``params.yaml``, section ``recipes``)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from zoo.errors import ProjectError
from zoo.networks.perceptual import Choice
from zoo.objective.total import Weights
from zoo.settings import section


class Recipe(BaseModel):
    """One way of training; the values, and which is in use, stand in ``params.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resolution: Literal[64, 128, 256, 512]
    """Side of the aligned face the network sees, in pixels."""
    filters: Annotated[int, Field(ge=4, le=256)]
    """Filters of each branch; the paper has 32."""
    batch: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    final_learning_rate: Annotated[float, Field(gt=0)]
    """Adam's step falls from the first to the second along a half cosine."""
    perceptual: Choice
    """``auto`` takes VGG-19 when its weights are at hand, else the shipped compact network."""
    n_best: Annotated[int, Field(ge=1)]
    style_weight: tuple[float, float]
    """α at the start and after the ramp."""
    style_ramp: Annotated[float, Field(ge=0, le=1)]
    """The share of the iterations over which α rises linearly."""
    light_weight: Annotated[float, Field(ge=0)]
    """β."""
    total_variation_weight: Annotated[float, Field(ge=0)]
    """γ."""
    seed: int
    checkpoint_every: Annotated[int, Field(ge=1)]
    """Iterations between checkpoints: what a crash can cost."""
    report_every: Annotated[int, Field(ge=1)]
    """Iterations between points of the curves."""

    def weights_at(self, step: int) -> Weights:
        """α, β, γ of iteration ``step`` (from 0)."""
        start, end = self.style_weight
        ramp = self.style_ramp * self.iterations
        alpha = end if step >= ramp else start + (end - start) * step / ramp
        return Weights(alpha, self.light_weight, self.total_variation_weight)


def chosen_recipe(params: Mapping[str, Any], name: str | None = None) -> tuple[str, Recipe]:
    """The recipe called ``name``, or the one that ``params.yaml`` has in use; with its name.

    Raises:
        ProjectError: no such recipe, or a value in it is wrong.
    """
    name = name or str(params.get("recipe"))
    recipes = params.get("recipes") or {}
    if name not in recipes:
        raise ProjectError(f"There is no recipe '{name}'; params.yaml has {', '.join(recipes)}.")
    return name, section(recipes, name, Recipe)
