"""The bare head as a signed distance function.

A tube of ellipses that follows the outline of the face, an ellipsoid for the cranium, a
chin, a plane under the jaw, a nose of a few rounded solids, ears, and the neck, joined by
smooth minima; the chart's relief is added in front. Distances are centimetres in head
coordinates and slightly wrong away from the surface, so that marching takes short steps.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.features import Features
from zoo.people.person import Person
from zoo.people.rendering.jit import compiled

Array = npt.NDArray[np.float64]

PROFILE_START, PROFILE_STEP, PROFILE_ROWS = -18.0, 0.25, 137
CHART_LEFT, CHART_BOTTOM, CHART_STEP = -8.75, -15.0, 0.07
CHART_SHAPE = (360, 251)
EYE_RADIUS = 1.68

HEAD = np.dtype(
    [
        (name, np.float64)
        for name in (
            "skull_y skull_z skull_rx skull_ry skull_rz chin_y chin_z chin_rx chin_ry chin_rz "
            "under_y under_z nose_root_y nose_root_z nose_root_r nose_mid_y nose_mid_z "
            "nose_tip_y nose_tip_z nose_tip_r "
            "wing_x wing_y wing_z wing_r nostril_x nostril_y nostril_z base_y base_z ear_x "
            "ear_y ear_z ear_size ear_sin ear_cos neck_r neck_bx neck_by neck_bz eye_x eye_y "
            "eye_z eye_r"
        ).split()
    ]
    + [("body", np.float64, (3, 4))]
)


def profiles(person: Person, features: Features) -> Array:
    """Half width, widest z and depth in front of it, by height: float64 [137, 3].

    Row i belongs to the height ``PROFILE_START + i * PROFILE_STEP``. An opening jaw
    stretches the part below the mouth.
    """
    skull = person.skull
    chin, drop = skull.chin, features.jaw_drop
    cheek, jaw = skull.cheek_width, skull.jaw_width
    span = chin + 11.5  # a longer chin moves the lower control points
    points = np.array(
        [
            # height, half width, widest z, front z
            (16.0, 0.5, -1.5, 2.0),
            (11.0, 1.5, -1.5, 2.0),
            (8.0, 4.4, -1.0, 4.6),
            (5.0, 6.35, -0.4, 7.25),
            (3.0, 6.75, 0.2, 7.9),
            (1.5, cheek - 0.02, 0.6, 7.85),
            (0.0, cheek, 0.8, 7.6),
            (-2.0, cheek - 0.1, 0.9, 7.65),
            (-4.0, 0.5 * (cheek + jaw) + 0.2, 0.8, 7.9),
            (-6.0 + 0.3 * span, jaw + 0.25, 0.6, 8.1),
            (-8.0 + 0.6 * span - 0.5 * drop, jaw - 0.55, 1.0, 8.0),
            (-9.8 + 0.9 * span - drop, 0.5 * jaw + 0.5 * skull.chin_width + 0.35, 2.0, 7.7),
            (-11.3 + span - drop, skull.chin_width + 0.4, 3.0, 7.3),
            (-13.5 + span - drop, 0.8 * skull.chin_width, 3.4, 6.4),
            (-17.0 + span - drop, 1.0, 3.5, 5.0),
        ]
    )[::-1]
    heights = PROFILE_START + PROFILE_STEP * np.arange(PROFILE_ROWS)
    table = np.stack([np.interp(heights, points[:, 0], points[:, i]) for i in (1, 2, 3)], axis=1)
    kernel = np.hanning(11)[1:-1]
    kernel /= kernel.sum()
    padded = np.pad(table, ((4, 4), (0, 0)), mode="edge")
    table = np.stack([np.convolve(padded[:, i], kernel, mode="valid") for i in range(3)], axis=1)
    table[:, 2] -= table[:, 1]
    return np.ascontiguousarray(table)


def profile_at(table: Array, y: npt.NDArray[np.floating[Any]]) -> tuple[Array, Array, Array]:
    """Half width, widest z and depth at the heights ``y`` (any shape)."""
    heights = PROFILE_START + PROFILE_STEP * np.arange(PROFILE_ROWS)
    return (
        np.interp(y, heights, table[:, 0]),
        np.interp(y, heights, table[:, 1]),
        np.interp(y, heights, table[:, 2]),
    )


def head_record(
    person: Person, features: Features, table: Array, body: Array
) -> npt.NDArray[np.void]:
    """The numbers of the distance function: one record of dtype HEAD, but for ``eye_z``.

    How far forward the eyeballs lie is known once the face is sculpted.

    Args:
        person: Whose head.
        features: Its face after the expression.
        table: Of :func:`profiles`.
        body: float64 [3, 4], from head to body coordinates.
    """
    skull, nose, eyes = person.skull, person.nose, person.eyes
    drop = features.jaw_drop

    def front(y: float) -> float:
        _, centre, depth = profile_at(table, np.array(y))
        return float(centre + depth)

    record = np.zeros(1, HEAD)
    h = record[0]
    h["skull_rx"], h["skull_ry"], h["skull_rz"] = skull.width, skull.crown - 3.1, skull.depth
    h["skull_y"], h["skull_z"] = 3.1, 7.95 - skull.depth
    h["chin_y"], h["chin_z"] = skull.chin + 1.35 - drop, front(skull.chin + 1.4 - drop) - 1.75
    h["chin_rx"], h["chin_ry"], h["chin_rz"] = skull.chin_width, 1.45, 1.9
    h["under_y"], h["under_z"] = skull.chin - 0.45 - drop, h["chin_z"] + 0.4
    root_z, tip_z = front(nose.root), front(nose.tip) + nose.projection
    h["nose_root_y"], h["nose_root_z"] = nose.root + 0.5, root_z - 0.55 + nose.bridge_height
    h["nose_root_r"] = nose.bridge_width
    h["nose_mid_y"] = 0.5 * (nose.root + nose.tip) + 0.3
    h["nose_mid_z"] = (
        0.5 * (root_z + nose.bridge_height + tip_z) - 0.85 + nose.hump + 0.1 * nose.bridge_height
    )
    h["nose_tip_y"], h["nose_tip_z"] = nose.tip, tip_z - nose.tip_size
    h["nose_tip_r"] = nose.tip_size
    h["wing_r"] = 0.58 + 0.06 * (nose.half_width - 1.7)
    h["wing_x"] = nose.half_width - h["wing_r"]
    h["wing_y"] = nose.base + 0.45
    h["wing_z"] = front(nose.base) + 0.25 * nose.projection
    h["nostril_x"], h["nostril_y"] = 0.38 * nose.half_width, nose.base + 0.08
    h["nostril_z"] = front(nose.base) + 0.48 * nose.projection
    h["base_y"], h["base_z"] = nose.base + 0.15, front(nose.base) - 0.1
    ears = person.ears
    h["ear_x"], h["ear_y"], h["ear_z"] = skull.cheek_width + 0.45, -0.9, -2.2
    h["ear_size"] = ears.size
    h["ear_sin"], h["ear_cos"] = math.sin(ears.angle), math.cos(ears.angle)
    h["neck_r"] = skull.neck
    to_head = body[:, :3].T
    base = to_head @ (np.array([0.0, -21.0, -5.0]) - body[:, 3])
    h["neck_bx"], h["neck_by"], h["neck_bz"] = base
    h["eye_r"] = EYE_RADIUS
    h["eye_x"], h["eye_y"] = eyes.spacing, 0.0
    h["body"] = body
    return record


@compiled
def smooth_min(a: float, b: float, k: float) -> float:
    """Quadratic smooth minimum; ``k`` is the width of the blend."""
    h = max(k - abs(a - b), 0.0) / k
    return min(a, b) - h * h * k * 0.25


@compiled
def smooth_max(a: float, b: float, k: float) -> float:
    """Quadratic smooth maximum; ``k`` is the width of the blend."""
    h = max(k - abs(a - b), 0.0) / k
    return max(a, b) + h * h * k * 0.25


@compiled
def ellipsoid(x: float, y: float, z: float, rx: float, ry: float, rz: float) -> float:
    """First-order distance to an ellipsoid at the origin."""
    ax, ay, az = x / rx, y / ry, z / rz
    k0 = math.sqrt(ax * ax + ay * ay + az * az) + 1e-9
    bx, by, bz = ax / rx, ay / ry, az / rz
    k1 = math.sqrt(bx * bx + by * by + bz * bz) + 1e-9
    return k0 * (k0 - 1.0) / k1


@compiled
def segment(
    x: float, y: float, z: float, y0: float, z0: float, r0: float, y1: float, z1: float, r1: float
) -> float:
    """Distance to a rod in the middle plane whose radius changes from r0 to r1."""
    dy, dz = y1 - y0, z1 - z0
    t = ((y - y0) * dy + (z - z0) * dz) / (dy * dy + dz * dz)
    t = min(max(t, 0.0), 1.0)
    ey, ez = y - y0 - t * dy, z - z0 - t * dz
    return math.sqrt(x * x + ey * ey + ez * ez) - (r0 + t * (r1 - r0))


@compiled
def bilinear(chart: npt.NDArray[np.float32], x: float, y: float) -> float:
    """A sample of a chart layer at head coordinates (x, y), clamped at the border."""
    u = min(max((x - CHART_LEFT) / CHART_STEP, 0.0), chart.shape[1] - 1.001)
    v = min(max((y - CHART_BOTTOM) / CHART_STEP, 0.0), chart.shape[0] - 1.001)
    i, j = int(u), int(v)
    a, b = u - i, v - j
    low = chart[j, i] * (1.0 - a) + chart[j, i + 1] * a
    high = chart[j + 1, i] * (1.0 - a) + chart[j + 1, i + 1] * a
    return float(low * (1.0 - b) + high * b)


@compiled
def nose_distance(x: float, y: float, z: float, h: Any) -> float:
    """Distance to the nose alone; ``x`` is not negative."""
    bridge = segment(
        x, y, z, h.nose_root_y, h.nose_root_z, h.nose_root_r,
        h.nose_mid_y, h.nose_mid_z, h.nose_root_r + 0.08,
    )  # fmt: skip
    lower = segment(
        x, y, z, h.nose_mid_y, h.nose_mid_z, h.nose_root_r + 0.08,
        h.nose_tip_y, h.nose_tip_z, h.nose_tip_r,
    )  # fmt: skip
    d = smooth_min(bridge, lower, 0.5)
    column = segment(x, y, z, h.nose_tip_y - 0.25, h.nose_tip_z, 0.42, h.base_y, h.base_z, 0.42)
    d = smooth_min(d, column, 0.35)
    wing = ellipsoid(
        x - h.wing_x, y - h.wing_y, z - h.wing_z, h.wing_r, h.wing_r * 1.12, h.wing_r * 1.75
    )
    d = smooth_min(d, wing, 0.5)
    hole = ellipsoid(x - h.nostril_x, y - h.nostril_y, z - h.nostril_z, 0.3, 0.3, 0.55)
    return float(smooth_max(d, -hole, 0.2))


@compiled
def ear_distance(x: float, y: float, z: float, h: Any) -> float:
    """Distance to the ear at positive x."""
    s = 1.0 / h.ear_size
    px, py, pz = (x - h.ear_x) * s, (y - h.ear_y) * s, (z - h.ear_z) * s
    # The shell turns about its front edge, away from the head.
    qx = h.ear_cos * px + h.ear_sin * pz
    qz = -h.ear_sin * px + h.ear_cos * pz
    qy = py + 0.18 * qz  # leans back
    width = 1.75 + 0.16 * qy
    shell = ellipsoid(qx, qy, qz + 0.55, 0.62, 2.95, width)
    bowl = ellipsoid(qx - 0.6, qy - 0.35, qz + 0.3, 0.62, 2.0, width - 0.65)
    d = smooth_max(shell, -bowl, 0.2)
    flap = ellipsoid(qx - 0.1, qy + 0.3, qz - 0.75, 0.4, 0.6, 0.4)
    return float(smooth_min(d, flap, 0.3) / s)


@compiled
def base_distance(x: float, y: float, z: float, m: Any) -> float:
    """Distance to cranium, face and chin, before relief, nose, ears and neck."""
    h, table = m.head, m.table
    skull = ellipsoid(x, y - h.skull_y, z - h.skull_z, h.skull_rx, h.skull_ry, h.skull_rz)
    v = min(max((y - PROFILE_START) / PROFILE_STEP, 0.0), PROFILE_ROWS - 1.001)
    i = int(v)
    f = v - i
    w = table[i, 0] * (1.0 - f) + table[i + 1, 0] * f
    c = table[i, 1] * (1.0 - f) + table[i + 1, 1] * f
    depth = table[i, 2] * (1.0 - f) + table[i + 1, 2] * f
    zz = (z - c) * w / depth
    tube = math.sqrt(x * x + zz * zz) - w
    d = smooth_min(skull, max(tube, y - 9.0), 1.0)
    chin = ellipsoid(x, y - h.chin_y, z - h.chin_z, h.chin_rx, h.chin_ry, h.chin_rz)
    under = -(0.868 * (y - h.under_y) + 0.496 * (z - h.under_z))
    return smooth_min(smooth_max(d, under, 1.8), chin, 1.0)


@compiled
def skin_distance(x: float, y: float, z: float, m: Any) -> float:
    """Distance to head and neck without eyes, hair and clothes."""
    h = m.head
    ax = abs(x)
    d = base_distance(x, y, z, m)
    if z > -1.0 and d < 9.0:
        front = min((z + 1.0) * 0.33, 1.0)
        d -= bilinear(m.relief, x, y) * front * front * (3.0 - 2.0 * front)
        if z > 6.0 and ax < 3.6 and y < 3.0 and y > -7.5:
            if d > 4.6:
                return d - 3.4  # the nose may be that much nearer
            d = smooth_min(d, nose_distance(ax, y, z, h), 1.1)
    if y < 3.5 and y > -5.5 and ax > 5.5 and z < 1.5 and z > -6.0 and d < 2.5:
        d = smooth_min(d, ear_distance(ax, y, z, h), 0.5)
    if y < -2.0:
        # Neck: a rod from inside the head to the body.
        x1, y1, z1 = h.neck_bx, h.neck_by + 5.0, h.neck_bz + 3.2
        dy, dz = y - -5.0, z - -3.2
        t = (x * x1 + dy * y1 + dz * z1) / (x1 * x1 + y1 * y1 + z1 * z1)
        t = min(max(t, 0.0), 1.0)
        ex, ey, ez = x - t * x1, dy - t * y1, dz - t * z1
        r = h.neck_r * (1.0 - 0.12 * math.sin(3.1416 * t))
        d = smooth_min(d, math.sqrt(ex * ex + ey * ey + ez * ez) - r, 1.2)
    return d


@compiled
def eye_distance(x: float, y: float, z: float, h: Any) -> float:
    """Distance to the nearer eyeball."""
    dx, dy, dz = abs(x) - h.eye_x, y - h.eye_y, z - h.eye_z
    return float(math.sqrt(dx * dx + dy * dy + dz * dz) - h.eye_r)
