"""Whose face is whose, by distances that can be told by heart."""

from typing import Any

import numpy as np
import pytest

from zoo.faces.recognition.descriptors import (
    evenly_picked,
    match_people,
    outlier_distances,
    pairwise_distances,
)


def test_distances_and_matches_of_descriptors() -> None:
    chance = np.random.default_rng(0)
    a, b = chance.normal(size=(4, 128)).astype("f4"), chance.normal(size=(3, 128)).astype("f4")
    expected = [[float(np.linalg.norm(x - y)) for y in b] for x in a]
    assert pairwise_distances(a, b) == pytest.approx(np.array(expected), rel=1e-5)
    assert pairwise_distances(a, a).diagonal() == pytest.approx(np.zeros(4), abs=1e-3)

    def on_a_line(*places: float) -> Any:
        return np.array([[place, *[0] * 127] for place in places], np.float32)

    faces = on_a_line(0, 1, 5)
    assert match_people(faces, on_a_line(0.2, 0.9, 0.1)) == [None, 1, 0]
    assert match_people(faces, on_a_line(5.59, 1.61)) == [2, None]
    assert match_people(faces, on_a_line(0.4, 0.5), most=2) == [0, 1]
    assert match_people(faces[:0], on_a_line(1)) == [None] and match_people(faces, faces[:0]) == []
    assert evenly_picked(10, 4) == [0, 2, 5, 7] and evenly_picked(3, 5) == [0, 1, 2]
    assert evenly_picked(0, 5) == []


def test_the_person_is_the_middle_of_the_densest_group() -> None:
    def points(*places: float) -> Any:
        found = np.zeros((len(places), 128), np.float32)
        found[:, 0] = places
        return found

    # Near one another: the first four; their middle is 0.15, and 0.5 lies within 0.45 of it.
    found = outlier_distances(points(0, 0.1, 0.2, 0.3, 0.5, 2.0))
    middle = np.mean([0, 0.1, 0.2, 0.3, 0.5])
    assert found == pytest.approx(np.abs(np.array([0, 0.1, 0.2, 0.3, 0.5, 2]) - middle), abs=1e-6)
    apart_ = outlier_distances(points(0, 0.1, 0.2, 0.3, 0.7, 2.0))  # 0.55 from 0.15
    assert apart_[:4] == pytest.approx([0.15, 0.05, 0.05, 0.15], abs=1e-6)
    assert outlier_distances(points(0, 0)).tolist() == [0, 0]
    assert outlier_distances(points(0, 0.1, 2))[2] == pytest.approx(1.3, abs=1e-6)
