"""A photo comes out of a message as it went in, and nothing else does."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.photos.icc import linear_srgb_profile
from zoo.errors import PhotoError
from zoo.photos.colour.colour_spaces import SceneLight, Srgb, scene_light, space_of
from zoo.photos.formats.high_bit_depth import HighBitDepth
from zoo.photos.metadata import JpegQuality, Metadata
from zoo.photos.reading import Photo
from zoo.photos.sandbox.message_protocol import (
    WireError,
    receive,
    receive_question,
    send,
    send_question,
)

NAME = Path("in/a.jpg")
CHANCE = np.random.default_rng(1)
IMAGE = CHANCE.integers(0, 256, (5, 4, 3)).astype(np.uint8)
PLAIN = Photo(NAME, IMAGE, Metadata("PNG"), None, ())
FULL = Photo(
    NAME,
    IMAGE,
    Metadata("JPEG", True, IMAGE[..., 0], b"Exif\0\0", JpegQuality(((1, 2), (3,)), 2), 12),
    None,
    ("HDR gain map", "depth map"),
)


def deep(space: Any, kind: str, channels: int, **more: Any) -> Photo:
    values = CHANCE.integers(0, 1000, (5, 4, channels)).astype(kind)
    return replace(PLAIN, deep=HighBitDepth(values, space, **more))


DEEP = [
    deep(Srgb(), "uint16", 3, chunks=((b"gAMA", b"\0\1"),), compressed=False),
    deep(space_of(linear_srgb_profile()), "uint16", 4, profile=linear_srgb_profile()),
    deep(scene_light((0.7, 0.3, 0.2, 0.7, 0.15, 0.05, 0.31, 0.33), 3.5, np.dtype(np.float16)),
         "float16", 1, header={"any": "thing"}),
    deep(scene_light(None, 1.0, np.dtype(np.float32)), "float32", 3, header={}),
]  # fmt: skip


def sent(answer: Photo | PhotoError) -> bytes:
    file = io.BytesIO()
    send(file, answer)
    return file.getvalue()


def received(message: bytes, most: int = 10_000_000) -> Photo:
    found = receive(io.BytesIO(message), NAME, most)
    assert isinstance(found, Photo)
    return found


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, Srgb | SceneLight) or hasattr(one, "curves"):
        return type(one) is type(other) and equal(vars(one), vars(other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    return bool(one == other)


@pytest.mark.parametrize("photo", [PLAIN, FULL, *DEEP])
def test_a_photo_is_the_same_afterwards(photo: Photo) -> None:
    found = received(sent(photo))
    assert found.path == NAME and equal(found.image, photo.image)
    assert equal(vars(found.metadata), vars(photo.metadata))
    assert found.companions == photo.companions
    if photo.deep is None:
        assert found.deep is None
        return
    assert found.deep is not None
    given = vars(photo.deep) | {"header": None if photo.deep.header is None else {}}
    assert equal(vars(found.deep), given)  # an OpenEXR's header stays behind


def test_a_sentence_is_the_same_afterwards() -> None:
    found = receive(io.BytesIO(sent(PhotoError("a.jpg is damaged."))), NAME, 0)
    assert isinstance(found, PhotoError) and str(found) == "a.jpg is damaged."


def test_a_question_is_the_same_afterwards_until_there_are_no_more() -> None:
    file = io.BytesIO()
    send_question(file, {"name": "é.jpg", "whole": True}, b"first")
    send_question(file, {"name": "b"}, b"")
    file.seek(0)
    assert receive_question(file) == ({"name": "é.jpg", "whole": True, "size": 5}, b"first")
    assert receive_question(file) == ({"name": "b", "size": 0}, b"")
    assert receive_question(file) is None


def test_arrays_may_have_as_many_bytes_as_allowed_and_no_more() -> None:
    message, size = sent(FULL), IMAGE.nbytes + IMAGE[..., 0].nbytes
    assert equal(received(message, size).image, IMAGE)
    with pytest.raises(WireError, match="an array's size"):
        received(message, size - 1)
    for end in (0, 3, 4, 100, len(message) - 1):
        with pytest.raises(WireError, match="ends early"):
            received(message[:end])
    with pytest.raises(WireError, match="too long"):
        received((50_000_001).to_bytes(4) + bytes(10))


@pytest.mark.parametrize(
    ("arrays", "image"),
    [
        ([["object", [5, 4, 3]]], 0),
        ([["uint8", [5, 4, 3, 1]]], 0),
        ([["uint8", [5, 4.0, 3]]], 0),
        ([["uint8", [-5, -4, 3]]], 0),
        ([["uint8", [0, 4, 3]]], 0),
        ([["uint8", []]], 0),
        ([["uint16", [5, 2, 3]]], 0),
        ([["uint8", [5, 12]]], 0),
        ([["uint8", [5, 3, 4]]], 0),
        ([["uint8", [5, 4, 3]]], 1),
    ],
)
def test_an_array_that_is_no_picture_is_refused(arrays: Any, image: int) -> None:
    message = sent(PLAIN)
    size = int.from_bytes(message[:4])
    told = json.loads(message[4 : 4 + size]) | {"arrays": arrays, "image": image}
    words = json.dumps(told).encode()
    with pytest.raises(WireError):
        received(len(words).to_bytes(4) + words + message[4 + size :])


@pytest.mark.parametrize(
    "change", [{"space": {"matrix": 1, "white": 1, "kind": "uint8"}}, {"values": 0},
               {"chunks": [1]}, {"profile": "é"}, {"space": {"matrix": 0, "curves": 1}}],
)  # fmt: skip
def test_a_deep_picture_that_is_none_is_refused(change: dict[str, Any]) -> None:
    message = sent(DEEP[3])
    size = int.from_bytes(message[:4])
    told = json.loads(message[4 : 4 + size])
    told["deep"] |= change
    words = json.dumps(told).encode()
    with pytest.raises(WireError):
        received(len(words).to_bytes(4) + words + message[4 + size :])
