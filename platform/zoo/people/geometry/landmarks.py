"""The 68 landmarks of a rendered face, in the order and by the convention of iBUG 300-W."""

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.camera import View
from zoo.people.geometry.displacement import snap_to_skin
from zoo.people.geometry.features import Features
from zoo.people.geometry.head import Array, profile_at
from zoo.people.person import Person

# The outline of the jaw: height (cm, for an average chin), fraction of the slice's half
# width, and the angle where the outline may begin. Fitted once to where dlib's 68-point
# predictor, trained on iBUG 300-W, puts it on random renders.
_OUTLINE = np.array(
    [
        (0.05, 1.0, 0.05),
        (-1.9, 1.0, 0.03),
        (-3.85, 1.013, 0.05),
        (-5.75, 1.037, 0.1),
        (-7.5, 1.075, 0.27),
        (-9.05, 1.012, 0.43),
        (-10.3, 0.987, 0.65),
        (-11.35, 0.831, 0.9),
        (-11.5, 0.02, 1.3),
    ]
)


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
    """Positions x and y of points 17 to 67, z still 0: float64 [51, 3]."""
    points: list[tuple[float, float]] = []
    x, y = features.brow_line(np.array([1.0, 0.76, 0.5, 0.24, -0.05]))
    y = y + person.brows.thickness * np.array([-0.05, 0.15, 0.24, 0.18, -0.15])
    points += [(-a, b) for a, b in zip(x, y, strict=True)]
    points += [(a, b) for a, b in zip(x[::-1], y[::-1], strict=True)]
    nose, eye, mouth = person.nose, features.eye, features.mouth
    for down in (0.0, 1 / 3, 2 / 3, 1.0):
        points.append((0.0, nose.root - 0.4 + down * (nose.tip - nose.root + 0.5)))
    wing = nose.half_width
    for a, b in ((-0.8, 0.12), (-0.42, -0.05), (0, -0.12), (0.42, -0.05), (0.8, 0.12)):
        points.append((a * wing, nose.base + b))
    for side, order in ((-1, (0.94, 0.36, -0.38, -0.98)), (1, (-0.98, -0.38, 0.36, 0.94))):
        t = np.array(order)
        xs = side * (eye.x + t * eye.half_width)
        upper, lower = eye.upper_lid(t), eye.lower_lid(t)
        points += [(float(a), float(b)) for a, b in zip(xs, upper, strict=True)]
        points += [(float(xs[2]), float(lower[2])), (float(xs[1]), float(lower[1]))]
    half = mouth.half_width
    u = np.array([-0.96, -0.62, -0.24, 0, 0.24, 0.62, 0.96])
    points += list(zip(half * u, mouth.outer_upper(u), strict=True))
    u = np.array([0.6, 0.28, 0, -0.28, -0.6])
    points += list(zip(half * u, mouth.outer_lower(u), strict=True))
    u = np.array([-0.83, -0.3, 0, 0.3, 0.83])
    points += list(zip(half * u, mouth.inner_upper(u), strict=True))
    u = np.array([0.3, 0, -0.3])
    points += list(zip(half * u, mouth.inner_lower(u), strict=True))
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

    Annotators follow what they see: on the far side the visible outline, on the near side
    the edge of the jaw, and they space the nine points of a side evenly along it.
    """
    chin = person.skull.chin - features.jaw_drop
    heights, fraction, limit = _OUTLINE.T
    heights = heights + np.interp(heights, [-11.5, -5.5], [chin + 11.5, 0.0])
    width, centre, depth = profile_at(model["table"][0], heights)
    result = np.zeros((17, 2))
    for side in (-1, 1):
        path = np.array(
            [
                _outline_point(
                    side, width[i] * fraction[i], heights[i], centre[i], depth[i], a, view
                )
                for i, a in enumerate(limit)
            ]
        )
        steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        wanted = np.linspace(0.0, along[-1], 9)
        points = np.stack([np.interp(wanted, along, path[:, i]) for i in (0, 1)], axis=1)
        if side < 0:
            result[:9] = points
        else:
            result[8:] = points[::-1]
    middle = view.project(np.array([[0.0, chin, float(centre[-1] + depth[-1])]]))
    result[8] = middle[0]
    return result


def _outline_point(
    side: int, half: float, y: float, centre: float, depth: float, limit: float, view: View
) -> Array:
    """The most outward point, in the picture, of one slice of the head.

    ``limit`` is the angle, from sideways towards the front, where the slice may begin.
    """
    angles = np.linspace(limit, 1.5, 40)
    across, forward = np.cos(angles), np.sin(angles)
    ring = np.stack(
        [
            side * half * np.sign(across) * np.abs(across) ** 0.8,
            np.full_like(angles, y),
            centre + depth * np.sign(forward) * np.abs(forward) ** 0.8,
        ],
        axis=1,
    )
    pixels = view.project(ring)
    axis = view.rotation[:2, 0]
    outward = side * (pixels[:, 0] * axis[0] - pixels[:, 1] * axis[1])
    return np.asarray(pixels[int(np.argmax(outward))])
