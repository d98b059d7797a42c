"""The gate between candidate and champion: measured scores decide, and every move is recorded."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from zoo.errors import RegistryError, UsageError
from zoo.registry import cache
from zoo.registry.browse import find_version
from zoo.registry.card import scores_in
from zoo.registry.history import alias_version, move_alias
from zoo.registry.references import CANDIDATE, CHAMPION, Reference
from zoo.tracking import connect, plain_registry_errors

if TYPE_CHECKING:
    from collections.abc import Mapping


class GateSettings(BaseModel):
    """Section ``gate`` of ``params.yaml``: what a network must reach to become champion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_nearest_rate: float = Field(ge=0, le=1)
    """Share of swaps that are nearer to the target than to everyone else."""
    maximum_landmark_difference: float = Field(gt=0)
    """To the input's landmarks, percent of the distance of its outer eye corners."""
    minimum_light_correlation: float = Field(ge=-1, le=1)
    """Of low-frequency luminance, with the input's."""
    tolerance: float = Field(ge=0)
    """How much worse than the champion's a nearest rate may be, so that noise is no obstacle."""


@dataclass(frozen=True)
class Promotion:
    """What :func:`promote` did: ``version`` is champion now, ``previous`` was."""

    name: str
    version: int
    previous: int | None
    forced: bool
    objections: tuple[str, ...]


def objections(
    gate: GateSettings, scores: "Mapping[str, float]", champion: "Mapping[str, float] | None"
) -> list[str]:
    """Why a network with ``scores`` may not become champion; empty when it may.

    A figure that is missing or not a number is an objection: nothing passes unmeasured.
    """
    found = []
    for name, least in (
        ("nearest_rate", gate.minimum_nearest_rate),
        ("luminance_correlation", gate.minimum_light_correlation),
    ):
        value = scores.get(name, math.nan)
        if not value >= least:
            found.append(f"{name} is {_figure(value)}, at least {least:g} is asked")
    value = scores.get("landmark_difference", math.nan)
    if not value <= gate.maximum_landmark_difference:
        found.append(
            f"landmark_difference is {_figure(value)}, "
            f"at most {gate.maximum_landmark_difference:g} is asked"
        )
    if champion is not None:
        rate, best = scores.get("nearest_rate", math.nan), champion.get("nearest_rate", 0.0)
        if not rate >= best - gate.tolerance:
            found.append(f"nearest_rate is {_figure(rate)}, the champion's {_figure(best)}")
    return found


def promote(
    name: str,
    tracking_uri: str,
    gate: GateSettings,
    *,
    version: int | None = None,
    force: bool = False,
    reason: str | None = None,
) -> Promotion:
    """Makes a version (default: the candidate) the champion, if the gate lets it pass.

    Args:
        name: the identity.
        tracking_uri: the registry.
        gate: what is asked.
        version: instead of the candidate.
        force: past the gate's objections; needs a ``reason``, which is recorded.
        reason: why, in words.

    Raises:
        UsageError: ``force`` without a reason.
        UnknownIdentityError: no such identity or version.
        RegistryError: the gate objects.
    """
    reason = " ".join((reason or "").split())
    if force and not reason:
        raise UsageError("--force needs --reason TEXT: it is recorded with the version.")
    client = connect(tracking_uri)
    alias = CANDIDATE if version is None else None
    with plain_registry_errors(tracking_uri):
        found = find_version(client, tracking_uri, Reference(name, alias, version))
        number = int(found.version)
        champion = alias_version(client, name, CHAMPION)
        if champion == number:
            return Promotion(name, number, champion, False, ())
        best = None
        if champion is not None:
            best = scores_in(client.get_model_version(name, str(champion)).tags)
        against = objections(gate, scores_in(found.tags), best)
        if against and not force:
            raise RegistryError(
                f"{name} version {number} stays candidate: {'; '.join(against)}. "
                f"Train it better, or insist with `zoo promote {name} --force --reason TEXT`."
            )
        why = f"forced ({reason}) although {'; '.join(against)}" if against else "passed the gate"
        if reason and not against:
            why += f" ({reason})"
        move_alias(client, name, CHAMPION, number, why)
    cache.forget_aliases(name, tracking_uri)
    return Promotion(name, number, champion, bool(against), tuple(against))


def _figure(value: float) -> str:
    return "not measured" if math.isnan(value) else f"{value:.4g}"
