from pathlib import Path

import numpy as np
import pytest

from zoo.errors import NoFaceError, PhotoError
from zoo.evaluation.measures.descriptor_distance import (
    IN_THE_PHOTO,
    describe_photos,
    distance,
    nearest,
    people_in,
    target_of,
    without_target,
)
from zoo.photos.image import Image
from zoo.photos.writing import write_photo


def vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.05, (count, 128)).astype(np.float32)


def test_the_ceiling_leaves_each_photo_out_of_the_mean_it_is_compared_with() -> None:
    found = vectors(7)
    slow = [
        float(np.linalg.norm(found[i] - np.delete(found, i, axis=0).mean(axis=0))) for i in range(7)
    ]
    assert target_of("ada", found).ceiling == pytest.approx(np.mean(slow), rel=1e-4)


def test_one_photo_has_no_others_to_be_compared_with() -> None:
    assert target_of("ada", vectors(1)).ceiling == 0


def test_the_nearest_other_is_never_the_target_itself() -> None:
    a, b, c, face = vectors(4)
    target = target_of("ada", a[None])
    name, apart = nearest(a, target, person=b, gallery={"ada": a, "carl": c})
    expected = {IN_THE_PHOTO: distance(a, b), "carl": distance(a, c)}
    assert (name, apart) == min(expected.items(), key=lambda pair: pair[1])
    assert nearest(face, target, person=face, gallery={"carl": c}) == (IN_THE_PHOTO, 0.0)


def test_the_target_under_another_name_leaves_the_gallery() -> None:
    a, b = vectors(2)
    far = b + 0.1
    gallery, left_out = without_target(
        {"ada_photos": a + 0.001, "far": far}, target_of("ada", a[None])
    )
    assert list(gallery) == ["far"]
    assert left_out == ["ada_photos"]


def test_photos_of_one_person_lie_nearer_than_those_of_two(
    ada: list[Image], tmp_path: Path
) -> None:
    for number, image in enumerate(ada):
        write_photo(tmp_path / "ada" / f"{number}.png", image)
    (tmp_path / "ada" / "damaged.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty").mkdir()
    people = people_in(tmp_path)
    assert list(people) == ["ada"]
    found = describe_photos(sorted((tmp_path / "ada").glob("*.png")))
    assert found.shape == (3, 128)
    assert distance(found[0], people["ada"]) < 0.4


def test_few_photos_are_picked_evenly(ada: list[Image], tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for path, image in zip(paths, [ada[0]] * 3 + [ada[1]] * 3, strict=True):
        write_photo(path, image)
    found = describe_photos(paths, limit=2)
    assert len(found) == 2
    assert distance(found[0], found[1]) > 0


def test_a_folder_that_is_no_gallery_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="one subfolder of photos per person"):
        people_in(tmp_path)
    with pytest.raises(NoFaceError):
        describe_photos([])
