"""Light on skin, eyes, hair and cloth: linear RGB from a point, its normal and the lights."""

import math
from typing import Any

from zoo.people.geometry.hair import hair_distance, strand_coordinates
from zoo.people.geometry.head import CHART_BOTTOM, CHART_LEFT, CHART_STEP
from zoo.people.geometry.surface import CLOTH, EYE, HAIR, distance, to_body
from zoo.people.rendering.jit import compiled
from zoo.people.rendering.noise import noise


@compiled
def shadow(
    x: float, y: float, z: float, lx: float, ly: float, lz: float, soft: float, m: Any
) -> float:
    """How much of a distant light arrives, 0..1; ``soft`` is the light's angular size."""
    t, nearest = 0.25, 1.0
    for _ in range(16):
        d = distance(x + t * lx, y + t * ly, z + t * lz, False, m)
        nearest = min(nearest, 0.5 + 0.5 * d / (soft * t))
        if nearest <= 0.0:
            return 0.0
        t += min(max(0.8 * d, 0.18 + 0.07 * t), 3.0)
        if t > 18.0:
            break
    light = max(nearest, 0.0)
    return float(light * light * (3.0 - 2.0 * light))


@compiled
def openness(x: float, y: float, z: float, nx: float, ny: float, nz: float, m: Any) -> float:
    """Ambient light that is not blocked nearby, 0..1."""
    closed, weight, reach = 0.0, 0.6, 0.25
    for _ in range(4):
        d = distance(x + reach * nx, y + reach * ny, z + reach * nz, False, m)
        closed += weight * max(reach - d, 0.0) / reach
        weight *= 0.72
        reach *= 2.1
    return float(max(1.0 - 0.62 * closed, 0.0))


@compiled
def glasses_frame(x: float, y: float, k: Any) -> float:
    """Distance to the frame's outline in its plane, negative inside the rims."""
    ax, ay = abs(x) - k.glass_x, y - k.glass_y
    corner = k.glass_round * min(k.glass_w, k.glass_h)
    qx, qy = abs(ax) - k.glass_w + corner, abs(ay) - k.glass_h + corner
    outside = math.sqrt(max(qx, 0.0) ** 2 + max(qy, 0.0) ** 2)
    return float(outside + min(max(qx, qy), 0.0) - corner)


@compiled
def frame_cover(x: float, y: float, blur: float, k: Any) -> float:
    """How much of a blurred point in the plane of the glasses is frame, 0..1."""
    if abs(y - k.glass_y) > k.glass_h + 1.0:
        return 0.0
    d = abs(glasses_frame(x, y, k)) - 0.5 * k.glass_t
    if abs(x) < k.glass_x - k.glass_w + 0.2:
        arc = y - k.glass_y - 0.35 * k.glass_h - 0.25 + 0.35 * x * x
        d = min(d, abs(arc) - 0.6 * k.glass_t)
    return float(min(max(0.5 - d / blur, 0.0), 1.0))


@compiled
def shade(
    x: float, y: float, z: float, nx: float, ny: float, nz: float,
    vx: float, vy: float, vz: float, part: int, m: Any,
) -> tuple[float, float, float]:  # fmt: skip
    """Light that leaves a point towards the viewer (direction v), linear RGB."""
    k = m.look
    lx, ly, lz = k.to_light[0], k.to_light[1], k.to_light[2]
    ndl = nx * lx + ny * ly + nz * lz
    # Shadows are cast without strands: start outside the smooth hair.
    out = 0.06
    if part == HAIR:
        out += max(-hair_distance(x, y, z, False, m), 0.0)
    ox, oy, oz = x + out * nx, y + out * ny, z + out * nz
    lit = 0.0
    if ndl > -0.35:
        soft = 0.34 - 0.24 * k.hardness
        lit = shadow(ox, oy, oz, lx, ly, lz, soft, m)
    if k.glass_t > 0.0 and lz > 0.15 and z < k.glass_z and z > 2.0 and lit > 0.0:
        t = (k.glass_z - z) / lz
        lit *= 1.0 - 0.6 * frame_cover(x + t * lx, y + t * ly, 0.25 + 0.2 * t, k)
    air = openness(ox, oy, oz, nx, ny, nz, m)
    up = 0.5 + 0.5 * (nx * k.up[0] + ny * k.up[1] + nz * k.up[2])
    rim = max(nx * k.to_rim[0] + ny * k.to_rim[1] + nz * k.to_rim[2], 0.0) * air
    ndv = max(nx * vx + ny * vy + nz * vz, 0.0)
    hx, hy, hz = lx + vx, ly + vy, lz + vz
    norm = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
    hx, hy, hz = hx * norm, hy * norm, hz * norm
    ndh = max(nx * hx + ny * hy + nz * hz, 0.0)
    fresnel = (1.0 - ndv) ** 4
    r, g, b = k.skin[0], k.skin[1], k.skin[2]
    if part == HAIR:
        return shade_hair(x, y, z, nx, ny, nz, vx, vy, vz, ndl, lit, air, up, rim, m)
    if part == EYE:
        return shade_eye(x, y, z, nx, ny, nz, vx, vy, vz, ndl, lit, air, up, m)
    if part == CLOTH:
        bx, by, bz = to_body(x, y, z, m.head)
        r, g, b = k.cloth[0], k.cloth[1], k.cloth[2]
        if k.stripes > 0.0 and math.sin(6.283 * (by + 0.1 * bz) / k.stripes) > 0.2:
            r, g, b = k.second[0], k.second[1], k.second[2]
        weave = 1.0 + 0.05 * noise(m.tile, bx * 9.0, by * 9.0 + bz * 5.0)
        weave += 0.07 * noise(m.tile, bx * 0.9 + by * 0.5, by * 1.6 + bz)
        diffuse = max(ndl, 0.0) * lit
        r0 = diffuse * k.key[0] + air * (k.ground[0] + (k.sky[0] - k.ground[0]) * up)
        g0 = diffuse * k.key[1] + air * (k.ground[1] + (k.sky[1] - k.ground[1]) * up)
        b0 = diffuse * k.key[2] + air * (k.ground[2] + (k.sky[2] - k.ground[2]) * up)
        sheen = weave + 0.25 * fresnel
        return (
            r * sheen * (r0 + rim * k.rim[0]),
            g * sheen * (g0 + rim * k.rim[1]),
            b * sheen * (b0 + rim * k.rim[2]),
        )
    gloss = 0.35 + 0.3 * k.gloss
    if z > -1.5 and y > -14.9 and y < 10.0 and abs(x) < 8.6:
        # Painted in front, plain behind.
        u, v = (x - CHART_LEFT) / CHART_STEP, (y - CHART_BOTTOM) / CHART_STEP
        i, j = int(u), int(v)
        fu, fv = u - i, v - j
        p00, p01 = m.paint[j, i], m.paint[j, i + 1]
        p10, p11 = m.paint[j + 1, i], m.paint[j + 1, i + 1]
        front = min((z + 1.5) * 0.6, 1.0)
        w00, w01 = (1.0 - fu) * (1.0 - fv), fu * (1.0 - fv)
        w10, w11 = (1.0 - fu) * fv, fu * fv
        r += front * (w00 * p00[0] + w01 * p01[0] + w10 * p10[0] + w11 * p11[0] - r)
        g += front * (w00 * p00[1] + w01 * p01[1] + w10 * p10[1] + w11 * p11[1] - g)
        b += front * (w00 * p00[2] + w01 * p01[2] + w10 * p10[2] + w11 * p11[2] - b)
        gloss += front * (w00 * p00[3] + w01 * p01[3] + w10 * p10[3] + w11 * p11[3] - gloss)
    elif abs(x) > 6.0:
        r, g, b = r * 1.03, g * 0.88, b * 0.86  # ears carry more blood
    # Light that travels under the skin reaches further round the terminator as red.
    dr = max((ndl + 0.28) / 1.28, 0.0)
    dg = max((ndl + 0.10) / 1.10, 0.0)
    db = max((ndl + 0.05) / 1.05, 0.0)
    soft_lit = math.sqrt(lit)
    kr = dr * (0.55 * lit + 0.45 * soft_lit) * k.key[0]
    kg = dg * (0.85 * lit + 0.15 * soft_lit) * k.key[1]
    kb = db * lit * k.key[2]
    ar = air**0.75 * (k.ground[0] + (k.sky[0] - k.ground[0]) * up)
    ag = air * (k.ground[1] + (k.sky[1] - k.ground[1]) * up)
    ab = air**1.08 * (k.ground[2] + (k.sky[2] - k.ground[2]) * up)
    shine = gloss * max(ndl, 0.0) * lit * (0.13 * ndh**14 + 0.17 * ndh**55)
    edge = gloss * fresnel * air * 0.16
    return (
        r * (kr + ar + rim * k.rim[0]) + shine * k.key[0] + edge * k.sky[0],
        g * (kg + ag + rim * k.rim[1]) + shine * k.key[1] + edge * k.sky[1],
        b * (kb + ab + rim * k.rim[2]) + shine * k.key[2] + edge * k.sky[2],
    )


@compiled
def shade_hair(
    x: float, y: float, z: float, nx: float, ny: float, nz: float,
    vx: float, vy: float, vz: float, ndl: float, lit: float, air: float, up: float, rim: float,
    m: Any,
) -> tuple[float, float, float]:  # fmt: skip
    """Strands reflect light in a band across their direction (Kajiya and Kay 1989)."""
    k, h = m.look, m.hair
    across, along = strand_coordinates(x, y, z, h)
    grain = noise(m.tile, across * 21.0, along * 0.7 + 7.0)
    lock = noise(m.tile, across * 6.0 + 90.0, along * 0.4)
    if h.pulled != 0.0:
        ax, ay, az = y + 3.0, -x, 0.0
    else:
        ax, ay, az = z + 4.5, 0.0, -x
    # Along the strand: at right angles to the normal and to the direction across.
    tx, ty, tz = ay * nz - az * ny, az * nx - ax * nz, ax * ny - ay * nx
    bend = 0.12 * grain + 0.1 * lock
    tx, ty, tz = tx + bend * nx, ty + bend * ny, tz + bend * nz
    norm = 1.0 / math.sqrt(tx * tx + ty * ty + tz * tz + 1e-9)
    tx, ty, tz = tx * norm, ty * norm, tz * norm
    lx, ly, lz = k.to_light[0], k.to_light[1], k.to_light[2]
    hx, hy, hz = lx + vx, ly + vy, lz + vz
    norm = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
    tdh = (tx * hx + ty * hy + tz * hz) * norm
    tdl = tx * lx + ty * ly + tz * lz
    band = math.sqrt(max(1.0 - tdh * tdh, 0.0))
    around = math.sqrt(max(1.0 - tdl * tdl, 0.0))
    sharp, wide = band**90, band**18
    diffuse = lit * (0.6 * max((ndl + 0.2) / 1.2, 0.0) + 0.25 * around * max(ndl + 0.3, 0.0))
    shade_ = max(0.45, 1.0 + 0.2 * grain + 0.15 * lock)
    facing = lit * max(ndl + 0.15, 0.0) * k.hair_gloss
    r, g, b = k.hair[0], k.hair[1], k.hair[2]
    white = 0.045 * sharp * facing
    tinted = 0.42 * wide * facing
    sky = air * air * (0.35 + 0.65 * up)
    return (
        r * shade_ * (diffuse * k.key[0] + sky * k.sky[0] + (tinted + rim) * k.key[0])
        + (white + 0.02 * rim) * k.key[0],
        g * shade_ * (diffuse * k.key[1] + sky * k.sky[1] + (tinted + rim) * k.key[1])
        + (white + 0.02 * rim) * k.key[1],
        b * shade_ * (diffuse * k.key[2] + sky * k.sky[2] + (tinted + rim) * k.key[2])
        + (white + 0.02 * rim) * k.key[2],
    )


@compiled
def shade_eye(
    x: float, y: float, z: float, nx: float, ny: float, nz: float,
    vx: float, vy: float, vz: float, ndl: float, lit: float, air: float, up: float, m: Any,
) -> tuple[float, float, float]:  # fmt: skip
    """White, iris and pupil, the shade of the upper lid, and the reflection of the light."""
    k, h = m.look, m.head
    facing = nx * k.gaze[0] + ny * k.gaze[1] + nz * k.gaze[2]
    radius = h.eye_r * math.sqrt(max(1.0 - facing * facing, 0.0))
    side = 1.0 if x > 0.0 else -1.0
    inner = (h.eye_x - side * x) / 1.5  # 1 at the inner corner
    r, g, b = 0.54, 0.51, 0.485
    red = min(max(abs(inner) - 0.45, 0.0), 0.5) * (0.7 + 0.5 * k.age)
    r, g, b = r * (1.0 - 0.12 * red), g * (1.0 - 0.62 * red), b * (1.0 - 0.62 * red)
    corner = min(max((inner - 0.8) * 6.0, 0.0), 1.0)
    r, g, b = r + corner * (0.5 - r), g + corner * (0.22 - g), b + corner * (0.2 - b)
    s = radius / k.iris_r
    cornea = 0.0
    if s < 1.12:
        px, py = nx - facing * k.gaze[0], ny - facing * k.gaze[1]
        angle = math.atan2(py, px)
        rays = noise(m.tile, angle * 14.0 + 40.0, s * 2.5)
        light = 0.75 + 0.3 * rays + 0.9 * max(0.0, 1.0 - abs(s - 0.55) * 3.0)
        light += 0.5 * max(-(px * k.to_light[0] + py * k.to_light[1]), 0.0) * 3.0
        rim = min(max((s - 0.78) / 0.2, 0.0), 1.0)
        light *= 1.0 - 0.72 * rim
        ir, ig, ib = k.iris[0] * light, k.iris[1] * light, k.iris[2] * light
        hole = min(max((k.pupil_r - radius) / 0.05 + 0.5, 0.0), 1.0)
        ir, ig, ib = ir * (1.0 - hole), ig * (1.0 - hole), ib * (1.0 - hole)
        edge = min(max((1.06 - s) / 0.12, 0.0), 1.0)
        r, g, b = r + edge * (ir - r), g + edge * (ig - g), b + edge * (ib - b)
        cornea = edge
    lid = 9.0
    if abs(x) < 8.0:
        i, j = int((x - CHART_LEFT) / CHART_STEP), int((y - CHART_BOTTOM) / CHART_STEP)
        lid = m.paint[j, i, 4]
    under_lid = min(max(lid / 0.42, 0.0), 1.0)
    shade_ = 0.3 + 0.7 * under_lid * (2.0 - under_lid)
    lashes = min(max((0.05 + 0.08 * k.lashes - lid) / 0.05, 0.0), 1.0)
    shade_ *= 1.0 - 0.85 * lashes
    wrapped = max((ndl + 0.25) / 1.25, 0.0) * (0.35 + 0.65 * lit)
    air = 0.45 + 0.55 * air
    # The cornea bulges: its normal leans away from the gaze faster than the ball's.
    cx, cy, cz = nx, ny, nz
    if cornea > 0.0:
        cx = nx + 1.1 * (nx - facing * k.gaze[0])
        cy = ny + 1.1 * (ny - facing * k.gaze[1])
        cz = nz + 1.1 * (nz - facing * k.gaze[2])
        norm = 1.0 / math.sqrt(cx * cx + cy * cy + cz * cz)
        cx, cy, cz = cx * norm, cy * norm, cz * norm
    dot = 2.0 * (cx * vx + cy * vy + cz * vz)
    rx, ry, rz = dot * cx - vx, dot * cy - vy, dot * cz - vz
    towards = max(rx * k.to_light[0] + ry * k.to_light[1] + rz * k.to_light[2], 0.0)
    spark = min(towards**70 * 1.4, 1.0) * (0.25 + 0.75 * lit) * (0.3 + 0.7 * under_lid)
    glint = spark * (0.35 + 0.75 * cornea)
    sky = max(rx * k.up[0] + ry * k.up[1] + rz * k.up[2], 0.0) * 0.05 * under_lid
    return (
        r * shade_ * (wrapped * k.key[0] + air * (k.sky[0] * up + k.ground[0] * (1.0 - up)))
        + glint * k.key[0] * 0.6
        + sky * k.sky[0],
        g * shade_ * (wrapped * k.key[1] + air * (k.sky[1] * up + k.ground[1] * (1.0 - up)))
        + glint * k.key[1] * 0.6
        + sky * k.sky[1],
        b * shade_ * (wrapped * k.key[2] + air * (k.sky[2] * up + k.ground[2] * (1.0 - up)))
        + glint * k.key[2] * 0.6
        + sky * k.sky[2],
    )
