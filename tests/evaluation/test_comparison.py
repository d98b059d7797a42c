from collections.abc import Callable

import numpy as np
import pytest

from tests.evaluation.conftest import SIZE, draw
from zoo.errors import NoFaceError
from zoo.evaluation.comparison import Example, Subject, compare
from zoo.evaluation.measures.descriptor_distance import IN_THE_PHOTO, Target, distance, target_of
from zoo.evaluation.measures.measure import Recogniser
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.faces.recognition.descriptors import descriptor
from zoo.people import named_person, random_person, random_scene, render, with_face_of
from zoo.photos.image import Image
from zoo.swapping.network import SwapNetwork

MakeNetwork = Callable[..., SwapNetwork]


@pytest.fixture(scope="module")
def target(ada: list[Image]) -> Target:
    return target_of("ada", np.stack([descriptor(image, find_faces(image)[0]) for image in ada]))


@pytest.fixture(scope="module")
def subject() -> Subject:
    scene = random_scene(7, max_yaw=20)
    truth = render(with_face_of(random_person(3), named_person("ada")), scene, 224).image
    return Subject("3-7", draw(3, 7).image, truth)


@pytest.fixture
def unchanged(subject: Subject, target: Target, network: MakeNetwork) -> Example:
    return compare(subject, network(), Recogniser(target, {}))


def test_a_network_that_changes_nothing_keeps_expression_light_and_identity(
    unchanged: Example,
) -> None:
    finished = unchanged.row.finished
    assert finished.landmark_difference < 3
    assert finished.luminance_correlation > 0.99
    assert finished.face_found
    assert finished.nearest_other == IN_THE_PHOTO
    assert not finished.is_target
    assert finished.distance == pytest.approx(unchanged.row.unswapped_distance, abs=0.1)


def test_it_scores_as_good_as_a_network_can_in_every_figure(unchanged: Example) -> None:
    finished = unchanged.row.finished
    within = {
        "pose_difference": (0, 4),
        "expression_difference": (0, 3),
        "mouth_opening_difference": (0, 3),
        "eye_opening_difference": (0, 2),
        "gaze_difference": (0, 6),
        "light_turn": (0, 6),
        "shading_error": (0, 4),
        "background_psnr": (100, 100),
        "seam": (0.9, 1.1),
        "sharpness_ratio": (0.7, 1.1),
        "colour_cast": (0, 0.5),
        "local_colour_cast": (0, 1),
    }
    for name, (least, most) in within.items():
        value = getattr(finished, name)
        assert value is not None and least <= value <= most, (name, value)


def test_its_psnr_against_the_true_swap_is_that_of_the_unswapped_photo(unchanged: Example) -> None:
    row = unchanged.row
    assert row.finished.truth_psnr is not None
    assert row.finished.truth_psnr == pytest.approx(row.unswapped_truth_psnr, abs=0.5)


def test_a_network_that_always_shows_the_target_is_nearest_to_it(
    subject: Subject, target: Target, network: MakeNetwork, ada: list[Image]
) -> None:
    shown = align(ada[0], find_faces(ada[0])[0].landmarks, SIZE).image
    row = compare(subject, network(shown), Recogniser(target, {})).row
    assert row.raw.is_target
    assert row.raw.distance < 0.8 * row.unswapped_distance
    assert row.raw.landmark_difference > 2


def test_the_true_swap_itself_gets_full_marks(
    subject: Subject, target: Target, network: MakeNetwork
) -> None:
    assert subject.truth is not None
    already = Subject("true", subject.truth, subject.truth)
    row = compare(already, network(), Recogniser(target, {})).row
    assert row.unswapped_truth_psnr == 100
    assert row.finished.truth_psnr is not None and row.finished.truth_psnr > 30
    assert row.finished.truth_landmark_difference is not None
    assert row.finished.truth_landmark_difference < 3
    assert row.unswapped_distance < 0.6


def test_a_look_alike_in_the_gallery_is_named(
    subject: Subject, target: Target, network: MakeNetwork
) -> None:
    double = descriptor(subject.image, find_faces(subject.image)[0])
    noise = np.random.default_rng(0).normal(0, 0.001, 128).astype(np.float32)
    judge = Recogniser(target, {"double": double + noise, "ada": target.mean})
    finished = compare(subject, network(), judge).row.finished
    assert finished.nearest_other in ("double", IN_THE_PHOTO)
    assert finished.distance_to_other < 0.3
    assert distance(double, double + noise) < 0.02


def test_a_photo_without_a_face_is_refused(target: Target, network: MakeNetwork) -> None:
    sky = Subject("sky", np.full((200, 200, 3), 200, np.uint8))
    with pytest.raises(NoFaceError, match="sky"):
        compare(sky, network(), Recogniser(target, {}))
