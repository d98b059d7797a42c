import cv2
import numpy as np

from zoo.faces.compositing.lab import from_lab, to_lab


def test_lab_agrees_with_opencv() -> None:
    levels = np.array([0, 1, 9, 30, 100, 180, 254, 255], np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    expected = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    assert np.abs(to_lab(colours) - expected).max() < 0.5


def test_lab_and_back_is_the_same_colour() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (50, 50, 3)).astype(np.uint8)
    assert np.abs(from_lab(to_lab(colours)) - colours).max() < 0.03


def test_colours_beyond_srgb_are_cut_and_not_wrapped() -> None:
    glaring = np.array([[[100, 90, 90], [0, -90, 60], [150, 0, 0]]], np.float32)
    rgb = from_lab(glaring)
    assert rgb.min() >= 0
    assert rgb.max() <= 255
    assert np.isfinite(rgb).all()
