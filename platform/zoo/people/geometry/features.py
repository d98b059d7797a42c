"""Positions of facial features after an expression has moved them.

Everything here is seen from the front, in centimetres of head coordinates (see person.py).
The chart paints from these curves and the landmarks are points on them, so that both
always agree.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.people.person import Brows, Person
from zoo.people.scene import Expression

Array = npt.NDArray[np.float64]
Reals = npt.NDArray[np.floating[Any]]

_JAW_TRAVEL = 2.1  # cm from closed to wide open


@dataclass(frozen=True)
class EyeShape:
    """The opening between the lids; ``side`` is +1 at positive x and -1 at negative x."""

    x: float
    y: float
    half_width: float
    upper: float
    lower: float
    tilt: float
    crease: float

    def along(self, x: Reals, side: int) -> Array:
        """Position along the opening: -1 at the inner corner, +1 at the outer corner."""
        return np.asarray((side * x - self.x) / self.half_width)

    def upper_lid(self, t: Reals) -> Array:
        """Height of the upper lid's edge at ``t``."""
        arc = np.clip(1 - t * t, 0, 1) ** 0.62 * (1 - 0.12 * t)
        return np.asarray(self.y + self.tilt * t + self.upper * arc)

    def lower_lid(self, t: Reals) -> Array:
        """Height of the lower lid's edge at ``t``."""
        arc = np.clip(1 - t * t, 0, 1) ** 0.75 * (1 + 0.18 * t)
        return np.asarray(self.y + self.tilt * t - self.lower * arc)


@dataclass(frozen=True)
class MouthShape:
    """The lips; ``u`` runs from -1 to +1 between the corners."""

    y: float
    half_width: float
    upper: float
    lower: float
    bow: float
    corner: float  # height of the corners above the middle
    gap_up: float
    gap_down: float

    def line(self, u: Reals) -> Array:
        """Height of the line where closed lips meet."""
        lift = self.corner * np.abs(u) ** 1.8
        wave = 0.07 * self.bow * (np.exp(-((u / 0.2) ** 2)) * -1.0 + np.exp(-((u / 0.55) ** 2)))
        return np.asarray(self.y + lift + wave)

    def inner_upper(self, u: Reals) -> Array:
        """Lower edge of the upper lip."""
        return np.asarray(self.line(u) + self.gap_up * np.clip(1 - u * u, 0, 1) ** 0.8)

    def inner_lower(self, u: Reals) -> Array:
        """Upper edge of the lower lip."""
        return np.asarray(self.line(u) - self.gap_down * np.clip(1 - u * u, 0, 1) ** 0.7)

    def outer_upper(self, u: Reals) -> Array:
        """Upper edge of the upper lip, with its bow."""
        taper = np.clip(1 - np.abs(u), 0, 1) ** 0.75 * (1 + 0.55 * np.abs(u))
        bow = self.bow * (
            0.16 * np.exp(-(((np.abs(u) - 0.2) / 0.14) ** 2)) - 0.22 * np.exp(-((u / 0.1) ** 2))
        )
        return np.asarray(self.inner_upper(u) + self.upper * (taper + bow))

    def outer_lower(self, u: Reals) -> Array:
        """Lower edge of the lower lip."""
        taper = np.clip(1 - u * u, 0, 1) ** 0.8
        return np.asarray(self.inner_lower(u) - self.lower * taper)


@dataclass(frozen=True)
class Features:
    """All curves of one face with one expression."""

    eye: EyeShape
    mouth: MouthShape
    brows: Brows
    brow_lift: float
    brow_frown: float
    jaw_drop: float
    smile: float
    raised: float

    def brow_line(self, t: Reals) -> tuple[Array, Array]:
        """Middle line of the brow at positive x: t is 0 at the inner, 1 at the outer end."""
        b = self.brows
        x = b.inner + (b.outer - b.inner) * t
        arch = b.arch * np.sin(np.pi * np.clip(t, 0, 1) ** 1.25)
        y = b.height + self.brow_lift + b.tilt * (t - 0.3) + arch - 0.42 * t**4
        y = y - self.brow_frown * (1 - t) ** 2
        return np.asarray(x), np.asarray(y)


def features(person: Person, expression: Expression) -> Features:
    """The face's curves after the expression has moved them."""
    smile = expression.smile
    broad, sad = max(smile, 0.0), max(-smile, 0.0)
    drop = _JAW_TRAVEL * expression.mouth_open
    eyes, lips = person.eyes, person.lips
    raised = expression.brows_raised
    upper = 0.56 * eyes.opening * (1 + 0.12 * max(raised, 0.0) - 0.1 * broad)
    lower = 0.44 * eyes.opening * (1 - 0.38 * broad)
    closed = expression.eyes_closed
    eye = EyeShape(
        x=eyes.spacing,
        y=0.0,
        half_width=eyes.half_width,
        upper=upper * (1 - closed) - 0.85 * lower * closed,
        lower=lower,
        tilt=eyes.tilt,
        crease=eyes.crease * (1 + 0.25 * max(raised, 0.0) + 0.5 * closed),
    )
    teeth_shown = max(0.0, broad - 0.35) * 0.55
    mouth = MouthShape(
        y=lips.height + 0.12 * broad - 0.08 * drop,
        half_width=lips.half_width * (1 + 0.2 * broad - 0.05 * sad) - 0.14 * drop,
        upper=lips.upper * (1 - 0.22 * broad) * (1 - 0.05 * drop),
        lower=lips.lower * (1 - 0.15 * broad) * (1 - 0.05 * drop),
        bow=lips.bow * (1 - 0.6 * broad),
        corner=0.55 * broad - 0.4 * sad - 0.25 * drop,
        gap_up=0.1 * drop + 0.45 * teeth_shown,
        gap_down=0.8 * drop + 0.75 * teeth_shown,
    )
    return Features(
        eye=eye,
        mouth=mouth,
        brows=person.brows,
        brow_lift=0.5 * max(raised, 0.0) - 0.12 * max(-raised, 0.0) - 0.05 * broad,
        brow_frown=0.35 * max(-raised, 0.0),
        jaw_drop=drop,
        smile=smile,
        raised=raised,
    )
