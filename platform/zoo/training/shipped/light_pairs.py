"""Faces under known lights, and pairs that differ only in light.

Two pictures make a pair when they show different people in the same circumstances (pose,
expression). They then differ only in light, if at all. Wherever the faces come from
(:mod:`zoo.training.shipped.light_rendered`, :mod:`zoo.training.shipped.light_yale`), pairs are
drawn here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Of the aligned crops, in pixels."""

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class LitFaces:
    """N aligned faces with what is known of them.

    Equal numbers mean the same person, the same light, the same circumstances; two lights of
    different circumstances never have the same number.
    """

    luminance_NSS: NDArray[np.uint8]
    person_N: Indices
    light_N: Indices
    circumstance_N: Indices

    def __len__(self) -> int:
        return len(self.person_N)

    def where(self, wanted_N: NDArray[np.bool_]) -> "LitFaces":
        """The faces for which ``wanted_N`` holds."""
        return LitFaces(
            self.luminance_NSS[wanted_N],
            self.person_N[wanted_N],
            self.light_N[wanted_N],
            self.circumstance_N[wanted_N],
        )

    def split(self, held_out: float, seed: int = 0) -> "tuple[LitFaces, LitFaces]":
        """Training and held-out faces; no person and no circumstance is in both.

        Where all people share one circumstance (Yale B), it is in both, and people alone differ.
        """
        random = np.random.default_rng(seed)
        units_N = self.circumstance_N
        if len(np.unique(units_N)) == 1:
            units_N = self.person_N
        units = random.permutation(np.unique(units_N))
        out_N = np.isin(units_N, units[: max(1, round(held_out * len(units)))])
        training, rest = self.where(~out_N), self.where(out_N)
        assert not set(training.person_N.tolist()) & set(rest.person_N.tolist())
        return training, rest


def draw_pairs(
    faces: LitFaces, count: int, seed: int = 0
) -> tuple[Indices, Indices, NDArray[np.bool_]]:
    """``count`` pairs of faces: (first_P, second_P, same_P), the first half under the same light.

    For each pair a first light is drawn, uniformly over all lights; then, for the half with
    different lights, a second one, uniformly over the others of that circumstance, however near;
    then two different people, uniformly over those seen under these lights.
    """
    random = np.random.default_rng(seed)
    by_light = {light: np.flatnonzero(faces.light_N == light) for light in np.unique(faces.light_N)}
    circumstance = {light: faces.circumstance_N[seen[0]] for light, seen in by_light.items()}
    lights = np.array(list(by_light))
    together = {
        one: lights[[circumstance[other] == one for other in lights]]
        for one in np.unique(faces.circumstance_N)
    }
    same_P = np.arange(count) < count // 2
    first: list[int] = []
    second: list[int] = []
    while len(first) < count:
        light = random.choice(lights)
        other = light
        if not same_P[len(first)]:
            near = together[circumstance[light]]
            other = random.choice(near[near != light])
        one, two = random.choice(by_light[light]), random.choice(by_light[other])
        if faces.person_N[one] != faces.person_N[two]:
            first.append(one)
            second.append(two)
    return np.array(first), np.array(second), same_P


def draw_batch(
    faces: LitFaces, circumstances: int, people: int, lights: int, random: np.random.Generator
) -> Indices:
    """Indices of some people under some lights in some circumstances, for all pairs among them."""
    chosen = []
    known = np.unique(faces.circumstance_N)
    for one in random.choice(known, circumstances):
        here = np.flatnonzero(faces.circumstance_N == one)
        who = np.unique(faces.person_N[here])
        which = np.unique(faces.light_N[here])
        who = random.choice(who, min(people, len(who)), replace=False)
        which = random.choice(which, min(lights, len(which)), replace=False)
        chosen.append(
            here[np.isin(faces.person_N[here], who) & np.isin(faces.light_N[here], which)]
        )
    return np.concatenate(chosen)
