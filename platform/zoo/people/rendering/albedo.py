"""Colour and gloss of the face over the chart."""

import numpy as np

from zoo.people.geometry.face_map import (
    Canvas,
    Map,
    Surface,
    beard_amount,
    beard_mask,
    smoothstep,
    teeth_edge,
)
from zoo.people.geometry.features import Features
from zoo.people.geometry.head import CHART_SHAPE
from zoo.people.person import Colour, Person, Skin
from zoo.people.rendering.noise import sample_noise

# Skin in linear RGB from very fair to very dark, read off portraits.
_TONES = np.array(
    [
        (0.74, 0.51, 0.41),
        (0.66, 0.42, 0.31),
        (0.58, 0.34, 0.23),
        (0.43, 0.235, 0.145),
        (0.28, 0.14, 0.08),
        (0.155, 0.074, 0.043),
        (0.075, 0.037, 0.024),
    ]
)


def skin_colour(skin: Skin) -> Colour:
    """Reflectance of a person's plain skin."""
    at = np.clip(skin.melanin, 0, 1) * (len(_TONES) - 1)
    red, green, blue = (
        float(np.interp(at, np.arange(len(_TONES)), _TONES[:, channel])) for channel in range(3)
    )
    flush = skin.blood - 0.5
    return (red * (1 + 0.06 * flush), green * (1 - 0.12 * flush), blue * (1 - 0.08 * flush))


def paint(person: Person, features: Features, surface: Surface, canvas: Canvas) -> Map:
    """Skin, make-up, brows, lips, teeth, stubble and beard.

    Returns:
        float32 [H, W, 6]: linear red, green and blue, gloss, and the surface's distances
        below the upper lid and inside the opening of the mouth.
    """
    skin = skin_colour(person.skin)
    rgb = np.empty((*CHART_SHAPE, 3), np.float32)
    rgb[:] = skin
    gloss = np.full(CHART_SHAPE, 0.35 + 0.4 * person.skin.gloss, np.float32)
    _tone(person, features, canvas, rgb, gloss)
    _spots(person, canvas, rgb)
    _stubble(person, features, canvas, rgb)
    _eye_surroundings(person, features, canvas, rgb)
    _lips(person, features, canvas, rgb, gloss)
    _beard(person, features, canvas, rgb, gloss)
    _brows(person, features, canvas, rgb, gloss)
    _inside_mouth(person, features, surface, canvas, rgb, gloss)
    layers = np.concatenate(
        [rgb, gloss[..., None], surface.lid[..., None], surface.opening[..., None]], axis=2
    )
    return np.ascontiguousarray(layers, np.float32)


def _tint(rgb: Map, where: tuple[slice, slice], cover: Map, colour: Colour) -> None:
    target = rgb[where]
    target += np.clip(cover, 0, 1)[..., None] * (np.asarray(colour, np.float32) - target)


def _noise(canvas: Canvas, fu: float, fv: float, shift: float) -> Map:
    return sample_noise(
        np.broadcast_to(canvas.x * fu + shift, CHART_SHAPE),
        np.broadcast_to(canvas.y * fv + 2.3 * shift, CHART_SHAPE),
    )


def _tone(person: Person, features: Features, canvas: Canvas, rgb: Map, gloss: Map) -> None:
    """Blood in cheeks, nose and chin; oil on forehead and nose; blotches."""
    skin = person.skin
    blood = np.zeros(CHART_SHAPE, np.float32)
    strength = 0.5 + 0.9 * skin.blood
    canvas.bump(blood, 4.1, -3.6, 1.9, 1.7, 0.5 * strength)
    canvas.bump(blood, 0.0, person.nose.tip - 0.2, 1.3, 0.9, 0.5 * strength)
    canvas.bump(blood, 1.5, person.nose.base + 0.4, 0.6, 0.7, 0.35 * strength)
    canvas.bump(blood, 0.0, person.skull.chin + 1.3 - features.jaw_drop, 1.4, 0.9, 0.25)
    canvas.bump(blood, 2.9, 0.9, 1.4, 0.5, 0.2)
    canvas.bump(blood, 0.0, 4.5, 4.0, 1.8, -0.25)
    shift = 37.0 * (person.skin.texture % 101)
    blood += skin.mottling * 0.13 * _noise(canvas, 6.0, 6.0, shift)
    rgb *= 1 + blood[..., None] * np.array([0.03, -0.17, -0.17], np.float32)
    # Noise would smear where the face turns away from the chart.
    turned = smoothstep(6.6, 5.2, np.abs(canvas.x))
    fine = turned * _noise(canvas, 17.0, 17.0, shift + 11.0)
    coarse = turned * _noise(canvas, 2.6, 2.6, shift + 5.0)
    rgb *= (1 + (0.018 + 0.02 * skin.mottling) * fine + 0.025 * skin.mottling * coarse)[..., None]
    canvas.bump(gloss, 0.0, 4.0, 3.2, 1.8, 0.2)
    canvas.bump(gloss, 0.0, person.nose.tip + 0.4, 0.9, 1.6, 0.3)
    canvas.bump(gloss, 3.9, -2.2, 1.2, 1.0, 0.12)
    canvas.bump(gloss, 0.0, person.skull.chin + 1.4 - features.jaw_drop, 1.0, 0.8, 0.1)
    gloss *= 1 + 0.06 * fine


def _spots(person: Person, canvas: Canvas, rgb: Map) -> None:
    """Freckles over nose and cheeks, a few moles, and the spots of age."""
    skin = person.skin
    rng = np.random.default_rng([0x5B07, skin.texture])
    count = int(260 * skin.freckles)
    for _ in range(count):
        x, y = rng.normal(0, 3.2), rng.normal(-2.2, 1.9)
        _spot(canvas, rgb, x, y, rng.uniform(0.05, 0.1), rng.uniform(0.1, 0.4))
    for _ in range(int(rng.poisson(1.2))):
        x, y = rng.normal(0, 3.5), rng.uniform(-9, 4)
        if abs(x) > 1.6:
            _spot(canvas, rgb, x, y, rng.uniform(0.08, 0.14), 0.75)
    for _ in range(int(14 * max(0.0, skin.age - 0.45))):
        x, y = rng.normal(0, 4.5), rng.uniform(-6, 6)
        _spot(canvas, rgb, x, y, rng.uniform(0.12, 0.3), 0.22)


def _spot(canvas: Canvas, rgb: Map, x: float, y: float, radius: float, cover: float) -> None:
    where, xs, ys = canvas.window(x - 0.4, x + 0.4, y - 0.4, y + 0.4)
    r2 = (xs - x) ** 2 + (ys - y) ** 2
    amount = cover * np.exp(-r2 / radius**2)
    rgb[where] *= 1 - amount[..., None] * np.array([0.5, 0.66, 0.75], np.float32)


def _eye_surroundings(person: Person, features: Features, canvas: Canvas, rgb: Map) -> None:
    """Darker lids, rings under the eyes, lash lines, the fold of the lid, eye shadow."""
    eye, eyes, age = features.eye, person.eyes, person.skin.age
    dark = np.array([0.55, 0.72, 0.66], np.float32)
    for side in (1, -1):
        where, xs, ys = canvas.window(side * eye.x - 2.5, side * eye.x + 2.5, -2.4, 2.2)
        t = eye.along(xs, side)
        tc = np.clip(t, -1, 1)
        upper, lower = eye.upper_lid(tc), eye.lower_lid(tc)
        patch = rgb[where]
        around = np.exp(-((t / 1.15) ** 4) - ((ys - 0.1) / 1.0) ** 4)
        patch *= 1 - 0.22 * around[..., None] * dark
        ring = np.exp(-(((ys - lower + 0.45) / 0.4) ** 2)) * np.exp(-(((t + 0.35) / 0.8) ** 2))
        patch *= 1 - (0.14 + 0.2 * age) * ring[..., None] * dark
        inside_t = smoothstep(1.15, 0.9, np.abs(t))
        crease = ys - upper - eye.crease * (0.55 + 0.45 * np.sqrt(1 - tc * tc))
        line = np.exp(-((crease / 0.085) ** 2)) * inside_t
        patch *= 1 - 0.42 * line[..., None] * np.array([0.8, 1, 1], np.float32)
        lid = smoothstep(-0.02, 0.05, ys - upper) * smoothstep(0.2, -0.25, crease) * inside_t
        shade = np.asarray((0.30, 0.16, 0.2), np.float32) * (0.3 + 0.7 * patch)
        patch += (0.6 * eyes.shadow * lid)[..., None] * (shade - patch)
        width = 0.075 + 0.085 * eyes.lashes
        over = ys - upper
        lash = smoothstep(width * 1.6, width * 0.6, over) * smoothstep(-0.12, -0.04, over)
        lash = lash * smoothstep(1.16, 1.04, np.abs(t + 0.03))
        wing = smoothstep(0.12, 0.04, np.abs(over - 0.35 * (t - 0.8)))
        wing = wing * smoothstep(0.75, 0.9, t) * smoothstep(1.2, 1.08, t) * eyes.lashes
        under = smoothstep(0.11, 0.03, np.abs(ys - lower + 0.03)) * smoothstep(-0.7, 0.6, t)
        under = under * smoothstep(1.05, 0.95, t) * (0.25 + 0.4 * eyes.lashes)
        cover = np.maximum(np.maximum(lash * (0.75 + 0.25 * eyes.lashes), wing), under)
        _tint(rgb, where, np.asarray(cover, np.float32), (0.018, 0.012, 0.01))


def _brows(person: Person, features: Features, canvas: Canvas, rgb: Map, gloss: Map) -> None:
    brows = person.brows
    for side in (1, -1):
        left, right = sorted((side * (brows.inner - 0.5), side * (brows.outer + 0.5)))
        low, high = brows.height - 1.6, brows.height + 2.2
        where, xs, ys = canvas.window(left, right, low, high)
        t = (side * xs - brows.inner) / (brows.outer - brows.inner)
        _, line = features.brow_line(np.clip(t, -0.1, 1.1))
        profile = np.interp(t, [-0.05, 0.08, 0.4, 0.75, 1.02], [0.5, 0.85, 1.0, 0.75, 0.15])
        half = 0.5 * brows.thickness * profile
        v = (ys - line) / half
        lean = 1.2 * (1 - np.clip(t, 0, 1))  # hairs stand up at the inner end
        strands = sample_noise(
            np.asarray((xs * side - lean * (ys - line)) * 22.0 + 0 * ys, np.float32),
            np.asarray(((ys - line) + 0.35 * xs * side) * 9.0, np.float32),
        )
        cover = smoothstep(1.25, 0.55, np.abs(v) + 0.1 * strands)
        cover = cover * smoothstep(-0.06, 0.12, t + 0.03 * strands) * smoothstep(1.06, 0.9, t)
        cover = cover * brows.density * np.clip(0.92 + 0.16 * strands, 0, 1.1)
        _tint(rgb, where, np.asarray(cover, np.float32), brows.colour)
        gloss[where] *= 1 - 0.6 * cover


def _lips(person: Person, features: Features, canvas: Canvas, rgb: Map, gloss: Map) -> None:
    mouth, lips = features.mouth, person.lips
    half = mouth.half_width
    low = float(mouth.outer_lower(np.array(0.0))) - 0.5
    high = float(mouth.outer_upper(np.array(0.2))) + 0.5
    where, xs, ys = canvas.window(-half - 0.4, half + 0.4, low, high)
    u = np.clip(xs / half, -1, 1)
    top, bottom = mouth.outer_upper(u), mouth.outer_lower(u)
    soft = 0.13 - 0.07 * lips.redness
    edge = np.minimum(top - ys, ys - bottom)
    cover = smoothstep(-soft, soft, edge) * smoothstep(1.06, 0.97, np.abs(xs) / half)
    skin = np.asarray(skin_colour(person.skin), np.float32)
    natural = skin * np.array([0.86, 0.52, 0.55], np.float32)
    colour = natural + lips.redness * (np.asarray(lips.tint, np.float32) - natural)
    lines = sample_noise(
        np.asarray(xs * 20.0 + 0 * ys, np.float32), np.asarray(ys * 4.0 + 0 * xs, np.float32)
    )
    upper_lip = smoothstep(-0.1, 0.1, ys - 0.5 * (mouth.inner_upper(u) + mouth.inner_lower(u)))
    shade = (1 + 0.07 * lines) * (1 - 0.16 * upper_lip)
    patch = rgb[where]
    patch += (0.92 * cover)[..., None] * (colour * shade[..., None] - patch)
    middle = 0.5 * (mouth.inner_upper(u) + mouth.inner_lower(u))
    seam = smoothstep(0.1, 0.02, np.abs(ys - middle)) * smoothstep(1.07, 0.98, np.abs(xs) / half)
    patch *= 1 - 0.72 * seam[..., None] * np.array([0.85, 1, 1], np.float32)
    gloss[where] += cover * (0.35 + 0.35 * lips.redness - 0.2 * person.skin.age) * (1 + 0.3 * lines)


def _inside_mouth(
    person: Person, features: Features, surface: Surface, canvas: Canvas, rgb: Map, gloss: Map
) -> None:
    mouth = features.mouth
    if mouth.gap_up + mouth.gap_down < 0.02:
        return
    half = mouth.half_width
    low = float(mouth.outer_lower(np.array(0.0))) - 0.2
    where, xs, ys = canvas.window(-half, half, low, float(mouth.outer_upper(np.array(0.2))))
    gap = surface.opening[where]
    opened = smoothstep(-0.03, 0.05, gap)
    patch = rgb[where]
    dark = np.array([0.05, 0.012, 0.01], np.float32)
    inside = np.broadcast_to(dark, patch.shape).copy()
    tongue_y = float(mouth.inner_lower(np.array(0.0))) + 0.25
    tongue = np.exp(-((xs / (0.62 * half)) ** 4) - ((ys - tongue_y) / 0.55) ** 2)
    inside += (0.75 * tongue)[..., None] * (np.array([0.32, 0.08, 0.075], np.float32) - inside)
    upper, lower = teeth_edge(person, features, xs)
    edges = np.array([0.0, 0.86, 1.53, 2.25, 2.95])
    between = np.min(np.abs(np.abs(xs)[..., None] - edges), axis=-1)
    ivory = np.array([0.86, 0.80, 0.68], np.float32) * (1 - 0.25 * person.skin.age)
    bite = 0.07 * np.exp(-((between / 0.12) ** 2))
    tooth = np.maximum(
        smoothstep(-0.03, 0.05, ys - upper - bite), smoothstep(0.05, -0.03, ys - lower)
    )
    gaps = 1 - 0.3 * np.exp(-((between / 0.04) ** 2))
    round_ = np.clip(1.06 - 0.1 * xs * xs, 0.12, 1) * smoothstep(-0.08, 0.16, gap)
    colour = ivory * (gaps * (0.25 + 0.75 * round_))[..., None]
    inside += tooth[..., None] * (colour - inside)
    patch += opened[..., None] * (inside - patch)
    gloss[where] += opened * (0.5 * tooth - gloss[where])


def _stubble(person: Person, features: Features, canvas: Canvas, rgb: Map) -> None:
    amount = person.beard.stubble
    if amount <= 0:
        return
    moustache, chin, cheeks = beard_mask(person, features, canvas)
    cover = np.maximum(np.maximum(moustache, chin), cheeks)
    dots = smoothstep(6.6, 5.2, np.abs(canvas.x)) * _noise(canvas, 26.0, 26.0, 3.0)
    cover = amount * cover * np.clip(0.42 + 0.25 * dots, 0, 1)
    whole = (slice(None), slice(None))
    hair, skin = np.array(person.beard.colour), np.array(skin_colour(person.skin))
    red, green, blue = (float(v) for v in 0.7 * hair + 0.3 * skin)
    _tint(rgb, whole, np.asarray(cover, np.float32), (red, green, blue))


def _beard(person: Person, features: Features, canvas: Canvas, rgb: Map, gloss: Map) -> None:
    b = person.beard
    if max(b.moustache, b.chin, b.cheeks) <= 0:
        return
    cover = beard_amount(person, features, canvas)
    strands = _noise(canvas, 16.0, 4.5, 7.0) + 0.5 * _noise(canvas, 9.0, 3.0, 23.0)
    cover = smoothstep(0.08, 0.6, cover + 0.05 * strands * (cover > 0.03))
    shade = np.clip(1 + 0.28 * strands, 0.35, 2.2)
    target = np.asarray(b.colour, np.float32) * shade[..., None]
    rgb += (0.96 * cover)[..., None] * (target - rgb)
    gloss *= 1 - 0.75 * cover
