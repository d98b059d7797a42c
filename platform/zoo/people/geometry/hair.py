"""Hair as a signed distance function.

A shell over the cranium, cut below, with a window for the face; hanging hair is a tube
with a hollow for the neck; locks and curls are noise along and across the strands.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.face_map import Canvas, Map, smoothstep
from zoo.people.geometry.head import CHART_SHAPE, bilinear, ellipsoid, smooth_max, smooth_min
from zoo.people.person import Person
from zoo.people.rendering.jit import compiled
from zoo.people.rendering.noise import noise, sample_noise

HAIR = np.dtype(
    [
        (name, np.float64)
        for name in (
            "present y z rx ry rz bottom slope hanging length spread width inner curl strands "
            "part pulled bun bun_y bun_z cut forward thinning dip"
        ).split()
    ]
)


def hair_record(person: Person) -> npt.NDArray[np.void]:
    """The numbers of the distance function: one record of dtype HAIR."""
    hair, skull = person.hair, person.skull
    record = np.zeros(1, HAIR)
    h = record[0]
    h["present"] = float(hair.present)
    ry = skull.crown - 3.1
    h["y"], h["z"] = 3.1, 7.95 - skull.depth - 0.4 * (hair.back - hair.side)
    h["rx"] = skull.width + hair.side
    h["ry"] = ry + hair.top
    h["rz"] = skull.depth + 0.5 * (hair.back + hair.top) + 0.15
    hanging = hair.length < -4.5 and not hair.pulled_back
    h["hanging"] = float(hanging)
    h["bottom"], h["slope"] = (-2.0, 0.0) if hanging else (max(hair.length, -4.0), 0.33)
    h["length"], h["spread"] = hair.length, hair.volume
    h["width"] = max(skull.width + hair.side, skull.cheek_width + 1.55)
    h["inner"] = skull.neck + 0.5
    h["curl"], h["strands"], h["part"] = hair.curl, hair.strands, hair.part
    h["pulled"] = float(hair.pulled_back)
    h["bun"], h["bun_y"] = hair.bun, hair.bun_height
    h["bun_z"] = -2.0 - 0.9 * (11.0 - hair.bun_height)
    h["cut"] = 0.6 if hanging else 1.6
    h["forward"] = 3.2
    h["thinning"] = max(0.0, min(0.55 * (hair.top + hair.side) - 0.35, 0.7 * hair.side + 0.1))
    h["dip"] = 0.75 * min(hair.top, hair.side, hair.back)
    return record


def face_window(person: Person, canvas: Canvas) -> Map:
    """Distance inside the part of the front view that hair leaves free: [H, W], cm."""
    hair = person.hair
    x, y = canvas.x, canvas.y
    top = hair.hairline + hair.sweep * x / 6.0
    top = top + 1.7 * hair.temples * np.exp(-(((np.abs(x) - 3.7) / 1.5) ** 2))
    top = top - 0.45 * (x / 4.0) ** 2
    ends = sample_noise(x * 11.0 + 31.0, np.full_like(x, 9.0))
    ends = ends + sample_noise(x * 3.0 + 70.0, np.full_like(x, 90.0))
    top = top + 0.13 * hair.strands * ends
    side = hair.window + 0.25 * smoothstep(1.0, -5.0, y) - 0.9 * smoothstep(-7.0, -16.0, y)
    side = side - 0.1 * np.clip(y - 2.0, 0, 8)
    a, b = np.broadcast_arrays(side - np.abs(x), top - y)
    k = 1.6
    h = np.maximum(k - np.abs(a - b), 0) / k
    window = np.minimum(a, b) - h * h * (k * 0.25)
    assert window.shape == CHART_SHAPE
    return np.ascontiguousarray(window, np.float32)


@compiled
def hair_distance(x: float, y: float, z: float, fine: bool, m: Any) -> float:
    """Distance to the hair; a lower bound when far away, without strands unless ``fine``."""
    h = m.hair
    if h.present == 0.0:
        return 1e3
    d = ellipsoid(x, y - h.y, z - h.z, h.rx, h.ry, h.rz)
    if d > 1.0:
        groove = 0.0
    else:
        off = (x - h.part) * 2.0
        groove = 0.22 * math.exp(-off * off) * min(max((y - 5.0) * 0.4, 0.0), 1.0)
        if h.pulled != 0.0:
            groove = 0.0
    d += groove
    d = smooth_max(d, h.bottom + h.slope * (z + 2.0) - y, 0.7)
    ax = abs(x)
    if h.hanging != 0.0 and y < 7.0:
        drop = min(max((3.0 - y) / 10.0, 0.0), 1.6)
        wide = h.width + h.spread * 1.6 * drop * (2.0 - drop) * 0.6
        zz = (z + 2.2) * wide / (wide + 1.4)
        tube = math.sqrt(x * x + zz * zz) - wide
        tube = smooth_max(tube, y - 4.0, 2.0)
        ragged = 0.7 * noise(m.tile, ax * 3.0 + z * 2.0, 40.0)
        tube = smooth_max(tube, h.length + ragged - y, 1.0)
        tube = smooth_max(tube, z - h.forward, 1.5)
        hollow = max(max(ax - h.inner, -4.5 - z), y + 4.0)
        tube = smooth_max(tube, -hollow, 1.0)
        d = smooth_min(d, tube, 1.2)
    if h.bun > 0.0:
        by, bz = y - h.bun_y, z - h.bun_z
        d = smooth_min(d, math.sqrt(x * x + by * by + bz * bz) - h.bun, 0.4)
    if d > 1.5:
        return d - 0.6
    loose = 1.0
    # The face looks through a window in the hair, which thins out towards its edge.
    if z > h.cut - 1.5:
        free = bilinear(m.window, x, y)
        thin = min(max((free + 2.4) / 2.4, 0.0), 1.0) * min(max((z - h.cut) * 0.4, 0.0), 1.0)
        d += h.thinning * thin * thin
        loose = 1.0 - 0.75 * thin
        d = smooth_max(d, min(free, z - h.cut), 0.35)
    if fine and d < 0.6:
        rise = 0.0
        if h.curl > 0.0:
            bump = noise(m.tile, x * 3.1 + z * 1.7, y * 3.3 - z * 2.1)
            bump += 0.6 * noise(m.tile, x * 6.1 - z * 4.0 + 50.0, y * 6.0 + z * 3.0)
            rise += h.curl * 0.34 * bump
        across, along = strand_coordinates(x, y, z, h)
        lock = noise(m.tile, across * 3.7, along * 0.45)
        rise += h.strands * (0.085 * lock + 0.05 * noise(m.tile, across * 11.0, along * 0.6))
        # Never so deep that the scalp shows.
        d -= loose * max(rise, -h.dip)
    return d


@compiled
def strand_coordinates(x: float, y: float, z: float, h: Any) -> tuple[float, float]:
    """Position across and along the strands, in cm near the surface."""
    if h.pulled != 0.0:
        return 8.0 * math.atan2(x, y + 3.0), z + 0.2 * y
    angle = math.atan2(x - 0.35 * h.part, z + 4.5)
    wave = 0.25 * math.sin(0.55 * y + 2.0 * angle)
    return 8.0 * angle + wave, y + 0.6 * math.sqrt(x * x + z * z)
