from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from zoo.people import (
    BACKGROUND,
    HAIR,
    OTHER,
    SKIN,
    Render,
    Scene,
    named_person,
    random_person,
    render,
    with_face_of,
)
from zoo.people.person import Glasses
from zoo.people.scene import Background, Expression, Light

Points = npt.NDArray[np.floating]
ADA, BRUNO = named_person("ada"), named_person("bruno")
FRONTAL = Scene()
SIZE = 160


@pytest.fixture(scope="module")
def ada() -> Render:
    return render(ADA, FRONTAL, SIZE)


def label_at(picture: Render, points: Points) -> npt.NDArray[np.uint8]:
    x, y = np.rint(points).astype(int).T
    return np.asarray(picture.labels[y, x])


def inter_ocular(picture: Render) -> float:
    return float(np.linalg.norm(picture.landmarks[36] - picture.landmarks[45]))


def test_a_render_is_the_same_twice(ada: Render) -> None:
    again = render(ADA, FRONTAL, SIZE)
    assert np.array_equal(again.image, ada.image)
    assert np.array_equal(again.landmarks, ada.landmarks)
    assert np.array_equal(again.labels, ada.labels)


def test_a_render_has_the_promised_shapes(ada: Render) -> None:
    assert ada.image.shape == (SIZE, SIZE, 3)
    assert ada.image.dtype == np.uint8
    assert ada.landmarks.shape == (68, 2)
    assert ada.landmarks.dtype == np.float32
    assert ada.labels.shape == (SIZE, SIZE)
    assert ada.labels.dtype == np.uint8
    assert set(np.unique(ada.labels)) == {BACKGROUND, HAIR, SKIN, OTHER}
    assert (ada.person, ada.scene) == (ADA, FRONTAL)


def test_the_face_fills_about_half_of_the_picture(ada: Render) -> None:
    assert 0.22 * SIZE < ada.landmarks[8, 1] - ada.landmarks[27, 1] < 0.35 * SIZE
    rows = np.flatnonzero((ada.labels == OTHER).any(axis=1))
    assert rows[-1] == SIZE - 1, "shoulders reach the bottom"


def test_the_labels_are_where_the_parts_are(ada: Render) -> None:
    assert (label_at(ada, ada.landmarks[17:]) == SKIN).all()
    forehead = ada.landmarks[27] - (0, 0.9 * inter_ocular(ada))
    crown = ada.landmarks[27] - (0, 1.15 * inter_ocular(ada))
    assert label_at(ada, np.array([forehead]))[0] in (SKIN, HAIR)
    assert label_at(ada, np.array([crown]))[0] == HAIR
    assert ada.labels[2, 2] == BACKGROUND
    assert label_at(ada, np.array([[ada.landmarks[8, 0], SIZE - 2]]))[0] == OTHER


def test_frontal_landmarks_are_symmetric(ada: Render) -> None:
    middle = ada.landmarks[27, 0]
    for left, right in ((0, 16), (4, 12), (17, 26), (36, 45), (39, 42), (48, 54), (31, 35)):
        assert ada.landmarks[left, 0] + ada.landmarks[right, 0] == pytest.approx(
            2 * middle, abs=0.3
        )
        assert ada.landmarks[left, 1] == pytest.approx(ada.landmarks[right, 1], abs=0.3)


def test_the_pupils_are_dark_and_between_the_lids(ada: Render) -> None:
    for corners in ((36, 39), (42, 45)):
        x, y = np.rint(ada.landmarks[list(corners)].mean(axis=0)).astype(int)
        patch = ada.image[y - 2 : y + 3, x - 2 : x + 3].mean(axis=2)
        assert patch.min() < 70


def test_larger_renders_show_the_same_picture(ada: Render) -> None:
    large = render(ADA, FRONTAL, 2 * SIZE)
    centres = 2 * ada.landmarks + 0.5
    assert np.abs(large.landmarks - centres).max() < 0.05
    small = large.image.reshape(SIZE, 2, SIZE, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - ada.image.astype(float)).mean() < 5.0


def test_a_turned_head_moves_the_nose_and_narrows_the_far_side() -> None:
    turned = render(ADA, replace(FRONTAL, yaw=25.0), 96).landmarks
    near, far = turned[30, 0] - turned[0, 0], turned[16, 0] - turned[30, 0]
    assert near > 1.5 * far
    nodding = render(ADA, replace(FRONTAL, pitch=12.0), 96).landmarks
    level = render(ADA, FRONTAL, 96).landmarks
    assert nodding[30, 1] - nodding[36, 1] < level[30, 1] - level[36, 1] - 0.5
    tilted = render(ADA, replace(FRONTAL, roll=10.0), 96).landmarks
    slope = np.degrees(np.arctan2(*(tilted[45] - tilted[36])[::-1]))
    assert slope == pytest.approx(10.0, abs=0.5)


def test_expressions_move_what_they_name() -> None:
    def points(**movement: float) -> Points:
        return render(BRUNO, replace(FRONTAL, expression=Expression(**movement)), 128).landmarks

    rest, spoken, smiling = points(), points(mouth_open=0.8), points(smile=0.9)
    asleep, surprised = points(eyes_closed=1.0), points(brows_raised=1.0)
    assert spoken[66, 1] - spoken[62, 1] > rest[66, 1] - rest[62, 1] + 3.5
    assert spoken[8, 1] > rest[8, 1] + 4
    assert smiling[54, 0] - smiling[48, 0] > rest[54, 0] - rest[48, 0] + 2
    assert smiling[[48, 54], 1].mean() < rest[[48, 54], 1].mean() - 1
    assert asleep[41, 1] - asleep[37, 1] < 0.4 * (rest[41, 1] - rest[37, 1])
    assert surprised[19, 1] < rest[19, 1] - 1


def test_light_comes_from_where_the_scene_says() -> None:
    def halves(azimuth: float) -> tuple[float, float]:
        light = Light(azimuth=azimuth, elevation=10.0, hardness=0.8, rim=0.0)
        picture = render(random_person(29), replace(FRONTAL, light=light), 96)
        skin = (picture.labels == SKIN) & (np.arange(96)[:, None] < picture.landmarks[8, 1])
        middle = round(float(picture.landmarks[27, 0]))
        bright = picture.image.mean(axis=2)
        return bright[:, :middle][skin[:, :middle]].mean(), bright[:, middle:][
            skin[:, middle:]
        ].mean()

    left, right = halves(-60.0)
    assert left > 1.2 * right
    left, right = halves(60.0)
    assert right > 1.2 * left


def test_backgrounds_differ_and_do_not_touch_the_person() -> None:
    pictures = [
        render(ADA, replace(FRONTAL, background=Background(kind, seed=3)), 96)
        for kind in ("gradient", "blobs", "room")
    ]
    behind = pictures[0].labels == BACKGROUND
    inside = np.zeros_like(behind)  # two pixels from the edge, where colours mix
    inside[2:-2, 2:-2] = ~np.lib.stride_tricks.sliding_window_view(behind, (5, 5)).any(axis=(2, 3))
    for other in pictures[1:]:
        assert np.abs(other.image[behind].astype(int) - pictures[0].image[behind]).mean() > 5
        assert np.array_equal(other.image[inside], pictures[0].image[inside])


def test_glasses_are_labelled_and_stay_with_the_body() -> None:
    worn = replace(ADA, glasses=Glasses(thickness=0.3))
    without, with_them = render(ADA, FRONTAL, SIZE), render(worn, FRONTAL, SIZE)
    above_chin = np.arange(SIZE)[:, None] < with_them.landmarks[8, 1]
    assert ((with_them.labels == OTHER) & above_chin).sum() > 60
    assert ((without.labels == OTHER) & above_chin).sum() == 0
    assert np.array_equal(without.landmarks, with_them.landmarks)


def test_the_true_swap_changes_the_face_only() -> None:
    before = render(BRUNO, FRONTAL, SIZE)
    after = render(with_face_of(BRUNO, ADA), FRONTAL, SIZE)
    change = np.abs(after.image.astype(int) - before.image).mean(axis=2)
    outside = (before.labels != SKIN) & (after.labels != SKIN)
    face = np.zeros_like(outside)
    x, y = np.rint(before.landmarks[[2, 14, 8]]).astype(int).T
    face[y[0] : y[2], x[0] : x[1]] = True
    assert change[face].mean() > 10 * change[outside].mean()
    assert (after.labels == before.labels).mean() > 0.98
    jaw = np.linalg.norm(after.landmarks[:17] - before.landmarks[:17], axis=1)
    assert jaw.max() < 0.02 * SIZE
