"""A camera's face: whoever it began with, as long as they are in view."""

import io
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from tests.networks_on_disk import write_network
from tests.serving.conftest import encoded
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image
from zoo.provenance.credentials.marking import Marking
from zoo.serving.live_frames import Following, swap_tracked, track_frame
from zoo.swapping.network import SwapNetwork

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


def _jpeg(picture: Image) -> bytes:
    return encoded(picture, "JPEG", quality=95)
