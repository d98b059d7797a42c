"""Faces that lie apart from the person most photos show."""

import numpy as np
from numpy.typing import NDArray

from zoo.faces.recognition.descriptors import OUTLIER, outlier_distances


def people(*counts: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Descriptors as far apart as real ones: about 0.4 within a person, 0.8 between two."""
    random = np.random.default_rng(4)
    middles = random.normal(0, 0.55 / np.sqrt(128), (len(counts), 128))
    owner = np.repeat(np.arange(len(counts)), counts)
    return (middles[owner] + random.normal(0, 0.28 / np.sqrt(128), (sum(counts), 128))).astype(
        np.float32
    ), owner


def test_a_few_strangers_among_many_photos_are_found() -> None:
    descriptors, owner = people(40, 2, 1)
    assert ((outlier_distances(descriptors) > OUTLIER) == (owner > 0)).all()


def test_the_person_needs_to_be_the_largest_group_only() -> None:
    descriptors, owner = people(8, 18, 9)
    assert ((outlier_distances(descriptors) > OUTLIER) == (owner != 1)).all()


def test_one_person_alone_has_no_strangers() -> None:
    assert (outlier_distances(people(30)[0]) < OUTLIER).all()


def test_order_does_not_matter() -> None:
    descriptors, _ = people(12, 3)
    order = np.random.default_rng(0).permutation(15)
    assert np.allclose(outlier_distances(descriptors)[order], outlier_distances(descriptors[order]))


def test_two_photos_tell_nothing() -> None:
    assert (outlier_distances(people(1, 1)[0]) == 0).all()
    assert len(outlier_distances(np.zeros((0, 128), np.float32))) == 0
