"""What people wear in front of a face: glasses, hats, scarves.

Flat drawings, as in :mod:`.occluders`; lengths are in unit coordinates of the picture.
"""

import cv2
import numpy as np

from zoo.people.augmentation.drawing import (
    DrawingContext,
    Random,
    any_colour,
    fabric,
    lay,
    line,
    noise,
    polygon,
)
from zoo.people.render import OTHER, SKIN


def glasses(random: Random, sitting: DrawingContext) -> None:
    """Frames, thin to thick; lenses clear with glare, tinted, or dark."""
    size, landmarks = sitting.size, sitting.landmarks
    left, right = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    level = right - left
    down = np.array((-level[1], level[0]))
    dark = random.random() < 0.35
    half_w = random.uniform(0.34, 0.46 if not dark else 0.5)
    half_h = random.uniform(0.2, 0.34 if not dark else 0.42)
    power = random.choice((2.0, 2.5, 3.0, 5.0))
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / power)
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / power)
    x = x * (1 + random.uniform(-0.25, 0.15) * y)  # wider above or below
    drop = random.uniform(-0.02, 0.1)
    cover, lenses = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    thick = random.uniform(0.007, 0.016) if random.random() < 0.5 else random.uniform(0.016, 0.04)
    rim = thick if random.random() < 0.85 else 0.0
    below = rim if random.random() < 0.85 else 0.0
    inner = []
    for eye, side, ear in ((left, -1, 0), (right, 1, 16)):
        centre = eye + side * random.uniform(0.0, 0.05) * level
        outline = centre + np.outer(side * half_w * x, level) + np.outer(half_h * y + drop, down)
        lenses = np.maximum(lenses, polygon(size, outline))
        upper, lower = [*outline[20:], outline[0]], list(outline[:21])
        if rim:
            cover = np.maximum(cover, line(size, upper, rim))
        if below:
            cover = np.maximum(cover, line(size, lower, below))
        inner.append(centre - side * half_w * 0.95 * level + (drop - 0.3 * half_h) * down)
        hinge = centre + side * half_w * level + (drop - 0.4 * half_h) * down
        arm = [hinge, hinge + 0.35 * (landmarks[ear] - hinge), landmarks[ear] - 0.08 * down]
        cover = np.maximum(cover, line(size, arm, max(0.6 * thick, 0.008)))
    bridge = [inner[0], 0.5 * (inner[0] + inner[1]) - random.uniform(0, 0.08) * down, inner[1]]
    cover = np.maximum(cover, line(size, bridge, max(0.8 * thick, 0.008)))
    if dark:
        opacity = random.uniform(0.6, 1.0)
        colour = any_colour(random) * random.uniform(0.05, 0.45)
        ramp = np.linspace(1, random.uniform(0.6, 1.0), size, dtype=np.float32)[:, None]
        sheen = np.maximum(noise(random, size, (3, 3)), 0)[..., None] * random.uniform(0, 50)
        layer = np.asarray(colour + sheen, np.float32)
        sitting.image += (lenses * opacity * ramp)[..., None] * (layer - sitting.image)
        sitting.labels[lenses > 0.5] = OTHER
    else:
        tint = random.uniform(0, 0.3) if random.random() < 0.4 else 0.0
        glare = np.clip(noise(random, size, (4, 4)) - random.uniform(0.3, 2.5), 0, 1) * lenses
        sitting.image += (tint * lenses)[..., None] * (any_colour(random) - sitting.image)
        sitting.image += 0.8 * glare[..., None] * (235 - sitting.image)
    kind = random.random()
    colour = any_colour(random) * (0.25 if kind < 0.6 else 1.0)
    shine = 1 + 0.35 * noise(random, size, (9, 9))
    lay(random, sitting, cover, (colour * shine[..., None]).astype(np.float32), OTHER)


def hat(random: Random, sitting: DrawingContext) -> None:
    """A cap, beanie, headband or brim over the forehead, or a hood around the face."""
    size, landmarks = sitting.size, sitting.landmarks
    cloth = fabric(random, size)
    middle = landmarks[[0, 16]].mean(axis=0)
    if random.random() < 0.3:  # a hood or a veil
        t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        half = np.array((random.uniform(0.33, 0.43), random.uniform(0.46, 0.62)))
        centre = middle + np.array((0, random.uniform(0.05, 0.16)))
        outline = centre + half * np.stack([np.cos(t), np.sin(t)], 1)
        outline += 0.01 * random.standard_normal(outline.shape)
        cover = 1 - polygon(size, outline)
        if random.random() < 0.4:
            cover[int(random.uniform(0.6, 0.95) * size) :] = 0
    else:
        brow = float(landmarks[17:27, 1].mean())
        edge = brow - random.uniform(-0.01, 0.26)
        x = np.linspace(-0.1, 1.1, 25)
        bow = random.uniform(-0.25, 0.35)
        tilt = random.normal(0, 0.06)
        y = edge + bow * (x - middle[0]) ** 2 + tilt * (x - 0.5)
        band = random.random() < 0.2
        top = y - random.uniform(0.04, 0.12) if band else np.full_like(y, -0.5)
        outline = np.concatenate([np.stack([x, y], 1), np.stack([x, top], 1)[::-1]])
        cover = polygon(size, outline)
        if not band and random.random() < 0.6:  # the brim, in another colour or shade
            brim = np.concatenate(
                [np.stack([x, y], 1), np.stack([x, y - random.uniform(0.03, 0.1)], 1)[::-1]]
            )
            shade = random.uniform(0.4, 1.2)
            cloth = np.asarray(cloth * (1 - polygon(size, brim) * (1 - shade))[..., None])
        if random.random() < 0.4:  # narrower than the picture
            side = np.abs(np.linspace(0, 1, size, dtype=np.float32) - middle[0])
            cover = cover * (side < random.uniform(0.36, 0.5))
        below = np.roll(cv2.GaussianBlur(cover, (0, 0), 0.03 * size), int(0.04 * size), 0)
        shadow = random.uniform(0, 0.7) * below * (sitting.labels == SKIN)
        sitting.image *= (1 - shadow)[..., None]
    lay(random, sitting, cover, cloth, OTHER)


def scarf(random: Random, sitting: DrawingContext) -> None:
    """Cloth over mouth and nose, or up to the chin."""
    size, landmarks = sitting.size, sitting.landmarks
    over = random.random() < 0.5
    top = landmarks[int(random.choice((28, 29, 30, 33))) if over else 8, 1]
    if not over:
        top = top - random.uniform(-0.02, 0.08)
    x = np.linspace(-0.1, 1.1, 25)
    bow = random.uniform(-0.7, 0.1) if over else random.uniform(-1.2, 0.6)
    y = top - bow * (x - landmarks[30, 0]) ** 2 * (1 if over else 0.8)
    if over and random.random() < 0.5:  # a mask ends at the jaw
        outline = np.concatenate([landmarks[1:16], np.stack([x, y], 1)[20:4:-1]])
        outline = cv2.convexHull(outline.astype(np.float32))[:, 0]
    else:
        outline = np.concatenate([np.stack([x, y], 1), np.array(((1.1, 1.5), (-0.1, 1.5)))])
    lay(random, sitting, polygon(size, outline), fabric(random, size), OTHER)
