"""Backgrounds of rendered people."""

import cv2
import numpy as np
import numpy.typing as npt

from zoo.people.scene import Background

Map = npt.NDArray[np.float32]


def background_image(background: Background, size: int) -> Map:
    """The picture behind the person: float32 [size, size, 3], sRGB 0..255."""
    rng = np.random.default_rng([0xBAC, background.seed])
    kinds = {"gradient": _gradient, "blobs": _blobs, "room": _room}
    small = kinds[background.kind](rng, 128)
    image = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)
    grain = rng.standard_normal((size, size, 1)) * 1.2
    return np.asarray(np.clip(image * 255.0 + grain, 0, 255), np.float32)


def _colour(rng: np.random.Generator, low: float = 0.1, high: float = 0.9) -> Map:
    value = rng.uniform(low, high)
    spread = rng.normal(0, 0.06, 3)
    return np.asarray(np.clip(value + spread, 0.02, 0.98), np.float32)


def _gradient(rng: np.random.Generator, size: int) -> Map:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    t = np.clip(0.5 + 0.8 * (x * np.cos(angle) + y * np.sin(angle)), 0, 1)[..., None]
    image = _colour(rng) * (1 - t) + _colour(rng) * t
    glow = np.exp(-((x - rng.uniform(-0.3, 0.3)) ** 2 + (y + 0.1) ** 2) / 0.12)[..., None]
    return np.asarray(np.clip(image + rng.uniform(-0.05, 0.15) * glow, 0, 1), np.float32)


def _blobs(rng: np.random.Generator, size: int) -> Map:
    image = _gradient(rng, size) * 0.8
    for _ in range(int(rng.integers(12, 40))):
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        radius = int(rng.uniform(0.02, 0.16) * size) + 1
        layer = image.copy()
        colour = _colour(rng, 0.2, 1.0) * rng.uniform(0.8, 1.2)
        cv2.circle(layer, centre, radius, [float(c) for c in colour], -1, cv2.LINE_AA)
        opacity = float(rng.uniform(0.15, 0.6))
        image = image * (1 - opacity) + layer * opacity
    blur = rng.uniform(1.0, 5.0)
    return np.asarray(np.clip(cv2.GaussianBlur(image, (0, 0), blur), 0, 1), np.float32)


def _room(rng: np.random.Generator, size: int) -> Map:
    image = np.empty((size, size, 3), np.float32)
    image[:] = _colour(rng, 0.3, 0.85)
    floor = int(rng.uniform(0.7, 0.95) * size)
    image[floor:] = _colour(rng, 0.15, 0.5)
    for _ in range(int(rng.integers(3, 11))):
        left, top = (int(v) for v in rng.integers(-20, size, 2))
        width, height = (int(v) for v in rng.integers(8, 60, 2))
        colour = [float(c) for c in _colour(rng)]
        cv2.rectangle(image, (left, top), (left + width, top + height), colour, -1)
        if rng.random() < 0.5:
            edge = [0.6 * c for c in colour]
            cv2.rectangle(image, (left, top), (left + width, top + height), edge, 1)
    shade = np.linspace(rng.uniform(0.8, 1.15), rng.uniform(0.8, 1.15), size)[None, :, None]
    blur = rng.uniform(0.6, 3.5)
    blurred = cv2.GaussianBlur(image * shade.astype(np.float32), (0, 0), blur)
    return np.asarray(np.clip(blurred, 0, 1), np.float32)
