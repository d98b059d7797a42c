"""What must hold for whatever is given: geometry, masks, receipts, names, the cache, the wire."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zoo.errors import SlugError
from zoo.faces.geometry.alignment import alignment_matrix, apply, covered, invert
from zoo.faces.geometry.pose import head_pose
from zoo.faces.geometry.reference import REFERENCE, mirror_landmarks
from zoo.faces.masks.face_mask import face_mask, face_region
from zoo.photos.image import Points
from zoo.photos.metadata import JpegQuality, Metadata
from zoo.photos.reading import Photo
from zoo.photos.sandbox import message_protocol
from zoo.products import receipts
from zoo.provenance.identities.names import MAX_LENGTH, check_name
from zoo.registry.local import cache
from zoo.registry.references import Reference, parse_reference
from zoo.storage import sha256_of

FEW = settings(max_examples=15, derandomize=True, database=None, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(max_size=5), deeper),
    max_leaves=6,
)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)


@st.composite
def faces(draw: st.DrawFn) -> Points:
    """The reference's landmarks, turned, resized, moved, each a little out of its place."""
    angle = draw(st.floats(-np.pi, np.pi))
    width = draw(st.floats(20, 400))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    noise = np.random.default_rng(draw(st.integers(0, 99))).normal(0, 0.01, REFERENCE.shape)
    moved = (REFERENCE - 0.5 + noise) @ turn.T * width
    place = draw(st.floats(-100, 400)), draw(st.floats(-100, 400))
    return np.asarray(moved + np.array(place), np.float32)


@FEW
@given(faces())
def test_into_the_crop_and_back_every_point_is_itself(landmarks: Points) -> None:
    matrix = alignment_matrix(landmarks)
    inside = apply(matrix, landmarks)
    assert np.abs(inside - REFERENCE).max() < 0.1  # of the crop's side
    assert np.allclose(apply(invert(matrix), inside), landmarks, atol=0.02)
    assert np.linalg.det(matrix[:, :2]) > 0  # not mirrored


@FEW
@given(faces(), st.floats(-60, 60), st.floats(-60, 60))
def test_a_moved_face_has_the_same_crop_and_pose(landmarks: Points, x: float, y: float) -> None:
    moved = (landmarks + np.array([x, y])).astype(np.float32)
    one, two = alignment_matrix(landmarks), alignment_matrix(moved)
    assert np.allclose(one[:, :2], two[:, :2], rtol=1e-3, atol=1e-6)
    assert np.allclose(apply(one, landmarks), apply(two, moved), atol=1e-3)
    assert np.allclose(head_pose(landmarks).angles, head_pose(moved).angles, atol=0.1)


@FEW
@given(faces())
def test_a_mask_is_between_0_and_1_inside_the_crop_and_at_the_nose(landmarks: Points) -> None:
    shape = (240, 320)
    mask = face_mask(landmarks, shape)
    assert mask.shape == shape and mask.min() >= 0 and mask.max() <= 1
    assert not mask[~covered(alignment_matrix(landmarks), (0, 0, 320, 240))].any()
    region = face_region(landmarks, shape)
    assert (region is None) == (not mask.any())
    x, y = np.rint(landmarks[30]).astype(int)
    if 0 <= x < 320 and 0 <= y < 240:
        assert mask[y, x] > 0.99


@FEW
@given(arrays.arrays(np.float32, (68, 2), elements=st.floats(0, 1, width=32)))
def test_mirrored_twice_landmarks_are_themselves(landmarks: Points) -> None:
    once = mirror_landmarks(landmarks)
    assert np.allclose(mirror_landmarks(once), landmarks, atol=1e-6)
    assert np.allclose(np.sort(once[:, 1]), np.sort(landmarks[:, 1]))


@FEW
@given(made=st.dictionaries(st.text(max_size=9), JSON, max_size=4), key=st.text(max_size=9))
def test_a_product_is_fresh_until_one_input_is_another(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, Any], key: str
) -> None:
    product = tmp_path_factory.mktemp("product")
    receipts.write(product, made, seconds=1.0)
    assert receipts.is_fresh(product, made)
    assert receipts.is_fresh(product, dict(reversed(made.items())))
    assert receipts.changes(made, made) == []
    assert receipts.read(product)["digest"] == receipts.digest(made)
    other = {**made, key: [made.get(key), "another"]}
    assert not receipts.is_fresh(product, other)
    assert receipts.digest(other) != receipts.digest(made)
    assert receipts.changes(made, other) == [key]


@FEW
@given(st.text(max_size=80))
def test_a_name_is_taken_or_one_that_is_taken_is_proposed(name: str) -> None:
    try:
        assert check_name(name) == name
        assert 1 <= len(name) <= MAX_LENGTH and name == name.lower() and name.isascii()
    except SlugError as error:
        _, example, proposal = str(error).rpartition("for example '")
        if example:
            assert check_name(proposal.removesuffix("'.")) != name


@FEW
@given(NAMES, st.none() | NAMES.filter(lambda text: text[0].isalpha()), st.integers(1, 10**9 - 1))
def test_a_reference_is_read_as_it_is_written(name: str, alias: str | None, version: int) -> None:
    for reference in (Reference(name), Reference(name, alias), Reference(name, version=version)):
        assert parse_reference(str(reference)) == reference


@FEW
@given(NAMES, st.integers(1, 99), st.binary(max_size=64), st.integers(0, 2**9))
def test_the_cache_gives_back_what_it_was_given_and_nothing_altered(
    tmp_path_factory: pytest.TempPathFactory, name: str, version: int, content: bytes, at: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("ZOO_CACHE", str(folder))
        (folder / "source").write_bytes(content)
        card = {
            "identity": name, "version": version, "sha256": sha256_of(folder / "source"),
            "basis": "synthetic", "recipe": "quick", "resolution": 64, "scores": {"distance": 0.5},
        }  # fmt: skip
        kept = cache.store("uri", card, lambda path: path.write_bytes(content) and None)
        cache.remember_aliases("uri", name, {"champion": version})
        assert cache.resolve(Reference(name), "uri") == cache.resolve(
            Reference(name, "champion"), None
        )
        found = cache.resolve(Reference(name, version=version), "uri")
        assert found is not None and found.path.read_bytes() == content
        assert cache.resolve(Reference(name, version=version + 1), "uri") is None
        damaged = bytearray(content) or bytearray(b"x")
        damaged[at % len(damaged)] ^= 1
        kept.path.chmod(0o600)
        kept.path.write_bytes(damaged)
        assert cache.resolve(Reference(name, version=version), "uri") is None
        assert cache.remove_cached(name, "uri") and not cache.list_cached("uri")


@FEW
@given(
    image=arrays.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3))),
    grey=st.booleans(),
    exif=st.none() | st.binary(max_size=9),
    jpeg=st.none() | st.just(JpegQuality(((1,) * 64, (2,) * 64), 2)),
    also=st.lists(st.text(max_size=9), max_size=2).map(tuple),
)
def test_a_photo_crosses_the_wire_whole(
    image: Any, grey: bool, exif: bytes | None, jpeg: JpegQuality | None, also: tuple[str, ...]
) -> None:
    metadata = Metadata("PNG", grey, image[..., 0] if grey else None, exif, jpeg, 16)
    file = io.BytesIO()
    message_protocol.send(file, Photo(Path("a.png"), image, metadata, None, also))
    got = message_protocol.receive(io.BytesIO(file.getvalue()), Path("a.png"), 10**6)
    assert isinstance(got, Photo)
    assert (got.image == image).all() and got.companions == also
    assert (got.metadata.exif, got.metadata.jpeg, got.metadata.bits) == (exif, jpeg, 16)
    assert (got.metadata.alpha is None) != grey
    for cut in (0, 3, len(file.getvalue()) - 1):
        with pytest.raises(message_protocol.WireError):
            message_protocol.receive(io.BytesIO(file.getvalue()[:cut]), Path("a.png"), 10**6)
    assert json.loads(file.getvalue()[4 : 4 + int.from_bytes(file.getvalue()[:4])])
