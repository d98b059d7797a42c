"""Several people in one picture: each gets the face that is meant for them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from zoo.errors import NobodyError, NoFaceError, PhotoError, UsageError
from zoo.people import named_person, random_scene, render
from zoo.photos.image import AnyArray, Image
from zoo.provenance.credentials.marking import Marking, together
from zoo.provenance.credentials.verifying import verify
from zoo.swapping.face_selection import portrait
from zoo.swapping.files.outputs import is_done
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import (
    CompositingOptions,
    FaceSelection,
    Portrait,
    SwapOptions,
    Who,
    only,
    settings_of,
)
from zoo.swapping.photo import swap_file, swap_image

ADA = Marking("ada", "3", "ab" * 32, "synthetic")
BRUNO = Marking("bruno", "1", "cd" * 32, "consent")


@pytest.fixture(scope="module")
def bruno(tmp_path_factory: pytest.TempPathFactory) -> Portrait:
    """Bruno in other light and another pose than in the pictures here."""
    path = tmp_path_factory.mktemp("reference") / "bruno.png"
    picture = render(named_person("bruno"), random_scene(3, max_yaw=10), 200).image
    Pillow.fromarray(picture).save(path)
    return portrait(path)


def changed(before: Image, after: Image) -> AnyArray:
    """How much of the detail of the couple's faces is gone: ada's, left, and bruno's."""
    halves = (np.s_[:, :256], np.s_[:, 256:])
    return np.array([np.abs(before[h].astype(float) - after[h]).mean() for h in halves])


@pytest.mark.parametrize("who", [0, "largest", "left"])
def test_a_face_is_chosen_by_number_and_place(
    couple: Image, blackening: SwapNetwork, who: Who
) -> None:
    swap = swap_image(couple, blackening, only(who))
    ada, bruno = changed(couple, swap.image)
    assert ada > 1 and bruno == 0
    (face,) = swap.faces
    assert face.landmarks[:, 0].max() < 256


def test_a_face_is_chosen_by_a_photo_of_the_person(
    couple: Image, blackening: SwapNetwork, bruno: Portrait
) -> None:
    mirrored = np.ascontiguousarray(couple[:, ::-1])  # so neither place nor size says who
    for picture, (left, right) in ((couple, (256, 448)), (mirrored, (0, 192))):
        swap = swap_image(picture, blackening, only(bruno))
        (face,) = swap.faces
        assert left < face.landmarks[:, 0].mean() < right
        assert swap.missing == ()


def test_two_people_are_exchanged_in_one_photo(
    couple: Image, unchanging: SwapNetwork, blackening: SwapNetwork, bruno: Portrait
) -> None:
    def swapped(*choices: FaceSelection) -> AnyArray:
        swap = swap_image(couple, unchanging, SwapOptions(choices), others=[blackening])
        assert len(swap.faces) == 2
        return changed(couple, swap.image)

    # Network 1 takes all detail away, network 0 none.
    for one in (
        swapped(FaceSelection("left", 0), FaceSelection("right", 1)),
        swapped(FaceSelection(0, 0), FaceSelection(1, 1)),
        swapped(FaceSelection(bruno, 1), FaceSelection("all", 0)),
    ):
        assert 5 * one[0] < one[1]
    other = swapped(FaceSelection(bruno, 0), FaceSelection("all", 1))
    assert 5 * other[1] < other[0]


def test_who_is_not_there_is_said(
    couple: Image, portraits: list[Image], blackening: SwapNetwork, bruno: Portrait
) -> None:
    with pytest.raises(NobodyError, match=r"nobody who looks like the person in .*bruno\.png"):
        swap_image(portraits[0], blackening, only(bruno))
    swap = swap_image(portraits[0], blackening, only("largest", bruno))
    assert len(swap.faces) == 1 and swap.missing[0].endswith("bruno.png")
    with pytest.raises(UsageError, match="has 2, counted from 0"):
        swap_image(couple, blackening, only(2))
    same = SwapOptions((FaceSelection("left", 0), FaceSelection(0, 1)))
    with pytest.raises(UsageError, match="'left' and face 0 are the same face"):
        swap_image(couple, blackening, same, others=[blackening])
    yielding = SwapOptions((FaceSelection(0, 0, yields=True), FaceSelection("left", 1)))
    assert swap_image(couple, blackening, yielding, others=[blackening]).networks == [1]


def test_a_reference_must_say_whom_it_means(portraits: list[Image], tmp_path: Path) -> None:
    Pillow.fromarray(np.concatenate([portraits[0], portraits[1]], axis=1)).save(tmp_path / "b.png")
    with pytest.raises(PhotoError, match=r"b\.png .* several faces"):
        portrait(tmp_path / "b.png")
    Pillow.new("RGB", (200, 120), "green").save(tmp_path / "meadow.png")
    with pytest.raises(NoFaceError, match=r"meadow\.png is a reference photo"):
        portrait(tmp_path / "meadow.png")
    small = Pillow.fromarray(portraits[1]).resize((110, 110))  # someone in the background
    clear = Pillow.new("RGB", (366, 256))
    clear.paste(Pillow.fromarray(portraits[0]))
    clear.paste(small, (256, 50))
    clear.save(tmp_path / "clear.png")
    assert len(portrait(tmp_path / "clear.png").descriptor) == 128


def test_a_missing_descriptor_says_what_to_do(
    couple: Image, blackening: SwapNetwork, bruno: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zoo.errors import AssetError
    from zoo.faces.recognition.descriptor_session import descriptor_session

    descriptor_session.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert len(swap_image(couple, blackening, only(0)).faces) == 1  # which needs none
    with pytest.raises(AssetError, match="pip install face_recognition_models"):
        swap_image(couple, blackening, only(bruno))


def test_an_output_names_all_networks_and_no_photo(
    couple: Image,
    unchanging: SwapNetwork,
    blackening: SwapNetwork,
    bruno: Portrait,
    tmp_path: Path,
) -> None:
    source, target = tmp_path / "couple.png", tmp_path / "out.png"
    Pillow.fromarray(couple).save(source)
    options = SwapOptions(
        (FaceSelection(bruno, 1), FaceSelection("all", 0)),
        CompositingOptions(keep=("eyes",), strength=0.8),
    )
    mark = together([ADA, BRUNO])
    swap_file(source, target, unchanging, mark=mark, options=options, others=[blackening])
    (step,) = verify(target).steps
    assert step.swap["identity"] == "ada" and step.swap["also"] == [BRUNO.facts]
    assert "'ada'" in step.says[0] and "'bruno'" in step.says[0]
    assert step.swap["settings"] == {
        "faces": "all",
        "map": f"photo:{bruno.sha256}=bruno",
        "method": "feather",
        "keep": "eyes",
        "strength": "0.8",
    }
    assert b"bruno.png" not in target.read_bytes()
    assert is_done(target, source, mark, settings_of(options, mark))
    assert not is_done(target, source, ADA, settings_of(SwapOptions(), ADA))
    renewed = together([ADA, Marking("bruno", "2", "ef" * 32, "consent")])
    assert not is_done(target, source, renewed, settings_of(options, renewed))


def test_what_is_kept_is_the_photos_own(portraits: list[Image], blackening: SwapNetwork) -> None:
    photo = portraits[0]
    whole = swap_image(photo, blackening)
    (face,) = whole.faces
    places = {"mouth": face.landmarks[48:60], "eyes": face.landmarks[36:42]}
    for part, points in places.items():
        inside = np.zeros(photo.shape[:2], np.uint8)
        cv2.fillConvexPoly(inside, np.rint(cv2.convexHull(points)).astype(np.int32), 1)
        swap = swap_image(photo, blackening, only("all", keep=(part,)))
        before, kept = (
            np.abs(one.image.astype(float) - photo)[inside > 0].mean() for one in (whole, swap)
        )
        assert before > 15 and kept < 0.1 * before
        far = cv2.dilate(inside, np.ones((61, 61), np.uint8)) == 0
        if part == "mouth":
            assert (swap.image[far] == whole.image[far]).all()


def test_kept_hair_takes_from_the_mask_where_hair_is(portraits: list[Image]) -> None:
    from zoo.faces.detection.detector import find_faces
    from zoo.faces.geometry.alignment import align
    from zoo.faces.masks.segmentation import HAIR, segment, skin

    (face,) = find_faces(portraits[0])
    crop = align(portraits[0], face.landmarks, 128)
    usual = skin(crop.image, crop.landmarks)
    without = skin(crop.image, crop.landmarks, without_hair=True)
    hair = segment(crop.image)[..., HAIR]
    assert (without <= usual + 0.1).all()
    assert without[hair > 0.6].max() < 0.2
    far = cv2.dilate((hair > 0.2).astype(np.uint8), np.ones((25, 25), np.uint8)) == 0
    assert np.abs(without - usual)[far].max() < 0.05


def test_strength_goes_from_the_photo_to_the_swap(
    portraits: list[Image], blackening: SwapNetwork
) -> None:
    photo = portraits[0]
    none, half, whole = (
        swap_image(photo, blackening, only("all", strength=strength)).image.astype(float)
        for strength in (0, 0.5, 1)
    )
    assert (none == photo).all()
    assert np.abs(half - (photo + whole) / 2).max() <= 1
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="give 0 to 1"):
            only("all", strength=wrong)


def test_an_output_names_only_the_networks_that_made_a_face(
    portraits: list[Image],
    unchanging: SwapNetwork,
    blackening: SwapNetwork,
    bruno: Portrait,
    tmp_path: Path,
) -> None:
    options = SwapOptions((FaceSelection(bruno, 1), FaceSelection("all", 0, yields=True)))
    mark = together([ADA, BRUNO])
    for picture, shown in zip(portraits, (ADA, BRUNO), strict=False):  # of ada; of bruno
        source, target = tmp_path / "one.png", tmp_path / f"{shown.identity}.png"
        Pillow.fromarray(picture).save(source)
        swap_file(source, target, unchanging, mark=mark, options=options, others=[blackening])
        swap = verify(target).steps[0].swap
        assert swap["identity"] == shown.identity and "also" not in swap
        assert f"'{shown.identity}'" in Pillow.open(target).info["xmp"].decode()
        assert is_done(target, source, mark, settings_of(options, mark))
        other = replace(shown, sha256="00" * 32)
        assert not is_done(target, source, other, settings_of(options, mark))
