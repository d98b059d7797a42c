"""A camera's face: whoever it began with, as long as they are in view."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.networks_on_disk import write_network
from tests.serving.conftest import encoded
from zoo.faces.detection.detector import Face
from zoo.faces.detection.landmark_fitting import box_of
from zoo.faces.masks.segmentation import skin
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image, Plane, Points
from zoo.provenance.credentials.marking import Marking
from zoo.serving import live_frames
from zoo.serving.live_frames import Following, swap_tracked, track_frame
from zoo.swapping.network import SwapNetwork
from zoo.swapping.photo import swap_faces

MARK = Marking("ada", "1", "0" * 64, "synthetic")


def test_whoever_comes_nearer_does_not_get_the_face(tmp_path: Path) -> None:
    network = SwapNetwork(write_network(tmp_path / "black.onnx", 0.0))
    one, other = (
        Pillow.fromarray(render(random_person(seed), random_scene(5, max_yaw=8), 240).image)
        for seed in (11, 4)
    )
    following: Following | None = None
    for frame in range(14):
        picture = np.full((240, 480, 3), 120, np.uint8)
        picture[40:220, 30:210] = np.asarray(one.resize((180, 180)))
        edge = max(240, 480 - 20 * frame)  # somebody larger comes into view
        picture[:, edge:] = np.asarray(other)[:, : 480 - edge]
        tracked, following = track_frame(_jpeg(picture), following)
        made = swap_tracked(tracked, network, MARK)
        assert made.jpeg is not None
        change = np.abs(np.asarray(Pillow.open(io.BytesIO(made.jpeg)), float) - picture)
        left, right = ((change[:, half] > 25).mean() for half in (np.s_[:240], np.s_[240:]))
        assert left > 0.005 > 5 * right, (frame, left, right)
    assert following is not None
    assert len(following.tracker.step(picture)) == 2  # who came was seen


def test_every_second_frame_has_the_matte_of_the_last_one_while_they_look_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Image] = []

    def segmented(crop: Image, landmarks: Points) -> Plane:
        asked.append(crop)
        return skin(crop, landmarks)

    monkeypatch.setattr(live_frames, "skin", segmented)
    portrait = render(random_person(11), random_scene(5, max_yaw=8), 240).image
    covered = portrait.copy()
    covered[120:180, 60:140] = (20, 90, 200)  # something is held before the mouth
    following: Following | None = None
    mattes: list[Plane] = []
    segmentations: list[int] = []
    for picture in (portrait, portrait, portrait, covered, portrait):
        tracked, following = track_frame(_jpeg(picture), following)
        assert tracked.face is not None
        mattes.append(tracked.face.matte)
        segmentations.append(len(asked))
    assert segmentations == [1, 1, 2, 3, 4]
    assert mattes[1] is mattes[0]
    assert np.abs(mattes[3] - mattes[2]).max() > 0.9


def test_what_travels_between_frames_is_small() -> None:
    picture = _jpeg(render(random_person(11), random_scene(5, max_yaw=8), 240).image)
    _, following = track_frame(picture, None)
    first = len(pickle.dumps(following))
    assert following.segmented is not None
    _, following = track_frame(picture, following)
    assert following.segmented is None
    assert first - len(pickle.dumps(following)) < 120_000  # bytes, of a matte and a crop


@pytest.mark.parametrize("side", [64, 128])
def test_a_frame_is_swapped_as_a_photo_by_networks_of_any_size(side: int, tmp_path: Path) -> None:
    network = SwapNetwork(write_network(tmp_path / "black.onnx", 0.0, size=side))
    picture = render(random_person(11), random_scene(5, max_yaw=8), 240).image
    tracked, _ = track_frame(_jpeg(picture), None)
    made = swap_tracked(tracked, network, MARK)
    assert made.jpeg is not None and tracked.face is not None
    landmarks = tracked.face.landmarks
    photo = swap_faces(tracked.image, [Face(box_of(landmarks), landmarks)], network).image
    assert (np.abs(photo.astype(float) - tracked.image) > 20).any()
    expected = encoded(photo, "JPEG", quality=85)
    shown, wanted = (np.asarray(Pillow.open(io.BytesIO(x))) for x in (made.jpeg, expected))
    np.testing.assert_array_equal(shown, wanted)


def _jpeg(picture: Image) -> bytes:
    return encoded(picture, "JPEG", quality=95)
