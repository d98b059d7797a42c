"""The promotion gate: measured scores decide whether a candidate becomes champion.

A network must reach the thresholds of ``params.yaml``, and must not be worse than the champion on
the faces that both were measured on. SFace's thresholds apply if it was used; a network measured by
dlib's descriptor alone passes on that, and its record says so. If both measured too few of the same
photos, the champion is measured again on the candidate's. If that is impossible, the version is not
promoted; the reason is printed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from zoo.errors import RegistryError, UsageError
from zoo.registry.browse import find_version
from zoo.registry.local import cache
from zoo.registry.local.pull import pull
from zoo.registry.promotion.alias_history import holders, move_alias, moves_in
from zoo.registry.promotion.comparison import Comparison, compare
from zoo.registry.promotion.lease import lease
from zoo.registry.references import CANDIDATE, CHAMPION, Reference
from zoo.registry.report_cards import by_sface, read_report
from zoo.registry.tags import scores_in
from zoo.registry.versions import aliases_of
from zoo.tracking import connect, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

Measure = Callable[[Path], Mapping[str, Any]]
"""Measures the network file in the folder it is given as the candidate was; gives a report card."""

_ATTEMPTS = 5  # while others keep changing the champion
_NOT_COMPARABLE = (
    "the champion, version {champion}, was measured on other faces or against other people, and "
    "cannot be measured again here (`dvc repro` can)"
)


class GateSettings(BaseModel):
    """Section ``gate`` of ``params.yaml``: what a network must reach to become champion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_top1_rate: float | None = Field(default=None, ge=0, le=1)
    """Share of swaps that SFace takes for the target rather than for anyone else.

    It is asked where SFace judged; None is never asked.
    """
    minimum_cosine_margin: float | None = Field(default=None, ge=-2, le=2)
    """Mean cosine to the target less that to the person in the photo; asked likewise."""
    minimum_nearest_rate: float = Field(ge=0, le=1)
    """Share of swaps that are nearer to the target than to everyone else, by dlib's descriptor."""
    maximum_landmark_difference: float = Field(gt=0)
    """To the input's landmarks, percent of the distance of its outer eye corners."""
    minimum_light_correlation: float = Field(ge=-1, le=1)
    """Of low-frequency luminance, with the input's."""
    tolerance: float = Field(ge=0)
    """How much lower than the champion's a rate or correlation may be: noise is no obstacle."""
    relative_tolerance: float = Field(default=0.05, ge=0)
    """How much higher than the champion's a distance or difference may be, as a share of it."""


@dataclass(frozen=True)
class Promotion:
    """What became of a wish to make ``version`` champion.

    Attributes:
        name: the identity.
        version: which was to become champion.
        previous: the champion before; ``version`` itself when it was champion already.
        promoted: whether it is champion now.
        forced: past the objections.
        objections: of the gate.
        compared: how many photos both networks were measured on; None without a champion.
        judged_by: who judged the likeness, in words.
    """

    name: str
    version: int
    previous: int | None
    promoted: bool
    forced: bool = False
    objections: tuple[str, ...] = ()
    compared: int | None = None
    judged_by: str = ""


def objections(gate: GateSettings, scores: Mapping[str, float]) -> list[str]:
    """Which thresholds a network with ``scores`` misses; empty when none.

    A figure that is missing or not a number is an objection: nothing passes unmeasured.
    """
    found = []
    asked: list[tuple[str, float | None]] = [
        ("nearest_rate", gate.minimum_nearest_rate),
        ("luminance_correlation", gate.minimum_light_correlation),
    ]
    if by_sface(scores):
        asked += [
            ("top1_rate", gate.minimum_top1_rate),
            ("cosine_margin", gate.minimum_cosine_margin),
        ]
    for name, least in asked:
        if least is None:
            continue
        value = scores.get(name, math.nan)
        if not value >= least:
            found.append(f"{name} is {_figure(value)}; the minimum is {least:g}")
    value = scores.get("landmark_difference", math.nan)
    if not value <= gate.maximum_landmark_difference:
        found.append(
            f"landmark_difference is {_figure(value)}; the maximum is "
            f"{gate.maximum_landmark_difference:g}"
        )
    return found


def promote(
    name: str,
    tracking_uri: str,
    gate: GateSettings,
    *,
    version: int | None = None,
    force: bool = False,
    reason: str | None = None,
    measure: Measure | None = None,
    strict: bool = True,
) -> Promotion:
    """Makes a version (default: the candidate) the champion, unless the gate objects.

    Args:
        name: the identity.
        tracking_uri: the registry.
        gate: what is asked.
        version: instead of the candidate.
        force: past the gate's objections; needs a ``reason``, which is recorded.
        reason: why, in words.
        measure: for a champion that was measured on other faces; without it such a one stays.
        strict: whether the gate's objections are an error.

    Raises:
        UsageError: ``force`` without a reason.
        UnknownIdentityError: no such identity or version.
        RegistryError: the gate objects, if ``strict``.
    """
    reason = " ".join((reason or "").split())
    if force and not reason:
        raise UsageError("--force needs --reason TEXT: it is recorded with the version.")
    client = connect(tracking_uri)
    reference = Reference(name, CANDIDATE if version is None else None, version)
    for _ in range(_ATTEMPTS):
        with plain_registry_errors(tracking_uri):
            found = find_version(client, tracking_uri, reference)
            number, champion = int(found.version), aliases_of(client, name).get(CHAMPION)
        if champion == number:
            return Promotion(name, number, champion, promoted=True)
        scores = scores_in(found.tags)
        against = objections(gate, scores)
        compared = None
        if champion is not None:
            compared, worse = _against_champion(
                client, tracking_uri, gate, found, champion, measure
            )
            against += worse
        words = "SFace" if by_sface(scores) else "dlib's descriptor, the weaker recogniser"
        judged = Promotion(name, number, champion, False, False, tuple(against), compared, words)
        if against and not force:
            if strict:
                raise RegistryError(
                    f"{name} version {number} is not promoted: {'; '.join(against)}. Improve the "
                    f"training, or override the gate with `zoo promote {name} --force --reason "
                    "TEXT`."
                )
            return judged
        with plain_registry_errors(tracking_uri), lease(client, name):
            # What was judged must still be what is moved: others may have been quicker.
            now = aliases_of(client, name)
            if now.get(CHAMPION) != champion or (version is None and now.get(CANDIDATE) != number):
                continue
            why = _why(judged, reason)
            move_alias(client, name, CHAMPION, number, why)
        cache.forget_aliases(name, tracking_uri)
        return replace(judged, promoted=True, forced=bool(against))
    raise RegistryError(f"The champion of {name} is being changed by another process; try again.")


def roll_back(name: str, tracking_uri: str, reason: str | None = None) -> Promotion:
    """Makes the champion before the present one champion again; nothing is measured.

    Going back twice goes back two steps. Versions that were removed are passed over.

    Raises:
        UnknownIdentityError: no such identity.
        RegistryError: it has no champion, or never had another that is still there.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        find_version(client, tracking_uri, Reference(name))
        with lease(client, name):
            model = client.get_registered_model(name)
            champion = aliases_of(client, name).get(CHAMPION)
            if champion is None:
                raise RegistryError(f"{name} has no champion; `zoo promote {name}` sets one.")
            earlier = [held for held in holders(moves_in(model.tags), CHAMPION) if held != champion]
            while earlier and not _is_there(client, name, earlier[-1]):
                earlier.pop()
            if not earlier:
                raise RegistryError(
                    f"{name} has no earlier champion than version {champion} that still exists; "
                    f"`zoo promote {name} --version N` promotes any version."
                )
            why = " ".join((reason or "").split()) or "rolled back"
            move_alias(client, name, CHAMPION, earlier[-1], why, back=True)
    cache.forget_aliases(name, tracking_uri)
    return Promotion(name, earlier[-1], champion, promoted=True)


def _against_champion(
    client: "MlflowClient",
    uri: str,
    gate: GateSettings,
    candidate: "ModelVersion",
    champion: int,
    measure: Measure | None,
) -> tuple[int | None, list[str]]:
    """On how many photos both were measured, and where the candidate falls short."""
    with plain_registry_errors(uri):
        ours = read_report(client, candidate)
        theirs: Mapping[str, Any] = read_report(
            client, client.get_model_version(candidate.name, str(champion))
        )
    tolerances = gate.tolerance, gate.relative_tolerance
    found = _compared(ours, theirs, *tolerances)
    if found is None and measure is not None and ours:
        network = pull(Reference(candidate.name, version=champion), uri)
        found = _compared(ours, measure(network.path.parent), *tolerances)
    if found is None:
        return None, [_NOT_COMPARABLE.format(champion=champion)]
    return found.photos, list(found.worse)


def _compared(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], *tolerances: float
) -> Comparison | None:
    """None too when one of the report cards, which the registry gave, is none of ours."""
    try:
        return compare(ours, theirs, *tolerances)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _why(judged: Promotion, reason: str) -> str:
    if judged.objections:
        return f"forced ({reason}) although {'; '.join(judged.objections)}"
    why = f"passed the gate (likeness measured by {judged.judged_by})"
    if judged.compared is not None:
        why += f", no worse than version {judged.previous} on the same {judged.compared} photos"
    return f"{why} ({reason})" if reason else why


def _is_there(client: "MlflowClient", name: str, version: int) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        client.get_model_version(name, str(version))
    except MlflowException:
        return False
    return True


def _figure(value: float) -> str:
    return "not measured" if math.isnan(value) else f"{value:.4g}"
