"""Compositing against its equations, written out slowly, on pictures of a few pixels."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.compositing import blending, detail
from zoo.faces.compositing.blending import Method, blend
from zoo.faces.compositing.colour_transfer import transfer_colour
from zoo.faces.compositing.detail import match_grain, sharpened
from zoo.faces.compositing.lab import from_lab, to_lab
from zoo.faces.compositing.super_resolution import _cored
from zoo.faces.geometry.reference import REFERENCE, interocular
from zoo.faces.masks.face_mask import face_mask
from zoo.faces.masks.preserved_regions import kept
from zoo.photos.image import Image, Points

Floats = NDArray[np.float64]
SIDE = 56
LANDMARKS: Points = (REFERENCE * (SIDE - 6) + 3).astype(np.float32)


def picture(seed: int, contrast: float = 30, saturation: float = 1, side: int = SIDE) -> Image:
    """Smooth patches with a grain on mid grey."""
    noise = np.random.default_rng(seed).normal(size=(side, side, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2) * 6 + 0.3 * noise
    grey = smooth.mean(axis=2, keepdims=True)
    return np.asarray((130 + contrast * (grey + saturation * (smooth - grey))).clip(0, 255), "u1")


def blurred(plane: Floats, sigma: float, *, mirrored: bool = False) -> Floats:
    """A Gaussian cut at four standard deviations; nothing beyond the border, or its mirror."""
    reach = (round(8 * sigma + 1) | 1) // 2
    steps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    steps /= steps.sum()
    padded = np.pad(plane, reach, mode="reflect" if mirrored else "constant")
    rows = sum(w * padded[i : i + plane.shape[0]] for i, w in enumerate(steps))
    return np.asarray(sum(w * rows[:, i : i + plane.shape[1]] for i, w in enumerate(steps)))


def halved(planes: Floats) -> Floats:
    """The means of squares of four pixels."""
    height, width = planes.shape[0] // 2, planes.shape[1] // 2
    squares = planes.reshape(height, 2, width, 2, *planes.shape[2:])
    return np.asarray(squares.mean(axis=(1, 3)))


def transferred(swapped: Image, photo: Image, mask: Floats, eyes: float) -> tuple[Floats, Floats]:
    """What :func:`transfer_colour` should return, and the gain of each channel."""
    half = max(mask.shape) > 48

    def slow(lab: Floats) -> Floats:
        seen = lab * mask[..., None]
        small, weight = (halved(seen), halved(mask)) if half else (seen, mask)
        sigma = max(0.3, 0.3 * eyes * (0.5 if half else 1))
        below = np.maximum(blurred(weight, sigma), 1e-3)
        found = np.stack([blurred(small[..., i], sigma) / below for i in range(3)], axis=-1)
        size = mask.shape[1], mask.shape[0]
        return np.asarray(cv2.resize(found, size) if half else found)

    a, b = (to_lab(one).astype(np.float64) for one in (swapped, photo))
    quick = [one - slow(one) for one in (a, b)]
    total = max(float(mask.sum()), 1e-6)
    spread = [np.sqrt((one**2 * mask[..., None]).sum((0, 1)) / total) for one in quick]
    gain = (spread[1] + 0.5) / (spread[0] + 0.5)
    gain = np.clip(gain, (0.7, 0, 0), (1.2, 1.2, 1.2))
    return from_lab((slow(b) + quick[0] * gain).astype(np.float32)).astype(np.float64), gain


@pytest.mark.parametrize(
    ("photo", "gains"),
    [
        (picture(1, 4, side=96), (0.7, None, None)),
        (picture(1, 30, 0, side=96), (None, None, None)),
        (picture(1, 60, 1.5, side=96), (1.2, 1.2, 1.2)),
        (picture(1, 26, 0.8, side=96), (None, None, None)),
    ],
)
@pytest.mark.parametrize(("side", "eyes"), [(40, 16.0), (40, 0.5), (40, 3.0), (96, 40.0)])
def test_the_swaps_quick_part_on_the_photos_slow_part(
    photo: Image, gains: tuple[float | None, ...], side: int, eyes: float
) -> None:
    part = np.s_[:side, : side - 12]  # of which 48 pixels, if it is larger, are looked at
    mask = np.linspace(-0.6, 1.2, side - 12).clip(0, 1)[None].repeat(side, 0)
    swapped, photo = (np.ascontiguousarray(one[part]) for one in (picture(0, side=96), photo))
    expected, gain = transferred(swapped, photo, mask, eyes)
    found = transfer_colour(swapped, photo, mask.astype(np.float32), eyes)
    assert np.abs(found - expected).max() < 0.15
    if eyes > 3:
        for said, is_it in zip(gains, gain, strict=True):
            assert said is None or is_it == said


def test_a_face_of_which_nothing_is_skin_is_transferred_without_an_error() -> None:
    found = transfer_colour(picture(0), picture(1), np.zeros((SIDE, SIDE), np.float32), 20.0)
    assert np.isfinite(found).all()


MASK = face_mask(LANDMARKS, (SIDE, SIDE))


@pytest.mark.parametrize("pitch", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("opacity", [1.0, 0.25])
def test_each_pixel_is_the_weight_between_photo_and_swap(pitch: float, opacity: float) -> None:
    photo, swapped = picture(1), picture(2, 50).astype(np.float32)
    matte = np.ones((SIDE, SIDE), np.float32)
    matte[:, :20], matte[:, 20:30] = 0, 0.5
    mouth = kept(LANDMARKS, (SIDE, SIDE), ["mouth"])
    assert mouth is not None
    told: list[tuple[int, int, Any, Any]] = []
    result = blend(
        photo,
        swapped,
        MASK * matte,
        LANDMARKS,
        pitch=pitch,
        opacity=opacity,
        mix=lambda *of: told.append(of),
        keep=["mouth"],
    )
    weight = MASK.astype(np.float64) * matte * (1 - mouth) * opacity
    agreed = swapped.astype(np.float64) + match_grain(photo, LANDMARKS, pitch)
    expected = photo + weight[..., None] * (agreed - photo)
    assert np.abs(result - expected.clip(0, 255)).max() < 0.51
    [(left, top, share, what)] = told
    assert (left, top) == (0, 0) and share.dtype == what.dtype == np.float32
    assert np.abs(share - weight).max() < 1e-5 and np.abs(what - agreed).max() < 1e-3


def test_without_a_pixel_to_replace_nothing_is_mixed() -> None:
    photo = picture(1)
    told: list[object] = []
    nothing = np.zeros((SIDE, SIDE), np.float32)
    swapped = picture(2).astype(np.float32)
    result = blend(photo, swapped, nothing, LANDMARKS, mix=lambda *of: told.append(of))
    assert np.array_equal(result, photo) and result is not photo and not told


def mixed(method: Method) -> tuple[Floats, Floats]:
    """How much of each pixel of the face is replaced, and by what."""
    told: list[Any] = []
    photo, swapped = picture(1, 12), picture(2, 12).astype(np.float32)
    blend(photo, swapped, MASK, LANDMARKS, method=method, mix=lambda *of: told.append(of))
    return told[0][2].astype(float), told[0][3].astype(float)


def test_cloning_keeps_the_swaps_gradients_and_closes_the_seam() -> None:
    (share, agreed), (_, before) = mixed("poisson"), mixed("feather")
    assert np.abs(share - ((MASK - 0.4) / 0.2).clip(0, 1)).max() < 1e-5
    photo = picture(1, 12).astype(float)
    inside = (MASK > 0.4).astype(np.uint8)
    deep, beyond = (cv2.erode(one, np.ones((9, 9))) > 0 for one in (inside, 1 - inside))
    assert deep.sum() > 900 and beyond.sum() > 150

    def apart(where: NDArray[np.bool_], other: Floats) -> Floats:
        return np.asarray(np.abs(cv2.Laplacian(agreed - other, cv2.CV_64F, ksize=1))[where])

    assert apart(deep, before).max() < 4 and apart(deep, before).mean() < 1  # rounded levels
    assert apart(beyond, photo).max() < 8 and apart(beyond, photo).mean() < 1.5
    assert np.abs(agreed - photo)[beyond].mean() < 3


def test_a_large_face_is_cloned_at_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mixed("poisson")[1]
    seen: list[tuple[int, ...]] = []
    cloned = blending._cloned

    def spied(*planes: Any) -> Any:
        seen.append(planes[2].shape)
        return cloned(*planes)

    monkeypatch.setattr(blending, "_cloned", spied)
    monkeypatch.setattr(blending, "_CLONED_SIDE", 30)
    small = mixed("poisson")[1]
    assert max(seen[0]) == 30 and small.shape == whole.shape
    assert np.abs(small - whole).mean() < 6  # half the pixels of a picture with a grain


def test_cloning_takes_the_swap_in_levels_and_replaces_what_the_mask_mostly_covers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = np.random.default_rng(4)
    swapped = chance.uniform(-40, 300, (20, 30, 3)).astype(np.float32)
    photo = picture(1)[:20, :30]
    mask = chance.random((20, 30)).astype(np.float32)
    mask[0, :3] = 0.3999, 0.4, 0.4001
    levels = np.floor(np.minimum(np.maximum(swapped, 0), 255) + 0.5)
    seen: list[Any] = []

    def cloned(*planes: Any) -> Any:
        seen.extend(planes)
        return planes[0] + np.float32(7)

    monkeypatch.setattr(blending, "_cloned", cloned)
    assert np.array_equal(blending._cloning(swapped, photo, mask), np.full((20, 30, 3), 7))
    assert np.array_equal(seen[0], levels) and seen[0].dtype == np.uint8
    assert np.array_equal(seen[1], photo) and np.array_equal(seen[2], mask > np.float32(0.4))
    # Twice as large as it may be: means of four pixels in, and the addition drawn out again.
    seen.clear()
    monkeypatch.setattr(blending, "_CLONED_SIDE", 15)
    assert np.array_equal(blending._cloning(swapped, photo, mask), np.full((20, 30, 3), 7))
    assert np.abs(seen[0] - halved(levels)).max() <= 0.5
    assert np.abs(seen[1] - halved(photo.astype(float))).max() <= 0.5
    assert np.array_equal(seen[2], halved(mask.astype(float)) > 0.4)


def test_a_lucky_side_makes_a_good_length_for_fouriers_transform() -> None:
    good = {2**a * 3**b * 5**c for a in range(11) for b in range(7) for c in range(5)}
    for side in range(10, 700, 7):
        expected = next(one for one in range(side, 2 * side) if 2 * (one - 3) in good)
        assert blending._lucky(side) == expected


def test_sharpness_and_grain_are_what_is_finer_than_the_networks_pixels() -> None:
    photo = picture(3, 4)
    for pitch in (1.2, 3.0):
        fine = np.stack(
            [photo[..., i] - blurred(photo[..., i].astype(float), pitch / 2, mirrored=True)
             for i in range(3)], axis=-1
        )  # fmt: skip
        skin = detail._smooth_skin(LANDMARKS, photo.shape)[..., None]
        grain = match_grain(photo, LANDMARKS, pitch)
        assert np.abs(grain - fine * np.exp(-(fine**2) / 9) * skin).max() < 0.03
    assert not match_grain(photo, LANDMARKS, 1.0).any()
    fine = np.stack(
        [photo[..., i] - blurred(photo[..., i].astype(float), 0.5, mirrored=True)
         for i in range(3)], axis=-1
    )  # fmt: skip
    sharp = sharpened(photo.astype(np.float32))
    assert np.abs(sharp - (photo + 0.4 * fine)).max() < 0.02


@pytest.mark.parametrize("side", [240, 512])
def test_brows_eyes_and_lips_are_no_smooth_skin_up_to_a_margin(side: int) -> None:
    points = (REFERENCE * side).astype(np.float32)
    skin = detail._smooth_skin(points, (side, side, 3))

    def at(x: float, y: float) -> float:
        return float(skin[round(y), round(x)])

    for one in points[[*range(17, 27), *range(36, 60)]]:
        assert at(*one) < 0.03
    for one in (points[8], points[2], points[30], points[27], points[[21, 22]].mean(axis=0)):
        assert at(*one) > 0.97
    # The lower lip's edge, the margin, and half a pixel; the softness is a third of the margin.
    zoom = side / min(side, 256)
    margin = round(0.06 * interocular(points) / zoom) + 0.5
    edge = points[57, 1] + margin * zoom
    for steps, share in ((-1.5, 0.067), (0, 0.5), (1.5, 0.933)):
        y = edge + steps * (2 * margin / 6) * zoom
        assert at(points[57, 0], y) == pytest.approx(share, abs=0.13)


PARTS = ((17, 22), (22, 27), (36, 42), (42, 48), (48, 60))  # brows, eyes, mouth


@pytest.mark.parametrize("side", [12, 40, 90])
def test_smooth_skin_is_what_lies_farther_from_features_than_the_margin(side: int) -> None:
    points = (REFERENCE * (side, side - 3)).astype(np.float32)
    drawn = np.zeros((side - 3, side), np.uint8)
    for first, end in PARTS:
        cv2.fillConvexPoly(drawn, cv2.convexHull(np.rint(points[first:end]).astype(np.int32)), 1)
    margin = max(1, round(0.06 * interocular(points)))
    ys, xs = np.nonzero(drawn)
    wide = np.zeros(drawn.shape)
    for y in range(-margin, margin + 1):  # the rows of an ellipse, as OpenCV rounds them
        half = round(margin * np.sqrt(1 - (y / margin) ** 2))
        for x in range(-half, half + 1):
            rows, columns = ys + y, xs + x
            fits = (rows >= 0) & (rows < side - 3) & (columns >= 0) & (columns < side)
            wide[rows[fits], columns[fits]] = 1
    expected = 1 - blurred(wide, max(0.5, (2 * margin + 1) / 6), mirrored=True)
    found = detail._smooth_skin(points, (side - 3, side, 3))
    assert found.shape == (side - 3, side)
    assert np.abs(found - expected).max() < 0.01


def test_features_of_a_large_photo_are_drawn_at_half_its_size() -> None:
    points = (REFERENCE * (512, 384)).astype(np.float32)
    half: Points = ((points + 0.5) / 2 - 0.5).astype(np.float32)
    small = detail._smooth_skin(half, (192, 256, 3))
    expected = cv2.resize(small, (512, 384))
    assert np.abs(detail._smooth_skin(points, (384, 512, 3)) - expected).max() < 1e-5


def test_weak_detail_is_left_out_in_proportion_to_its_strength_nearby() -> None:
    for strength in (1.0, 4.0, 20.0):
        plane = np.full((12, 12), strength, np.float32)
        assert _cored(plane) == pytest.approx(strength**3 / (strength**2 + 16) * np.ones((12, 12)))
    one = np.zeros((31, 31), np.float32)
    one[15, 15] = 30
    there = blurred((one**2).astype(float), 1.5)[15, 15]
    assert _cored(one)[15, 15] == pytest.approx(30 * there / (there + 16), rel=1e-3)


def linear(value: float) -> float:
    return float(((value + 0.055) / 1.055) ** 2.4 if value > 0.04045 else value / 12.92)


def lab_of(colour: tuple[int, ...]) -> list[float]:
    """CIE 1976 L*a*b* of one sRGB colour, from IEC 61966-2-1 and CIE 15."""
    light = [linear(level / 255) for level in colour]
    rows = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169),
            (0.019334, 0.119193, 0.950227))  # fmt: skip
    f = []
    for row in rows:
        t = sum(a * b for a, b in zip(row, light, strict=True)) / sum(row)
        f.append(t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29)
    return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]


def test_lab_is_that_of_the_standards_in_both_directions() -> None:
    colours = [(n, n, n) for n in (0, 1, 5, 10, 11, 12, 40, 255)]
    colours += [(255, 0, 0), (0, 255, 0), (0, 0, 255), (30, 3, 90), (0, 9, 2), (200, 120, 90)]
    expected = np.array([lab_of(colour) for colour in colours])
    image = np.array([colours], np.uint8)
    assert np.abs(to_lab(image)[0] - expected).max() < 0.01
    assert np.abs(from_lab(expected[None].astype(np.float32))[0] - colours).max() < 0.035
