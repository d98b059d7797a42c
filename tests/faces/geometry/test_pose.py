import numpy as np
import pytest

from zoo.faces.geometry.pose import FIRST, LANDMARKS, head_pose, pose_difference
from zoo.faces.geometry.reference import MIRROR
from zoo.people import Render, random_person, random_scene, render


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Landmarks of the generic head seen from far away; jaw points are not used."""
    a, b, c = np.radians([yaw, -pitch, -roll])
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    tilt = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    points = np.zeros((68, 2), np.float32)
    points[FIRST:] = (LANDMARKS @ (tilt @ nod @ turn).T)[:, :2] * (5, -5) + (100, 120)
    return points


def test_the_generic_heads_own_turns_are_found_exactly() -> None:
    for angles in ((0, 0, 0), (30, 0, 0), (0, -12, 0), (0, 0, 15), (-25, 10, -8)):
        assert head_pose(turned(*angles)).angles == pytest.approx(angles, abs=1e-3)


def test_a_pose_puts_the_generic_head_where_its_landmarks_are() -> None:
    points = turned(20, 5, 5)
    assert np.allclose(head_pose(points).project(LANDMARKS), points[FIRST:], atol=1e-3)


def test_the_difference_is_the_angle_between_two_poses_in_degrees() -> None:
    assert pose_difference(turned(10, 0, 0), turned(17, 0, 0)) == pytest.approx(7, abs=0.01)
    assert pose_difference(turned(0, 0, 4), 3 * turned(0, 0, -5)) == pytest.approx(9, abs=0.01)
    assert pose_difference(turned(8, 3, 1), turned(8, 3, 1)) == pytest.approx(0, abs=0.01)


def test_rendered_heads_are_found_as_they_were_turned(portraits: list[Render]) -> None:
    errors = np.array(
        [
            np.subtract(head_pose(p.landmarks).angles, (p.scene.yaw, p.scene.pitch, p.scene.roll))
            for p in portraits
        ]
    )
    # Their shapes differ from the generic one's; 76 of them: 1.6, 2.4, 0.4 degrees.
    assert (np.abs(errors).mean(axis=0) < (3, 4.5, 1.2)).all()


def test_the_generic_head_is_symmetric_and_as_large_as_a_head() -> None:
    """A changed number of the table breaks the symmetry; one in the middle, the sums."""
    mirrored = LANDMARKS[MIRROR[FIRST:] - FIRST] * (-1, 1, 1)
    assert np.allclose(mirrored, LANDMARKS)
    assert np.abs(LANDMARKS).sum(axis=0) == pytest.approx([96.0, 203.74, 403.33])
    assert LANDMARKS.sum(axis=0) == pytest.approx([0, -156.16, 403.33], abs=1e-9)
    eyes = LANDMARKS[45 - FIRST] - LANDMARKS[36 - FIRST]
    assert eyes == pytest.approx([8.96, 0, 0])  # cm, between the outer corners


@pytest.fixture(scope="module")
def portraits() -> list[Render]:
    return [
        render(random_person(1000 + seed), random_scene(7000 + seed, max_yaw=20), 96)
        for seed in range(6)
    ]
