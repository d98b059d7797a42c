"""Augmentation of renders: colours, backgrounds, light, cameras.

A network trained on renders generalises to photographs only if its training data varies more than
renders differ from photographs (domain randomisation, Tobin et al. 2017,
https://arxiv.org/abs/1703.06907). Labels stay as they are.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from zoo.people.augmentation.drawing import DrawingContext, Map, Random, fabric, noise
from zoo.people.render import BACKGROUND, HAIR, OTHER, SKIN


def augment(random: Random, sitting: DrawingContext) -> None:
    """Other colours for hair, skin and clothes; marks on the skin; another background."""
    if random.random() < 0.8:
        _recolour_hair(random, sitting)
    _recolour_skin(random, sitting)
    if random.random() < 0.5:
        _make_up(random, sitting)
    if random.random() < 0.6:
        _marks(random, sitting)
    if random.random() < 0.5:
        _replace(sitting, OTHER, fabric(random, sitting.size))
    if random.random() < 0.8:
        _replace(sitting, BACKGROUND, surroundings(random, sitting.size))
    np.clip(sitting.image, 0, 255, out=sitting.image)


def photograph(random: Random, image: Map) -> npt.NDArray[np.uint8]:
    """What a camera makes of it: light, exposure, colour, blur, noise, compression."""
    size = image.shape[0]
    picture: npt.NDArray[Any] = np.clip(image, 0, 255) / 255
    if random.random() < 0.5:
        picture = picture * _light(random, size)[..., None]
    gamma = float(np.exp(random.normal(0, 0.25)))
    picture = np.clip(picture, 0, 1) ** gamma
    picture = picture * np.exp(random.normal(0, 0.08, 3) * (random.random() < 0.7))
    gain, lift = float(np.exp(random.normal(-0.03, 0.16))), random.normal(0, 0.05)
    picture = (picture - 0.5) * gain + 0.5 + lift
    if random.random() < 0.08:  # far too much or too little light
        picture = picture * random.choice((random.uniform(0.3, 0.7), random.uniform(1.2, 1.7)))
    grey = picture.mean(axis=2, keepdims=True)
    kind = random.random()
    colourful = 0.0 if kind < 0.07 else float(np.exp(random.normal(-0.05, 0.25)))
    picture = grey + colourful * (picture - grey)
    if kind > 0.93:  # sepia and other single tints
        picture = grey * np.clip(1 + random.normal(0, 0.15, 3), 0, 2)
    picture = _blurred(random, np.asarray(picture, np.float32))
    if random.random() < 0.5:
        amount = random.uniform(0, 0.045)
        coarse = noise(random, size, (size // 2, size // 2))[..., None]
        fine = random.standard_normal((size, size, 3)).astype(np.float32)
        picture = picture + amount * (fine if random.random() < 0.7 else coarse)
    result = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if random.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 90))]
        result = cv2.imdecode(cv2.imencode(".jpg", result, quality)[1], cv2.IMREAD_COLOR)
    return np.asarray(result, np.uint8)


def surroundings(random: Random, size: int) -> Map:
    """A background [size, size, 3], 0..255: plain, cloudy, cluttered, textile, or like skin."""
    kind = random.random()
    first, second = (255 * random.uniform(0.02, 1, 3) for _ in range(2))
    if random.random() < 0.5:  # greyish
        first, second = (c.mean() + 0.2 * (c - c.mean()) for c in (first, second))
    if random.random() < 0.2:  # wood, brick, sand, other faces
        first = np.array((225, 175, 145)) * random.uniform(0.3, 1.05)
    if kind < 0.15:
        picture = fabric(random, size)
    else:
        waves = int(random.choice((1, 2, 4, 8, 16)))
        blend = 0.5 + 0.6 * noise(random, size, (waves, waves))
        picture = first + np.clip(blend, 0, 1)[..., None] * (second - first)
        picture = np.asarray(picture, np.float32)
    if kind > 0.4:
        for _ in range(int(random.integers(2, 14))):
            colour = [float(c) for c in 255 * random.uniform(0, 1, 3)]
            a, b = (tuple(int(v) for v in random.integers(-20, size + 20, 2)) for _ in range(2))
            shape = random.random()
            if shape < 0.4:
                cv2.rectangle(picture, a, b, colour, -1)
            elif shape < 0.7:
                cv2.line(picture, a, b, colour, int(random.integers(1, 14)), cv2.LINE_AA)
            else:
                cv2.circle(picture, a, int(random.integers(3, size // 3)), colour, -1, cv2.LINE_AA)
    if random.random() < 0.7:
        soft = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 6))
        picture = np.asarray(soft, np.float32)
    if random.random() < 0.4:
        picture = picture * (1 + 0.15 * noise(random, size, (40, 40)))[..., None]
    return np.asarray(np.clip(picture, 0, 255), np.float32)


def _recolour_hair(random: Random, sitting: DrawingContext) -> None:
    """Any hair colour, with strands, gloss and flyaways that the renderer's hair lacks."""
    image, size = sitting.image, sitting.size
    weight = _soft(sitting.labels == HAIR)
    if not weight.any():
        return
    spread = 0.15 if random.random() < 0.85 else 0.4
    gains = np.exp(random.normal(0.1, 0.5) + random.normal(0, spread, 3))
    across = (int(random.integers(20, 64)), int(random.integers(2, 8)))
    strands = noise(random, size, across if random.random() < 0.7 else across[::-1])
    curls = noise(random, size, (20, 20))
    rough = 1 + random.uniform(0, 0.3) * strands + random.uniform(0, 0.2) * curls
    gloss = np.maximum(noise(random, size, (3, 3)), 0) * random.uniform(0, 0.5)
    changed = image * np.maximum(rough + gloss, 0.1)[..., None] * gains
    changed = changed + random.uniform(0, 25) * random.random()
    image += weight[..., None] * (np.clip(changed, 0, 255) - image)


def _recolour_skin(random: Random, sitting: DrawingContext) -> None:
    """Any tone of skin, with pores and blotches."""
    image, size = sitting.image, sitting.size
    weight = _soft(sitting.labels == SKIN)[..., None]
    gamma = float(np.exp(random.normal(0, 0.2)))
    gains = np.exp(random.normal(0, 0.15) + random.normal(0, 0.05, 3))
    changed = 255 * (np.clip(image, 0, 255) / 255) ** gamma * gains
    pores = random.uniform(0, 0.06) * noise(random, size, (60, 60))
    blotches = random.uniform(0, 0.08) * noise(random, size, (10, 10))
    changed = changed * (1 + pores + blotches)[..., None]
    image += weight * (changed - image)


def _make_up(random: Random, sitting: DrawingContext) -> None:
    """Lips, brows, eye sockets and teeth darker, redder or brighter than the renderer's."""
    landmarks, size = sitting.landmarks, sitting.size
    weight = _soft(sitting.labels == SKIN)
    lower = landmarks + np.array((0, 0.02), np.float32)
    parts = (
        (landmarks[48:60], 0.5),
        (landmarks[60:68], 0.2),
        (np.concatenate([landmarks[17:22], lower[17:22]]), 0.3),
        (np.concatenate([landmarks[22:27], lower[22:27]]), 0.3),
        (np.concatenate([landmarks[36:42], landmarks[18:21]]), 0.25),
        (np.concatenate([landmarks[42:48], landmarks[23:26]]), 0.25),
    )
    red = np.array((1.0, random.uniform(0.2, 0.9), random.uniform(0.2, 0.9)))
    for outline, often in parts:
        if random.random() > often:
            continue
        hull = cv2.convexHull(np.asarray(outline * size, np.float32))
        drawn = np.zeros((size, size), np.float32)
        cv2.fillConvexPoly(drawn, np.rint(hull).astype(np.int32), 1.0, cv2.LINE_AA)
        blurred = cv2.GaussianBlur(drawn, (0, 0), random.uniform(0.5, 3))
        cover = (random.uniform(0.2, 0.9) * blurred * weight)[..., None]
        colour = 255 * random.uniform(0, 0.95) * (red if random.random() < 0.6 else 1)
        sitting.image += cover * (colour - sitting.image)


def _marks(random: Random, sitting: DrawingContext) -> None:
    """Flash on forehead, nose and cheeks; wrinkles; shadows with an edge."""
    image, size = sitting.image, sitting.size
    weight = _soft(sitting.labels == SKIN)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    for place in ((0.5, 0.15), (0.5, 0.5), (0.25, 0.6), (0.75, 0.6), (0.5, 0.9)):
        if random.random() < 0.3:
            cx, cy = np.array(place) + random.normal(0, 0.08, 2)
            rx, ry = random.uniform(0.02, 0.2, 2)
            spot = np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)
            spot = np.clip(spot * random.uniform(0.2, 1.4), 0, 1) * weight
            image += (random.uniform(0.2, 0.95) * spot)[..., None] * (
                np.array((255, 250, 242)) - image
            )
    if random.random() < 0.4:
        drawn = np.zeros((size, size), np.uint8)
        for _ in range(int(random.integers(1, 9))):
            start = random.uniform(0.15, 0.85, 2) * size
            bend = start + random.normal(0, 0.05, 2) * size
            end = start + random.normal(0, 0.1, 2) * size
            t = np.linspace(0, 1, 8)[:, None]
            curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t * t * end
            cv2.polylines(drawn, [np.rint(curve).astype(np.int32)], False, 255, 1, cv2.LINE_AA)
        lines = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), 0.7) * weight
        image *= (1 - random.uniform(0.1, 0.6) * lines)[..., None]
    if random.random() < 0.25:
        field = noise(random, size, (int(random.integers(1, 5)), int(random.integers(1, 5))))
        steep = random.uniform(1, 8)
        shadow = 1 / (1 + np.exp(-steep * np.clip(field - random.uniform(-0.5, 1), -9, 9)))
        image *= (1 - random.uniform(0.2, 0.75) * shadow * weight)[..., None]


def _replace(sitting: DrawingContext, label: int, picture: Map) -> None:
    weight = _soft(sitting.labels == label)[..., None]
    sitting.image += weight * (picture - sitting.image)


def _soft(where: npt.NDArray[np.bool_]) -> Map:
    return np.asarray(cv2.GaussianBlur(where.astype(np.float32), (0, 0), 0.6))


def _light(random: Random, size: int) -> Map:
    """A slope of light over the picture, and clouds of it."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    slope = random.normal(0, 0.8) * x + random.normal(0, 0.5) * y
    clouds = 0.2 * noise(random, size, (2, 2)) * random.random()
    return np.asarray(np.exp(np.clip(slope + clouds, -1.2, 0.9)), np.float32)


def _blurred(random: Random, picture: Map) -> Map:
    kind, size = random.random(), picture.shape[0]
    if kind < 0.3:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.6)))
    if kind < 0.5:
        small = int(size * random.uniform(0.3, 0.9))
        reduced = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(reduced, (size, size), interpolation=cv2.INTER_CUBIC))
    if kind < 0.57:
        kernel = np.zeros((9, 9), np.float32)
        reach = random.uniform(1, 4) * np.array((np.cos(a := random.uniform(0, np.pi)), np.sin(a)))
        ends = [tuple(int(v) for v in np.rint(4 + s * reach)) for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()))
    if kind < 0.7:  # sharpened, as phones do
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        return np.asarray(picture + random.uniform(0.2, 1.2) * (picture - soft))
    return picture
