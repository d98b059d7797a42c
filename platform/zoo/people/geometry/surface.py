"""The whole person as one signed distance function, and what is where."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.hair import hair_distance
from zoo.people.geometry.head import eye_distance, skin_distance, smooth_max, smooth_min
from zoo.people.person import Person
from zoo.people.rendering.jit import compiled

Map = npt.NDArray[np.float32]

NOTHING, SKIN, EYE, HAIR, CLOTH = 0, 1, 2, 3, 4


TORSO = np.dtype(
    [(name, np.float64) for name in "shoulder radius neckline slope vee collar".split()]
)


def torso_record(person: Person) -> npt.NDArray[np.void]:
    """The numbers of shoulders and clothes: one record of dtype TORSO."""
    clothes, neck = person.clothes, person.skull.neck
    record = np.zeros(1, TORSO)
    t = record[0]
    t["shoulder"] = 13.4 + 1.6 * (neck - 5.2)
    t["radius"] = 4.2 + 0.5 * (neck - 5.2)
    t["neckline"] = -12.6 - 1.4 * clothes.neckline
    t["slope"], t["vee"], t["collar"] = 0.36, clothes.vee, clothes.collar
    return record


@compiled
def torso_distance(x: float, y: float, z: float, s: Any) -> float:
    """Distance to the bare shoulders; body coordinates."""
    ax = abs(x)
    t = min(max(ax / s.shoulder, 0.0), 1.0)
    dx = max(ax - s.shoulder, 0.0)
    rise = 3.6 * (1.0 - t) ** 2
    dy, dz = y + 20.7 - rise + 1.5 * t * t, z + 5.5
    d = math.sqrt(dx * dx + dy * dy + dz * dz) - s.radius
    cx, cy, cz = x / 17.5, (y + 32.8) / 14.5, (z + 4.0) / 9.0
    chest = (math.sqrt(cx * cx + cy * cy + cz * cz) - 1.0) * 9.0
    return smooth_min(d, chest, 4.5)


@compiled
def cloth_distance(x: float, y: float, z: float, bare: float, s: Any) -> float:
    """Distance to the clothes over skin at distance ``bare``; body coordinates."""
    edge = y - (s.neckline - s.slope * (z + 5.0))
    if s.vee > 0.0 and z > -4.0:
        edge += s.vee * max(0.0, 1.0 - abs(x) / (0.62 * s.vee + 1.5))
    d = smooth_max(bare - 0.4, edge, 0.25)
    if s.collar > 0.0:
        ring = bare - 0.35
        d = smooth_min(d, math.sqrt(ring * ring + edge * edge) - s.collar, 0.25)
    return d


@compiled
def parts(x: float, y: float, z: float, fine: bool, m: Any) -> tuple[float, float, float, float]:
    """Distances to skin, eyes, hair and clothes; strands of hair only if ``fine``."""
    skin = skin_distance(x, y, z, m)
    eye = 1e3
    if z > 4.0 and abs(y) < 2.0:
        eye = eye_distance(x, y, z, m.head)
    hair = hair_distance(x, y, z, fine, m)
    cloth = 1e3
    if y < -8.5:
        bx, by, bz = to_body(x, y, z, m.head)
        bare = torso_distance(bx, by, bz, m.torso)
        skin = smooth_min(skin, bare, 2.2)
        cloth = cloth_distance(bx, by, bz, skin, m.torso)
    return skin, eye, hair, cloth


@compiled
def to_body(x: float, y: float, z: float, h: Any) -> tuple[float, float, float]:
    """From head coordinates to body coordinates."""
    b = h.body
    return (
        b[0, 0] * x + b[0, 1] * y + b[0, 2] * z + b[0, 3],
        b[1, 0] * x + b[1, 1] * y + b[1, 2] * z + b[1, 3],
        b[2, 0] * x + b[2, 1] * y + b[2, 2] * z + b[2, 3],
    )


@compiled
def distance(x: float, y: float, z: float, fine: bool, m: Any) -> float:
    """Distance to the nearest part."""
    skin, eye, hair, cloth = parts(x, y, z, fine, m)
    return min(min(skin, eye), min(hair, cloth))
