"""Recipes: every constant of a training, as data (``params.yaml``, section ``recipes``)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from zoo.errors import ProjectError
from zoo.networks.perceptual import Choice
from zoo.settings import section

if TYPE_CHECKING:
    from zoo.objective.total import Weights


SHIPPED_START = ("slim", 16, True, 128)
"""Layout, filters, normalisation and resolution of the shipped start network."""


class Phase(BaseModel):
    """A stretch of a training at one resolution; each phase after the first doubles it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resolution: Literal[64, 128, 256, 512]
    """Side of the aligned face the network sees, in pixels."""
    batch: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1)]
    new_branch_first: Annotated[int, Field(ge=0)] = 0
    """So many of them train what is new at this resolution alone."""


class Recipe(BaseModel):
    """One way of training; the values, and which is in use, stand in ``params.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: Literal["paper", "slim"]
    """``paper``, or ``slim``: see :mod:`zoo.networks.transformation`."""
    filters: Annotated[int, Field(ge=4, le=256)]
    """Filters of each branch; the paper has 32."""
    normalisation: bool
    """Instance normalisation; the paper has none."""
    start: Literal["random", "shipped"] = "random"
    """Weights at the first iteration: random, or those of :mod:`zoo.networks.shipped`."""
    precision: Literal["int8", "float32"] = "int8"
    """Of the convolutions in the network's ONNX file: see :mod:`zoo.networks.quantisation`."""
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    """One after another; the last one's resolution is the network's."""
    optimiser: Literal["adam", "muon"] = "adam"
    """``muon`` needs half of Adam's iterations: see :mod:`zoo.training.loop.muon`."""
    learning_rate: Annotated[float, Field(gt=0)]
    final_learning_rate: Annotated[float, Field(gt=0)]
    """The rate falls from the first to the second along a half cosine."""
    perceptual: Choice
    """``auto`` takes VGG-19 when its weights are at hand, else the shipped compact network."""
    n_best: Annotated[int, Field(ge=1)]
    n_best_by: Literal["parts", "face"]
    """Whether mouth and eyes choose their own style photos, or the whole face at once."""
    mirrored: bool
    """Whether the style set holds its photos' mirror images too."""
    style_weight: tuple[float, float]
    """α at the start and after the ramp."""
    style_ramp: Annotated[float, Field(ge=0, le=1)]
    """The share of the iterations over which α rises linearly."""
    light_weight: Annotated[float, Field(ge=0)]
    """β."""
    total_variation_weight: Annotated[float, Field(ge=0)]
    """γ."""
    identity_weight: Annotated[float, Field(ge=0)] = 0.0
    """ω, of the identity term; the paper has none."""
    skin_only: bool = False
    """Whether forehead and cheeks are compared with style photos only that show skin there."""
    seed: int
    validate_every: Annotated[int, Field(ge=1)]
    """Iterations between validations, once α has its final value and the last phase runs."""
    patience: Annotated[int, Field(ge=1)]
    """Validations without a better score after which training stops."""
    checkpoint_every: Annotated[int, Field(ge=1)]
    """Iterations between checkpoints: what a crash can cost."""
    report_every: Annotated[int, Field(ge=1)]
    """Iterations between points of the curves."""

    @model_validator(mode="after")
    def _phases_double(self) -> Self:
        for before, after in pairwise(self.phases):
            if after.resolution != 2 * before.resolution:
                raise ValueError("each phase must have twice the resolution of the one before")
        return self

    @model_validator(mode="after")
    def _start_fits(self) -> Self:
        network = (self.layout, self.filters, self.normalisation, self.phases[0].resolution)
        if self.start == "shipped" and network != SHIPPED_START:
            layout, filters, _, resolution = SHIPPED_START
            raise ValueError(
                f"start: shipped fits layout {layout}, {filters} filters, normalisation and a "
                f"first phase of {resolution} px only"
            )
        return self

    @property
    def resolution(self) -> int:
        """Side of the finished network's pictures, in pixels."""
        return self.phases[-1].resolution

    @property
    def iterations(self) -> int:
        """Of all phases together."""
        return sum(phase.iterations for phase in self.phases)

    def with_style_weight(self, alpha: float | None) -> Self:
        """The recipe with α = ``alpha`` at the end, and at the start in proportion; None: as is."""
        if alpha is None:
            return self
        start, end = self.style_weight
        return self.model_copy(update={"style_weight": (start * alpha / end, alpha)})

    def phase_at(self, step: int) -> tuple[int, int]:
        """Index of the phase that iteration ``step`` (from 0) lies in, and the phase's start."""
        start = 0
        for index, phase in enumerate(self.phases[:-1]):
            if step < start + phase.iterations:
                return index, start
            start += phase.iterations
        return len(self.phases) - 1, start

    def weights_at(self, step: int) -> "Weights":
        """α, β, γ, ω of iteration ``step`` (from 0)."""
        from zoo.objective.total import Weights  # imports torch, which a plan does not wait for

        start, end = self.style_weight
        ramp = self.style_ramp * self.iterations
        alpha = end if step >= ramp else start + (end - start) * step / ramp
        return Weights(alpha, self.light_weight, self.total_variation_weight, self.identity_weight)

    def validates_at(self, step: int) -> bool:
        """Whether the network is validated after iteration ``step``.

        Not before the ramp's end: the score is the objective with the final weights.
        """
        index, start = self.phase_at(step)
        counts = index == len(self.phases) - 1 and step >= self.style_ramp * self.iterations
        last = step + 1 == self.iterations
        return last or (counts and (step + 1 - start) % self.validate_every == 0)


def chosen_recipe(params: Mapping[str, Any], name: str | None = None) -> tuple[str, Recipe]:
    """The recipe called ``name``, or the one that ``params.yaml`` has in use; with its name.

    Raises:
        ProjectError: no such recipe, or a value in it is wrong.
    """
    name = name or str(params.get("recipe"))
    recipes = params.get("recipes")
    if not isinstance(recipes, dict) or name not in recipes:
        known = ", ".join(map(str, recipes)) if isinstance(recipes, dict) else "none"
        raise ProjectError(f"There is no recipe '{name}'; params.yaml has {known}.")
    return name, section(recipes, name, Recipe)
