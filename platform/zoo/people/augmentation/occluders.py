"""Things in front of a face, drawn into a picture and its labels.

A rendered person wears at most glasses. Photographs show hands, microphones, sunglasses, hats,
scarves, strands of hair; a segmentation network must be trained on such objects with exact labels.
They are flat drawings with plausible outlines, colours and shading: a network learns from them that
pixels that do not look like skin are not skin, not what a hand is.

Lengths and positions are in unit coordinates of the picture, (0, 0) to (1, 1).
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from zoo.people.augmentation.accessories import glasses, hat, scarf
from zoo.people.augmentation.drawing import (
    FRACTION_BITS,
    DrawingContext,
    Random,
    any_colour,
    fabric,
    lay,
    line,
    noise,
    pixels,
    polygon,
    skin_tone,
)
from zoo.people.render import HAIR, OTHER, SKIN


def hand(random: Random, sitting: DrawingContext) -> None:
    """Fingers, thumb, palm and wrist, in or near the colour of the face."""
    size, landmarks = sitting.size, sitting.landmarks
    goal = landmarks[int(random.choice((3, 5, 8, 11, 13, 30, 33, 48, 54, 57, 66, 19, 24, 27)))]
    goal = goal + random.normal(0, 0.06, 2)
    angle = random.uniform(-0.35, np.pi + 0.35)  # towards the wrist; mostly from below
    along = np.array((np.cos(angle), np.sin(angle)))
    across = np.array((-along[1], along[0])) * random.choice((-1, 1))
    width = random.uniform(0.065, 0.105)
    length = width * random.uniform(3.4, 5.0)
    fingers = int(random.integers(1, 5))
    knuckles = goal + along * length
    palm = knuckles + along * 1.8 * width + across * (1.5 - 0.5 * (fingers - 1)) * width
    side = across * width
    tone = skin_tone(random, sitting)
    light = random.normal(0, 1, 2)
    limbs: list[tuple[list[npt.NDArray[np.float64]], float]] = [
        ([palm, palm + along * 2.0], 2.6 * width),
        ([palm - 0.9 * side, palm + 0.9 * side, palm + along * width], 2.8 * width),
    ]
    if random.random() < 0.6:
        away = palm + across * 2.0 * width
        limbs.append(([away, away + across * width - along * random.uniform(1, 3) * width], width))
    splay, bend = random.uniform(0, 0.25), random.normal(0, 0.3) * width
    for number in range(fingers):
        place = number - 0.5 * (fingers - 1)
        base = knuckles + across * place * width * 1.03
        tip = goal + across * place * width * (1.03 + splay)
        tip = tip + along * width * (abs(place) * random.uniform(0.1, 0.6))
        limbs.append(([base, 0.5 * (base + tip) + across * bend, tip], width))
    layer, cover = np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32)
    for points, thick in limbs:
        shape = line(size, points, thick)
        depth = cv2.distanceTransform((shape > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        round_ = np.clip(depth / (0.5 * thick * size), 0, 1)
        shade = 0.62 + 0.42 * np.sqrt(round_ * (2 - round_))
        shade = shade * (1 + 0.04 * noise(random, size, (12, 12)))
        layer += shape[..., None] * (tone * shade[..., None] - layer)
        cover = np.maximum(cover, shape)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    layer *= np.clip(1 + 0.3 * (light[0] * x + light[1] * y), 0.5, 1.5)[..., None]
    lay(random, sitting, cover, layer, OTHER)


def microphone(random: Random, sitting: DrawingContext) -> None:
    """A round head before mouth or chin, and its stick."""
    size = sitting.size
    place = sitting.landmarks[int(random.choice((8, 57, 66, 5, 11)))] + random.normal(0, 0.05, 2)
    radius = random.uniform(0.05, 0.13)
    angle = random.uniform(0.15, 0.85) * np.pi
    end = place + 1.5 * np.array((np.cos(angle), np.sin(angle)))
    head = line(size, [place, place + 0.3 * radius * (end - place)], 2 * radius)
    stick = line(size, [place, end], radius * random.uniform(0.4, 1.1))
    grey = random.uniform(8, 120) if random.random() < 0.8 else random.uniform(120, 220)
    colour = np.clip(grey + random.normal(0, 8, 3), 0, 255)
    mesh = 1 + 0.25 * random.standard_normal((size, size)).astype(np.float32)
    depth = cv2.distanceTransform((head > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / (radius * size)
    layer = (colour * (0.6 + 0.6 * np.clip(depth, 0, 1) * mesh)[..., None]).astype(np.float32)
    lay(random, sitting, np.maximum(head, stick), layer, OTHER)


def generic_object(random: Random, sitting: DrawingContext) -> None:
    """Anything: a card, a cup, a flower, another's shoulder, reaching in from the border."""
    size = sitting.size
    angle = random.uniform(-0.5, np.pi + 0.5)
    middle = 0.5 + random.uniform(0.3, 0.6) * np.array((np.cos(angle), np.sin(angle)))
    if random.random() < 0.5:
        half, turn = random.uniform(0.08, 0.3, 2), random.uniform(0, np.pi)
        spin = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
        corners = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * half
        outline = middle + corners @ spin.T
    else:
        t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius = random.uniform(0.08, 0.28) * (
            1
            + 0.2 * np.sin(2 * t + random.uniform(0, 6))
            + random.uniform(0, 0.25) * np.sin(int(random.integers(3, 8)) * t)
        )
        outline = middle + radius[:, None] * np.stack([np.cos(t), np.sin(t)], 1)
    lay(random, sitting, polygon(size, outline), fabric(random, size), OTHER)


def strands(random: Random, sitting: DrawingContext) -> None:
    """Locks over the forehead, or beside and over a cheek, in the colour of the hair."""
    size = sitting.size
    own = sitting.labels == HAIR
    if own.sum() > 0.02 * size * size and random.random() < 0.8:
        colour = np.median(sitting.image[own], axis=0)
    else:
        colour = any_colour(random) * np.array((1.0, 0.85, 0.7)) * random.uniform(0.15, 0.9)
    brow = float(sitting.landmarks[17:27, 1].mean())
    side = random.choice((-1, 0, 0, 0, 1))
    count = int(random.integers(1, 14) if random.random() < 0.4 else random.integers(14, 60))
    reach = random.uniform(0.05, 1.1) * brow
    lean, curve = random.normal(0, 0.12), random.normal(0, 0.08)
    from_x = random.uniform(0.0, 0.7)
    to_x = min(1.05, from_x + random.uniform(0.15, 1.0))
    layer = np.clip(sitting.image, 0, 255).astype(np.uint8)
    drawn = np.zeros((size, size), np.uint8)
    wide = random.uniform(0.008, 0.05)
    for _ in range(count):
        tone = np.clip(colour * np.exp(random.normal(0, 0.22)) + random.normal(0, 3, 3), 0, 255)
        if side:
            jaw = sitting.landmarks[16 if side > 0 else 0, 0]
            start = np.array((jaw + side * random.uniform(-0.03, 0.12), random.uniform(-0.1, 0.3)))
            end = start + np.array((side * random.normal(-0.03, 0.07), random.uniform(0.3, 1.0)))
        else:
            start = np.array((random.uniform(from_x, to_x), random.uniform(-0.12, 0.06)))
            end = np.array((start[0] + lean + random.normal(0, 0.05), 0.0))
            end[1] = reach * np.exp(random.normal(0, 0.15))
        bend = 0.5 * (start + end) + (curve + random.normal(0, 0.02), 0)
        t = np.linspace(0, 1, 7)[:, None]
        lock = pixels(size, (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t * t * end)
        width = wide * size * random.uniform(0.6, 1.4)
        for part, share in ((lock[:5], 1.0), (lock[4:6], 0.6), (lock[5:], 0.25)):
            style = (max(1, round(width * share)), cv2.LINE_AA, FRACTION_BITS)
            cv2.polylines(layer, [part], False, [float(c) for c in tone], *style)
            cv2.polylines(drawn, [part], False, 255, *style)
    cover = np.asarray(drawn / 255, np.float32)
    grain = 1 + 0.12 * noise(random, size, (64, 8))
    # The layer's edges are mixed with the picture already.
    sitting.image += (layer - sitting.image) * (cover > 0)[..., None]
    lay(random, sitting, cover, np.asarray(layer * grain[..., None], np.float32), HAIR)


def beard(random: Random, sitting: DrawingContext) -> None:
    """Facial hair over jaw and lip, real ones being rougher than rendered; it stays SKIN."""
    size, landmarks = sitting.size, sitting.landmarks
    down = landmarks[8] - landmarks[27]
    start = int(random.choice((2, 3, 4, 5)))
    jaw = landmarks[start : 17 - start]
    middle = landmarks[[30]]
    grown = middle + (jaw - middle) * random.uniform(0.97, 1.12)
    inner = landmarks[33] + (landmarks[[54, 48]] - landmarks[33]) * random.uniform(0.9, 1.8)
    lip = landmarks[33] + random.uniform(0.02, 0.1) * down
    cover = polygon(size, np.concatenate([grown, inner[:1], lip[None], inner[1:]]))
    mouth = landmarks[48:60].mean(axis=0)
    lips = mouth + (landmarks[48:60] - mouth) * random.uniform(0.9, 1.3)
    cover = np.clip(cover - polygon(size, lips), 0, 1)
    cover = cv2.GaussianBlur(cover, (0, 0), random.uniform(0.005, 0.03) * size)
    ragged = noise(random, size, (24, 24)) + noise(random, size, (60, 60))
    cover = np.clip(cover * random.uniform(0.5, 1.1) + 0.15 * ragged * (cover > 0.1), 0, 1)
    cover = cover * (sitting.labels != OTHER)
    colour = any_colour(random) * np.array((1.0, 0.85, 0.72)) * random.uniform(0.1, 0.9)
    hairs = 1 + random.uniform(0.05, 0.3) * noise(random, size, (70, 40))
    lay(random, sitting, cover, (colour * hairs[..., None]).astype(np.float32), SKIN, shadow=0)


OCCLUDERS: tuple[tuple[Callable[[Random, DrawingContext], None], float], ...] = (
    (beard, 0.14),
    (strands, 0.3),
    (glasses, 0.2),
    (hat, 0.12),
    (scarf, 0.08),
    (hand, 0.26),
    (microphone, 0.06),
    (generic_object, 0.08),
)
"""From the face outwards, each with how often it is drawn."""


def occlude(random: Random, sitting: DrawingContext, often: float = 1.0) -> None:
    """Draws each of OCCLUDERS by chance, its probability times ``often``."""
    for draw, probability in OCCLUDERS:
        if random.random() < often * probability:
            draw(random, sitting)
