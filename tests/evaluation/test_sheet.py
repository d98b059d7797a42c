import numpy as np

from zoo.evaluation.sheet import TILE, tile


def test_a_tile_keeps_the_pictures_proportions_and_pads_with_white() -> None:
    wide = np.zeros((20, 40, 3), np.uint8)
    square = np.asarray(tile(wide, TILE))
    assert square.shape == (TILE, TILE, 3)
    black: np.ndarray = np.all(square < 128, axis=2)
    assert black.any(axis=1).sum() == TILE // 2
    assert black.any(axis=0).all()
