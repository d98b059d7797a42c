"""Sphere tracing of the distance function, with adaptive sampling.

A cone per tile of pixels is marched first; its pixels start where the cone first touched
anything. Then one ray through each pixel's centre, then three more where a neighbour
differs.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.surface import CLOTH, EYE, HAIR, SKIN, Map, distance, parts
from zoo.people.rendering.jit import compiled, entry_point, kernel_digest
from zoo.people.rendering.shading import frame_cover, glasses_frame, shade

TILE = 8
FAR = 1e6

RAYS = np.dtype(
    [("origin", np.float64, (3,)), ("matrix", np.float64, (3, 3))]
    + [(name, np.float64) for name in ("focal", "cx", "cy", "near", "far")]
)


@compiled
def direction(u: float, v: float, rays: Any) -> tuple[float, float, float]:
    """Unit direction in head coordinates of the ray through pixel (u, v)."""
    a, b = (u - rays.cx) / rays.focal, (rays.cy - v) / rays.focal
    s = 1.0 / math.sqrt(a * a + b * b + 1.0)
    a, b, c = a * s, b * s, -s
    r = rays.matrix
    return (
        r[0, 0] * a + r[1, 0] * b + r[2, 0] * c,
        r[0, 1] * a + r[1, 1] * b + r[2, 1] * c,
        r[0, 2] * a + r[1, 2] * b + r[2, 2] * c,
    )


@compiled
def march(dx: float, dy: float, dz: float, start: float, spread: float, rays: Any, m: Any) -> float:
    """Distance along a ray to the surface, or FAR; with spread > 0 to a cone's first touch."""
    ox, oy, oz = rays.origin[0], rays.origin[1], rays.origin[2]
    t, before, d = start, start, 1.0
    for _ in range(90):
        d = distance(ox + t * dx, oy + t * dy, oz + t * dz, True, m)
        if spread > 0.0:
            if d < spread * t + 0.25:
                return t
            t += 0.8 * d - 0.5 * spread * t
        else:
            if d < 0.012:
                break
            before = t
            t += max(0.72 * d, 0.01)
        if t > rays.far:
            return FAR
    if spread > 0.0:
        return t
    # A step may have gone too far where relief is steep: go back to the crossing.
    if d > -0.02:
        return t
    low, high = before, t
    for _ in range(5):
        middle = 0.5 * (low + high)
        if distance(ox + middle * dx, oy + middle * dy, oz + middle * dz, True, m) < 0.004:
            high = middle
        else:
            low = middle
    return high


@compiled
def trace(
    u: float, v: float, start: float, rays: Any, m: Any
) -> tuple[float, float, float, int, float]:
    """Colour (linear RGB), part and distance of what is seen at (u, v).

    Part 0 is the background; 8 is added where the frame of glasses is in front.
    """
    dx, dy, dz = direction(u, v, rays)
    t = FAR
    if start < FAR:
        t = march(dx, dy, dz, start, 0.0, rays, m)
    r, g, b, part = 0.0, 0.0, 0.0, 0
    if t < FAR:
        x, y, z = (
            rays.origin[0] + t * dx,
            rays.origin[1] + t * dy,
            rays.origin[2] + t * dz,
        )
        skin, eye, hair, cloth = parts(x, y, z, True, m)
        nearest = min(min(skin, eye), min(hair, cloth))
        part = SKIN
        if nearest == eye:
            part = EYE
        elif nearest == hair:
            part = HAIR
        elif nearest == cloth:
            part = CLOTH
        nx, ny, nz = 0.0, 0.0, 0.0
        e = 0.035
        for corner in range(4):
            # The corners of a tetrahedron.
            sx = 1.0 if corner == 0 or corner == 3 else -1.0
            sy = 1.0 if corner == 1 or corner == 3 else -1.0
            sz = 1.0 if corner == 2 or corner == 3 else -1.0
            d = distance(x + e * sx, y + e * sy, z + e * sz, True, m)
            nx, ny, nz = nx + sx * d, ny + sy * d, nz + sz * d
        norm = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
        nx, ny, nz = nx * norm, ny * norm, nz * norm
        r, g, b = shade(x, y, z, nx, ny, nz, -dx, -dy, -dz, part, m)
    k = m.look
    if k.glass_t > 0.0 and dz < -0.3:
        tg = (k.glass_z - rays.origin[2]) / dz
        if tg < t:
            gx, gy = rays.origin[0] + tg * dx, rays.origin[1] + tg * dy
            blur = max(tg / rays.focal, 0.04)
            cover = frame_cover(gx, gy, blur, k)
            inside = glasses_frame(gx, gy, k)
            if inside < 0.0 and t < FAR:
                glare = 0.035 + 0.05 * max(0.0, 1.0 - abs(gx - 0.9 * gy - 1.0) * 0.8)
                tint = 1.0 - k.glass_tint
                r = r * tint + glare * k.sky[0]
                g = g * tint + glare * k.sky[1]
                b = b * tint + glare * k.sky[2]
            if cover > 0.0:
                shine = 0.35 + 0.5 * max(k.to_light[2], 0.0)
                r += cover * (k.frame[0] * shine + 0.02 - r)
                g += cover * (k.frame[1] * shine + 0.02 - g)
                b += cover * (k.frame[2] * shine + 0.02 - b)
                if cover > 0.5:
                    part += 8
    if k.glass_t > 0.0 and abs(dx) > 1e-3:
        # The arms run back to the ears in upright planes.
        for side in (-1.0, 1.0):
            ts = (side * (k.glass_x + k.glass_w) - rays.origin[0]) / dx
            if ts > 0.0 and ts < t:
                az = rays.origin[2] + ts * dz
                ay = rays.origin[1] + ts * dy - k.glass_y - 0.45 * k.glass_h
                if az < k.glass_z and az > -2.0 and abs(ay) < 0.7 * k.glass_t + 0.06:
                    r, g, b = 0.4 * k.frame[0], 0.4 * k.frame[1], 0.4 * k.frame[2]
                    part = part if part >= 8 else part + 8
    return r, g, b, part, t


@compiled
def encode(value: float) -> float:
    """Linear light to an sRGB value in 0..255, with a soft shoulder."""
    v = max(value, 0.0)
    v = v * (1.0 + 0.12 * v) / (1.0 + 0.62 * v)
    v = min(v, 1.0)
    if v < 0.0031308:
        return 255.0 * 12.92 * v
    return float(255.0 * (1.055 * v ** (1.0 / 2.4) - 0.055))


def _build(digest: str) -> Callable[..., None]:
    """The entry point; ``digest`` is part of its key in numba's cache."""

    def draw(
        image: Map, seen: npt.NDArray[np.uint8], background: Map, rays_record: Any, model: Any
    ) -> None:
        if len(digest) == 0:
            return
        rays, m = rays_record[0], model[0]
        size = image.shape[0]
        depth = np.empty((size, size), np.float32)
        starts = np.empty((size // TILE + 1, size // TILE + 1), np.float64)
        spread = 0.75 * TILE / rays.focal
        for row in range(0, size, TILE):
            for column in range(0, size, TILE):
                half = 0.5 * (TILE - 1)
                dx, dy, dz = direction(column + half, row + half, rays)
                start = march(dx, dy, dz, rays.near, spread, rays, m)
                starts[row // TILE, column // TILE] = start
                for v in range(row, min(row + TILE, size)):
                    for u in range(column, min(column + TILE, size)):
                        r, g, b, part, t = trace(float(u), float(v), start, rays, m)
                        seen[v, u] = part
                        depth[v, u] = t
                        if part == 0:
                            image[v, u, 0] = background[v, u, 0]
                            image[v, u, 1] = background[v, u, 1]
                            image[v, u, 2] = background[v, u, 2]
                        else:
                            image[v, u, 0] = encode(r)
                            image[v, u, 1] = encode(g)
                            image[v, u, 2] = encode(b)
        rough = np.zeros((size, size), np.bool_)
        for v in range(1, size - 1):
            for u in range(1, size - 1):
                for w in range(2):
                    p, q = (v + 1, u) if w == 0 else (v, u + 1)
                    step = abs(image[v, u, 1] - image[p, q, 1])
                    jump = abs(depth[v, u] - depth[p, q])
                    if seen[v, u] != seen[p, q] or step > 16.0 or jump > 1.2:
                        rough[v, u] = True
                        rough[p, q] = True
        for v in range(size):
            for u in range(size):
                if rough[v, u]:
                    start = starts[v // TILE, u // TILE]
                    for n in range(3):
                        # Four points of a rotated grid; the centre stands for one.
                        ou = (0.125, 0.375, -0.375)[n]
                        ov = (-0.375, 0.125, -0.125)[n]
                        r, g, b, part, t = trace(u + ou, v + ov, start, rays, m)
                        if part == 0:
                            image[v, u, 0] += background[v, u, 0]
                            image[v, u, 1] += background[v, u, 1]
                            image[v, u, 2] += background[v, u, 2]
                        else:
                            image[v, u, 0] += encode(r)
                            image[v, u, 1] += encode(g)
                            image[v, u, 2] += encode(b)
                    image[v, u, 0] *= 0.25
                    image[v, u, 1] *= 0.25
                    image[v, u, 2] *= 0.25

    return draw


draw = entry_point(_build(kernel_digest()))
