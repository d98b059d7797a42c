"""Kinds of photos are counted from poses, light and mouths, and what is wanting is said."""

import numpy as np

from zoo.faces.curation.coverage import Traits, advice, coverage, traits
from zoo.faces.curation.illumination import Illumination
from zoo.faces.geometry.pose import FIRST, LANDMARKS

EVEN = Illumination(0.0, 55.0)


def face(yaw: float = 0, pitch: float = 0, side: float = 0, mouth: float = 0.02) -> Traits:
    return Traits(yaw, pitch, mouth, Illumination(side, 55.0), 80.0)


def test_photos_are_counted_by_turn_nod_and_light() -> None:
    found = coverage([face(-30), face(-15), face(), face(), face(12, 20), face(25, -20, 0.9)])
    assert found.pose == [[0, 0, 0, 1, 0], [1, 1, 2, 0, 0], [0, 0, 0, 0, 1]]
    assert found.light == [0, 5, 1]
    assert found.photos == 6
    assert found.turned(0, 1) == 2


def test_dark_and_bright_faces_and_open_mouths_are_counted_from_their_limits_on() -> None:
    levels = (37.5, 38.0, 72.0, 72.5, 90.0)
    mouths = (0.07, 0.08, 0.081, 0.2, 0.3)
    found = coverage(
        [
            Traits(0, 0, mouth, Illumination(0.0, level), 80.0)
            for level, mouth in zip(levels, mouths, strict=True)
        ]
    )
    assert (found.dim, found.bright, found.open_mouths) == (1, 2, 3)


def test_a_person_whose_face_always_seems_to_nod_is_level() -> None:
    assert coverage([face(pitch=12) for _ in range(5)]).pose[1] == [0, 0, 5, 0, 0]


def test_traits_are_read_from_landmarks() -> None:
    points = np.zeros((68, 2), np.float32)
    turn = np.radians(20)
    turned = LANDMARKS @ np.array(
        [[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]]
    )
    points[FIRST:] = turned[:, :2] * (5, -5) + (100, 100)
    found = traits(points, EVEN)
    assert abs(found.yaw - 20) < 0.01
    assert found.mouth < 0.01
    points[66, 1] += 0.3 * found.interocular
    assert traits(points, EVEN).mouth > 0.25


def test_varied_photos_need_nothing_more() -> None:
    varied = [
        face(yaw, pitch, side, mouth)
        for yaw in (-25, -10, 0, 10, 25)
        for pitch in (-12, 0, 12)
        for side in (-0.8, 0, 0.8)
        for mouth in (0.02, 0.2)
    ]
    assert advice(varied, 10, 40, 128) == []


def test_what_is_wanting_is_named_with_its_number() -> None:
    said = advice([face(10, 0, 0.8) for _ in range(20)], 10, 40, 128)
    assert said[0] == "Add about 20 more photos: 40 usually are enough."
    turned = "Collect photos with the face turned to the left of the picture: "
    assert f"{turned}none of 20 are like this." in said
    assert not any("turned to the right" in line for line in said)
    assert any("lit from the left" in line for line in said)
    assert any("with the mouth open" in line for line in said)
    assert advice([face()] * 4, 10, 40, 128)[0].startswith("Add at least 6 more photos")
    assert advice([], 10, 40, 128) == ["Add at least 10 more photos: training needs 10."]


def test_faces_too_small_for_the_recipe_are_told() -> None:
    said = advice([face()] * 40, 10, 40, 256)
    assert any("40 of 40 have fewer than 120 pixels" in line for line in said)
    assert not any("pixels" in line for line in advice([face()] * 40, 10, 40, 128))
