"""The 68 landmarks of a rendered face, in the order and by the convention of iBUG 300-W."""

import numpy as np
import numpy.typing as npt

from zoo.people.camera import View
from zoo.people.features import Features
from zoo.people.head import Array, profile_at
from zoo.people.person import Person
from zoo.people.relief import snap_to_skin


def landmarks(
    person: Person, features: Features, view: View, model: npt.NDArray[np.void]
) -> npt.NDArray[np.float32]:
    """Landmarks in pixels, float32 [68, 2]."""
    inner = _inner_points(person, features)
    snap_to_skin(inner, model)
    _on_eyeballs(inner, model)
    nose = inner[10:14]
    nose[3, 2] = max(nose[3, 2], float(model["head"][0]["nose_tip_z"]))
    pixels = view.project(inner)
    jaw = _jaw(person, features, view, model)
    return np.concatenate([jaw, pixels]).astype(np.float32)


def _inner_points(person: Person, features: Features) -> Array:
    """x and y of points 17 to 67, z still 0: float64 [51, 3]."""
    points: list[tuple[float, float]] = []
    x, y = features.brow_line(np.array([1.0, 0.76, 0.5, 0.25, 0.0]))
    y = y + 0.18 * person.brows.thickness
    points += [(-a, b) for a, b in zip(x, y)]
    points += [(a, b) for a, b in zip(x[::-1], y[::-1])]
    nose, eye, mouth = person.nose, features.eye, features.mouth
    for t in (0.0, 1 / 3, 2 / 3, 1.0):
        points.append((0.0, nose.root - 0.2 + t * (nose.tip + 0.1 - nose.root + 0.2)))
    wing = nose.half_width
    for a, b in ((-0.8, 0.12), (-0.42, -0.05), (0, -0.12), (0.42, -0.05), (0.8, 0.12)):
        points.append((a * wing, nose.base + b))
    for side, order in ((-1, (1.0, 0.38, -0.38, -1.0)), (1, (-1.0, -0.38, 0.38, 1.0))):
        t = np.array(order)
        xs = side * (eye.x + t * eye.half_width * 0.98)
        upper, lower = eye.upper_lid(t), eye.lower_lid(t)
        points += [(float(a), float(b)) for a, b in zip(xs, upper)]
        points += [(float(xs[2]), float(lower[2])), (float(xs[1]), float(lower[1]))]
    half = mouth.half_width
    u = np.array([-1, -0.62, -0.24, 0, 0.24, 0.62, 1])
    points += list(zip(half * u, mouth.outer_upper(u)))
    u = np.array([0.6, 0.28, 0, -0.28, -0.6])
    points += list(zip(half * u, mouth.outer_lower(u)))
    u = np.array([-0.88, -0.3, 0, 0.3, 0.88])
    points += list(zip(half * u, mouth.inner_upper(u)))
    u = np.array([0.3, 0, -0.3])
    points += list(zip(half * u, mouth.inner_lower(u)))
    result = np.zeros((51, 3))
    result[:, :2] = points
    return result


def _on_eyeballs(points: Array, model: npt.NDArray[np.void]) -> None:
    """Points on the lids' edges lie on the lids, not in the gap behind them."""
    h = model["head"][0]
    for i in range(19, 31):
        dx, dy = abs(points[i, 0]) - h["eye_x"], points[i, 1]
        ball = h["eye_r"] ** 2 - dx * dx - dy * dy
        points[i, 2] = max(points[i, 2], float(h["eye_z"]) + np.sqrt(max(ball, 0.1)))


def _jaw(person: Person, features: Features, view: View, model: npt.NDArray[np.void]) -> Array:
    """The outline from ear to chin to ear, in pixels: float64 [17, 2].

    Annotators follow what they see: where the cheek hides the jaw's edge, the points lie
    on the visible outline; on the near side they lie on the jaw's edge.
    """
    chin = person.skull.chin - features.jaw_drop
    heights = np.interp(
        np.arange(9) / 8.0,
        np.array([0, 1, 2, 3, 4, 5, 6, 7, 8]) / 8.0,
        np.array([-0.5, -2.2, -3.9, -5.5, -7.2, -8.7, -9.9, -10.8, -11.5]),
    )
    stretch = np.interp(heights, [-11.5, -5.5], [chin + 11.5, 0.0])
    heights = heights + stretch
    width, centre, depth = profile_at(model["table"][0], heights)
    chin_half = person.skull.chin_width
    # The plane under the jaw and the chin round the outline off.
    fraction = np.array([1, 1, 1, 1, 0.985, 0.94, 0.83, 0.55, 0.0])
    half = width * fraction
    half[7] = min(half[7], 0.75 * chin_half + 0.5)
    result = np.zeros((17, 2))
    for side in (-1, 1):
        for i in range(9):
            index = i if side < 0 else 16 - i
            result[index] = _outline_point(
                side, half[i], heights[i], centre[i], depth[i], i, view
            )
    return result


def _outline_point(
    side: int, half: float, y: float, centre: float, depth: float, i: int, view: View
) -> Array:
    """The most outward visible point of one slice of the head, in pixels."""
    ear_limit = np.interp(i, [0, 4, 8], [-0.3, 0.0, 0.0])
    angles = np.linspace(ear_limit, 1.35, 40)  # 0 is sideways, 90 degrees is the front
    if i == 8:
        angles = np.array([np.pi / 2])
        half = 1.0
    ring = np.stack(
        [
            side * half * np.cos(angles),
            np.full_like(angles, y),
            centre + depth * np.sin(angles) * np.clip(np.abs(half) / max(half, 1e-6), 0, 1),
        ],
        axis=1,
    )
    pixels = view.project(ring)
    across = view.rotation[:2, 0]
    outward = side * (pixels[:, 0] * across[0] - pixels[:, 1] * across[1])
    return np.asarray(pixels[int(np.argmax(outward))])
