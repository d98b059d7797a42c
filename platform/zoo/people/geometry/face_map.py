"""The face seen from the front, as maps over (x, y): relief and paint.

The grid of :mod:`zoo.people.geometry.head` covers the face with 0.7 mm per sample, three times
finer than a pixel of a 256-pixel portrait. Nose and ears are solids and not in the relief.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.features import Features
from zoo.people.geometry.head import (
    CHART_BOTTOM,
    CHART_LEFT,
    CHART_SHAPE,
    CHART_STEP,
    EYE_RADIUS,
    profile_at,
)
from zoo.people.person import Person, Skull
from zoo.people.rendering.noise import sample_noise

Map = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

MOUTH_DEPTH = 1.3


class Canvas:
    """The chart's grid, and soft shapes on it; x is a row [1, W], y a column [H, 1]."""

    def __init__(self) -> None:
        rows, columns = CHART_SHAPE
        self.x = (CHART_LEFT + CHART_STEP * np.arange(columns, dtype=np.float32))[None, :]
        self.y = (CHART_BOTTOM + CHART_STEP * np.arange(rows, dtype=np.float32))[:, None]

    def window(
        self, left: float, right: float, bottom: float, top: float
    ) -> tuple[tuple[slice, slice], Map, Map]:
        """The part of the grid inside a rectangle: its slices, x and y."""
        columns = slice(*(int(max((v - CHART_LEFT) / CHART_STEP, 0)) for v in (left, right)))
        rows = slice(*(int(max((v - CHART_BOTTOM) / CHART_STEP, 0)) for v in (bottom, top)))
        return (rows, columns), self.x[:, columns], self.y[rows]

    def bump(self, target: Map, x: float, y: float, sx: float, sy: float, amount: float) -> None:
        """Add a Gaussian hill at (x, y) and, when x is not 0, its mirror image."""
        for side in (1, -1) if x else (1,):
            where, xs, ys = self.window(
                side * x - 2.8 * sx, side * x + 2.8 * sx, y - 2.8 * sy, y + 2.8 * sy
            )
            across = np.exp(-(((xs - side * x) / sx) ** 2))
            target[where] += amount * across * np.exp(-(((ys - y) / sy) ** 2))


@dataclass(frozen=True)
class Surface:
    """The face before colour."""

    height: Map  # [H, W] z of the surface in cm
    valid: Map  # [H, W] 1 where the relief counts, 0 at the sides and below the chin
    thickness: Map  # [H, W] cm of beard
    eye_z: float  # centre of the eyeballs
    lid: Map  # [H, W] cm below the edge of the upper lid; large away from the eyes
    opening: Map  # [H, W] cm inside the opening of the mouth; negative outside


def smoothstep(low: float, high: float, value: npt.NDArray[np.floating]) -> Map:
    """0 below ``low``, 1 above ``high`` (or the reverse when low > high), smooth between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _smooth_max(a: Map, b: Map, k: float) -> Map:
    h = np.maximum(k - np.abs(a - b), 0) / k
    return np.asarray(np.maximum(a, b) + h * h * (k * 0.25), dtype=np.float32)


def sculpt(person: Person, features: Features, table: Array, canvas: Canvas) -> Surface:
    """Height of the face's surface over the chart."""
    skull, relief, age = person.skull, person.relief, person.skin.age
    smile = max(features.smile, 0.0)
    base, inside = _base_height(skull, features, table, canvas)
    z = base.copy()
    bump = canvas.bump
    s = relief.sockets
    bump(z, 2.6, 0.3, 1.6, 0.95, -0.5 * s)
    bump(z, 1.65, 0.35, 0.6, 0.9, -0.55 * s)
    bump(z, 2.9, 1.95 + features.brow_lift, 1.9, 0.6, 0.26 * relief.brow_ridge)
    bump(z, 0.0, 1.8, 1.0, 0.7, 0.2 * relief.brow_ridge)
    bump(z, 4.4, -2.3 + 0.2 * smile, 1.5, 1.1, 0.34 * relief.cheekbones + 0.38 * smile)
    bump(z, 4.3, -5.2, 1.5, 1.9, 0.45 * (relief.cheek_fullness - 1.0) - 0.08)
    bump(z, 0.0, -6.9 - 0.3 * features.jaw_drop, 2.3, 1.9, 0.5)
    chin = skull.chin - features.jaw_drop
    bump(z, 0.0, chin + 3.0, 1.5, 0.5, -0.28)
    bump(z, 0.0, chin + 1.4, 1.1, 0.85, 0.3 * relief.chin)
    _philtrum(person, features, canvas, z)
    _folds(person, features, canvas, z)
    _wrinkles(features, canvas, z, age)
    eye_z = _lids(person, features, canvas, z)
    lid = _lid_distance(features, canvas)
    opening = _lips(person, features, canvas, z)
    thickness = _beard_thickness(person, features, canvas)
    edge = smoothstep(0.95, 0.85, np.abs(canvas.x) / inside)
    valid = edge * smoothstep(chin + 0.3, chin + 1.5, canvas.y) * smoothstep(8.0, 6.5, canvas.y)
    return Surface(z, np.asarray(valid, np.float32), thickness, eye_z, lid, opening)


def beard_mask(person: Person, features: Features, canvas: Canvas) -> tuple[Map, Map, Map]:
    """Where moustache, chin beard and cheek beard can grow, each 0..1 [H, W]."""
    mouth, nose = features.mouth, person.nose
    x, y = np.abs(canvas.x), canvas.y
    u = np.clip(x / mouth.half_width, 0, 1.0)
    top = mouth.outer_upper(u).astype(np.float32)
    bottom = mouth.outer_lower(u).astype(np.float32)
    outside_lips = np.maximum(smoothstep(0.0, 0.25, y - top), smoothstep(0.0, 0.3, bottom - y))
    outside_lips = np.maximum(outside_lips, smoothstep(0.98, 1.12, x / mouth.half_width))
    corner = mouth.y + mouth.corner
    moustache = smoothstep(nose.base - 0.1, nose.base - 0.55, y + 0.12 * x) * smoothstep(
        mouth.half_width + 0.9, mouth.half_width + 0.2, x + 0.25 * (y - corner)
    )
    moustache = moustache * smoothstep(corner - 1.6, corner - 0.6, y) * outside_lips
    chin = smoothstep(mouth.half_width + 0.6, mouth.half_width - 0.3, x) * smoothstep(
        corner + 0.2, corner - 0.8, y
    )
    chin = chin * outside_lips
    line = 1.2 - 8.3 * smoothstep(7.6, 3.0, x)
    cheeks = smoothstep(0.6, -0.6, y - line) * smoothstep(1.8, 3.0, x + 0.4 * (corner - y))
    neck = smoothstep(-13.4, -12.2, y + features.jaw_drop - (person.skull.chin + 11.5))
    return (
        np.asarray(moustache, np.float32),
        np.asarray(chin * neck, np.float32),
        np.asarray(cheeks * neck * outside_lips, np.float32),
    )


def beard_amount(person: Person, features: Features, canvas: Canvas) -> Map:
    """Cover of grown beard, 0..1 [H, W]."""
    b = person.beard
    moustache, chin, cheeks = beard_mask(person, features, canvas)
    cover = np.maximum(np.maximum(moustache * b.moustache, chin * b.chin), cheeks * b.cheeks)
    return np.asarray(cover, np.float32)


def _base_height(skull: Skull, features: Features, table: Array, canvas: Canvas) -> tuple[Map, Map]:
    """Height before features, flatter in the middle than the ellipses; half width [H, 1]."""
    w, c, depth = (a.astype(np.float32) for a in profile_at(table, canvas.y))
    t = np.clip(np.abs(canvas.x) / w, 0, 0.999)
    round_ = np.sqrt(1 - t * t)
    flat = (1 - t**2.5) ** 0.4
    how_flat = smoothstep(6.0, 2.5, canvas.y) * smoothstep(-12.0, -8.5, canvas.y)
    tube = c + depth * (round_ + (flat - round_) * how_flat)
    ry = skull.crown - 3.1
    r2 = 1 - (canvas.x / skull.width) ** 2 - ((canvas.y - 3.1) / ry) ** 2
    cranium = 7.95 - skull.depth + skull.depth * np.sqrt(np.clip(r2, 0, 1))
    z = _smooth_max(tube, cranium, 1.0)
    chin_y = skull.chin + 1.35 - features.jaw_drop
    _, cz, cd = profile_at(table, np.array(skull.chin + 1.4 - features.jaw_drop))
    r2 = 1 - (canvas.x / skull.chin_width) ** 2 - ((canvas.y - chin_y) / 1.45) ** 2
    ball = float(cz + cd) - 1.75 + 1.9 * np.sqrt(np.clip(r2, 0, 1)) - 3.0 * (r2 < 0)
    return _smooth_max(z, ball, 1.0), w


def _philtrum(person: Person, features: Features, canvas: Canvas, z: Map) -> None:
    top = float(features.mouth.outer_upper(np.array(0.0)))
    middle, reach = 0.5 * (person.nose.base + top), 0.5 * (person.nose.base - top)
    canvas.bump(z, 0.0, middle, 0.26, max(reach, 0.3), -0.13)
    canvas.bump(z, 0.42, middle, 0.2, max(reach, 0.3), 0.06)


def _fold_line(person: Person, features: Features, y: Map) -> Map:
    nose, mouth = person.nose, features.mouth
    t = (nose.base + 0.6 - y) / (nose.base + 0.6 - mouth.y)
    outer = mouth.half_width + 0.55 + 0.25 * max(features.smile, 0.0)
    return np.asarray(nose.half_width + 0.25 + (outer - nose.half_width - 0.25) * t**0.9)


def _folds(person: Person, features: Features, canvas: Canvas, z: Map) -> None:
    smile, age = max(features.smile, 0.0), person.skin.age
    depth = person.relief.folds * (0.03 + 0.12 * age**1.5 + 0.11 * smile)
    top, bottom = person.nose.base + 0.6, features.mouth.y - 0.5
    where, xs, ys = canvas.window(-5, 5, bottom - 0.4, top)
    line = _fold_line(person, features, np.clip(ys, None, top))
    fade = smoothstep(bottom - 0.4, bottom + 0.8, ys) * smoothstep(top, top - 0.6, ys)
    across = np.abs(xs) - line
    groove = np.exp(-((across / 0.22) ** 2)) - 0.8 * np.exp(-(((across - 0.65) / 0.6) ** 2))
    z[where] -= depth * fade * groove


def _wrinkles(features: Features, canvas: Canvas, z: Map, age: float) -> None:
    lift = features.brow_lift
    depth = 0.022 * max(0.0, 2.2 * age - 0.5) + 0.03 * max(features.raised, 0.0) * (0.3 + age)
    if depth > 0.002:
        where, xs, ys = canvas.window(-5, 5, 2.6 + lift, 6.2 + lift)
        wave = ys + 0.12 * np.cos(1.3 * xs) + 0.05 * np.sin(2.9 * xs + 1.0)
        fade = smoothstep(5.0, 3.0, np.abs(xs)) * smoothstep(2.6, 3.2, ys - lift)
        fade = fade * smoothstep(6.2, 5.2, ys - lift)
        z[where] += depth * fade * np.sin(2 * np.pi * (wave - lift) / 0.95)
    if features.brow_frown > 0.05:
        canvas.bump(z, 0.42, 1.7, 0.16, 0.6, -0.25 * features.brow_frown)
    bag = 0.05 + 0.16 * age**1.5
    canvas.bump(z, features.eye.x, features.eye.y - 1.35, 1.15, 0.3, -bag)
    canvas.bump(z, features.eye.x, features.eye.y - 0.95, 1.15, 0.26, 0.5 * bag)


def _lids(person: Person, features: Features, canvas: Canvas, z: Map) -> float:
    """Lay the lids over the eyeballs and open them; returns z of the eyeballs' centres."""
    eye = features.eye
    (rows, columns), _, _ = canvas.window(eye.x - 0.1, eye.x + 0.1, -0.1, 0.1)
    front = float(z[rows, columns].mean()) + 0.32 + 0.3 * person.eyes.prominence
    centre = front - EYE_RADIUS
    for side in (1, -1):
        where, xs, ys = canvas.window(side * eye.x - 2.4, side * eye.x + 2.4, -1.9, 2.1)
        dx, dy = xs - side * eye.x, ys - eye.y
        lid_radius = EYE_RADIUS + 0.13
        r2 = lid_radius**2 - dx * dx - (1.08 * dy) ** 2
        shell = centre + np.sqrt(np.maximum(r2, 0.0)) - 2.0 * (r2 < 0)
        near = smoothstep(2.15, 1.55, np.abs(dx)) * smoothstep(1.35, 0.85, np.abs(dy))
        shell = shell * near + (z[where] - 0.6) * (1 - near)
        patch: npt.NDArray[np.floating[Any]] = _smooth_max(shell, z[where], 0.35)
        t = eye.along(xs, side)
        inside_t = smoothstep(1.25, 0.9, np.abs(t))
        upper, lower = eye.upper_lid(t), eye.lower_lid(t)
        crease = (
            ys - upper - eye.crease * (0.55 + 0.45 * np.sqrt(np.clip(1 - t * t, 0, 1)))
        ) / 0.13
        patch = patch - 0.07 * inside_t * np.exp(-(crease**2))
        above = np.clip((ys - upper - eye.crease) / 0.45, 0, 3)
        patch = patch + 0.1 * person.skin.age * inside_t * above * np.exp(-above)
        gap = np.minimum(upper - ys, ys - lower)
        opened = smoothstep(-0.04, 0.06, gap) * (np.abs(t) < 1.0)
        ball = EYE_RADIUS**2 - dx * dx - dy * dy
        inner = centre + np.sqrt(np.maximum(ball, 0.04)) - 0.2
        z[where] = patch * (1 - opened) + np.minimum(inner, patch) * opened
    return centre


def _lid_distance(features: Features, canvas: Canvas) -> Map:
    eye = features.eye
    lid = np.full(CHART_SHAPE, 9.0, np.float32)
    for side in (1, -1):
        where, xs, ys = canvas.window(side * eye.x - 2.4, side * eye.x + 2.4, -1.9, 2.1)
        lid[where] = eye.upper_lid(np.clip(eye.along(xs, side), -1, 1)) - ys
    return lid


def _lips(person: Person, features: Features, canvas: Canvas, z: Map) -> Map:
    """Raise the lips and open the mouth; returns the distance inside the opening."""
    mouth, fullness = features.mouth, person.lips.fullness
    half = mouth.half_width
    low = float(mouth.outer_lower(np.array(0.0))) - 0.8
    high = float(mouth.outer_upper(np.array(0.2))) + 0.8
    where, xs, ys = canvas.window(-half - 0.8, half + 0.8, low, high)
    u = xs / half
    taper = np.clip(1 - u * u, 0, 1) ** 0.5
    top, bottom = mouth.outer_upper(u), mouth.outer_lower(u)
    inner_top, inner_bottom = mouth.inner_upper(u), mouth.inner_lower(u)
    s = np.clip((ys - inner_top) / np.maximum(top - inner_top, 0.08), -0.5, 2.5)
    upper = 0.34 * fullness * np.exp(-(((s - 0.45) / 0.55) ** 2))
    s = np.clip((inner_bottom - ys) / np.maximum(inner_bottom - bottom, 0.08), -0.5, 2.5)
    lower = 0.42 * fullness * np.exp(-(((s - 0.45) / 0.55) ** 2))
    (rows, columns), _, _ = canvas.window(-0.1, 0.1, mouth.y - 0.1, mouth.y + 0.1)
    front = float(z[rows, columns].mean())
    patch = z[where] + taper * np.maximum(upper, lower)
    middle = 0.5 * (inner_top + inner_bottom)
    seam = np.exp(-(((ys - middle) / 0.1) ** 2)) * smoothstep(1.12, 0.95, np.abs(u))
    patch = patch - 0.2 * seam
    patch = patch - 0.22 * np.exp(
        -(((np.abs(xs) - half * 1.02) / 0.28) ** 2) - ((ys - mouth.y - mouth.corner) / 0.35) ** 2
    )
    gap = np.minimum(inner_top - ys, ys - inner_bottom)
    gap = np.where(np.abs(u) < 1, gap, -1.0)
    opening = np.full(CHART_SHAPE, -9.0, np.float32)
    opening[where] = gap
    opened = smoothstep(-0.02, 0.12, gap)
    teeth = (ys > teeth_edge(person, features, xs)[0]) | (ys < teeth_edge(person, features, xs)[1])
    floor = front + 0.1 - 0.1 * xs * xs - np.where(teeth, 0.25, MOUTH_DEPTH)
    z[where] = patch * (1 - opened) + np.minimum(floor, patch) * opened
    return opening


def teeth_edge(person: Person, features: Features, x: Map) -> tuple[Map, Map]:
    """Heights of the lower edge of the upper teeth and the upper edge of the lower teeth."""
    rest = person.lips.height + 0.1
    upper = rest - 0.45 + 0.06 * x * x
    lower = rest - 0.5 - 0.9 * features.jaw_drop + 0.03 * x * x
    return np.asarray(upper), np.asarray(np.minimum(lower, upper - 0.03))


def _beard_thickness(person: Person, features: Features, canvas: Canvas) -> Map:
    b = person.beard
    if max(b.moustache, b.chin, b.cheeks) <= 0:
        return np.zeros(CHART_SHAPE, np.float32)
    cover = beard_amount(person, features, canvas)
    rough = sample_noise(
        np.broadcast_to(canvas.x * 9.0, CHART_SHAPE), np.broadcast_to(canvas.y * 3.5, CHART_SHAPE)
    )
    return np.asarray(smoothstep(0.0, 1.1, cover) * b.length * (0.85 + 0.18 * rough), np.float32)
