"""Photos decoded in a process of their own: the same photo, and its death is a sentence."""

import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.photos.deep_files import srgb_profile, write_deep
from zoo.errors import PhotoError
from zoo.photos.colour.colour_spaces import Profiled, SceneLight
from zoo.photos.reading import Photo, decode_photo
from zoo.photos.sandbox import decoder_processes, message_protocol
from zoo.photos.sandbox.decoder_processes import Decoders

Picture = NDArray[np.uint8]
NAME = Path("The photo")


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(1) as running:
        yield running


def saved(picture: Picture, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def told(photo: Photo) -> tuple[object, ...]:
    """All of a photo, comparable."""
    alpha, deep = photo.metadata.alpha, photo.deep
    return (
        photo.path,
        photo.image.tobytes(),
        replace(photo.metadata, alpha=None),
        None if alpha is None else alpha.tobytes(),
        photo.companions,
        deep and (deep.values.tobytes(), deep.values.dtype, deep.values.shape),
        deep and (deep.profile, deep.chunks, deep.compressed, type(deep.space)),
    )


def test_it_is_the_same_photo(decoders: Decoders, picture: Picture, tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    deep = np.arange(48 * 64 * 3, dtype=np.uint16).reshape(48, 64, 3)
    files = {
        "jpeg": saved(picture, "JPEG", exif=exif, quality=71),
        "grey": saved(picture[..., 0], "PNG"),
        "transparent": saved(np.dstack([picture, picture[..., :1]]), "PNG"),
        "deep": write_deep(tmp_path / "a.png", deep).read_bytes(),
        "animated": saved(picture, "GIF", save_all=True, append_images=[Pillow.new("L", (64, 48))]),
    }
    for name, encoded in files.items():
        here = decode_photo(encoded, NAME, max_pixels=10_000, whole=True)
        there = decoders(encoded, NAME, max_pixels=10_000, whole=True)
        assert told(there) == told(here), name


def test_spaces_come_with_it(decoders: Decoders, tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 48 * 64 * 3).astype(np.uint16).reshape(48, 64, 3)
    profiled = saved(np.zeros((2, 2, 3), np.uint8), "PNG", icc_profile=srgb_profile())
    plain = write_deep(tmp_path / "a.png", values).read_bytes()
    chunk = profiled[profiled.index(b"iCCP") - 4 : profiled.index(b"IDAT") - 4]
    with_profile = plain[:33] + chunk + plain[33:]
    light = {name: values[..., 0].astype(np.float32) / 65535 for name in "RGB"}
    OpenEXR.File({}, light).write(str(tmp_path / "a.exr"))
    for encoded, kind in (
        (with_profile, Profiled),
        ((tmp_path / "a.exr").read_bytes(), SceneLight),
    ):
        here = decode_photo(encoded, NAME, max_pixels=10_000, whole=True).deep
        there = decoders(encoded, NAME, max_pixels=10_000, whole=True).deep
        assert here is not None and there is not None and isinstance(there.space, kind)
        some = here.values[0]
        assert np.array_equal(there.space.displayed(some), here.space.displayed(some))
        assert (there.header is None) == (here.header is None)


def test_what_is_no_photo_is_the_same_sentence(decoders: Decoders, picture: Picture) -> None:
    for encoded in (b"", b"text", saved(picture, "PNG")[:200], saved(picture, "PNG")):
        with pytest.raises(PhotoError) as here:
            decode_photo(encoded, NAME, max_pixels=100)
        with pytest.raises(PhotoError) as there:
            decoders(encoded, NAME, max_pixels=100)
        assert str(there.value) == str(here.value)


def test_memory_is_limited_and_the_next_photo_decoded(picture: Picture) -> None:
    large = io.BytesIO()
    Pillow.new("RGB", (9_000, 5_000)).save(large, "PNG")  # 135 MB, several times
    with Decoders(1, max_bytes=500_000_000) as decoders:
        with pytest.raises(PhotoError, match="The photo needs more memory"):
            decoders(large.getvalue(), NAME, max_pixels=50_000_000)
        small = decoders(saved(picture, "PNG"), NAME, max_pixels=50_000_000)
    assert np.array_equal(small.image, picture)


def test_processor_time_is_limited() -> None:
    with _instead("decoder.decode_photo = lambda *_, **__: [None for _ in iter(int, 1)]") as ask:
        started = time.monotonic()
        with pytest.raises(PhotoError, match=r"^The photo took more than 0 s"):
            ask(b"x")
        assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed its decoder"),
        ("import os; os._exit(0)", "crashed its decoder"),
        ("import os; os.write(3, b'\\xff' * 100)", "crashed its decoder"),
        ("import time; time.sleep(600)", "took more than"),
    ],
)
def test_whatever_ends_it_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, does: str, words: str
) -> None:
    monkeypatch.setattr(decoder_processes, "_SECONDS_TO_WAIT", 1.0 if "sleep" in does else 60.0)
    with _instead(f"decoder.decode_photo = lambda *_, **__: exec({does!r})") as ask:
        for _ in range(1 if "sleep" in does else 2):  # another has taken its place
            with pytest.raises(PhotoError, match=f"^The photo {words}"):
                ask(b"x")


def test_it_may_write_no_file_and_knows_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    does = (
        "def look(*_, **__):\n"
        "    import os, json\n"
        "    raise PhotoError(json.dumps(dict(os.environ)))\n"
        "def write(encoded, *_, **__):\n"
        "    open(encoded.decode(), 'wb').write(b'x' * 100)\n"
        "decoder.decode_photo = lambda e, *a, **k: (write if e else look)(e)"
    )
    with _instead(does) as ask:
        with pytest.raises(PhotoError) as shown:
            ask(b"")
        assert "PATH" in json.loads(str(shown.value))
        assert "secret" not in str(shown.value)
        with pytest.raises(PhotoError, match="crashed its decoder"):
            ask(str(tmp_path / "written").encode())
    assert not (tmp_path / "written").exists() or not (tmp_path / "written").stat().st_size


def test_a_process_is_replaced_after_a_number_of_photos(
    monkeypatch: pytest.MonkeyPatch, picture: Picture
) -> None:
    monkeypatch.setattr(decoder_processes, "_PHOTOS", 2)
    encoded = saved(picture, "PNG")
    with Decoders(1) as decoders:
        numbers = []
        for _ in range(3):
            numbers.append(decoders._idle.queue[0]._process.pid)
            decoders(encoded, NAME, max_pixels=10_000)
    assert numbers[0] == numbers[1] != numbers[2]


@pytest.mark.parametrize(
    "change",
    [
        {"image": 1},
        {"arrays": [["object", [48, 64, 3]]]},
        {"arrays": [["uint8", [48, 64]]]},
        {"arrays": [["uint8", [2**40, 2**40, 3]]]},
        {"arrays": [["uint8", [-1, 64, 3]]]},
        {"arrays": [["uint8", [48, 64, "3"]]]},
        {"arrays": 7},
        {"alpha": 0},
        {"exif": 5},
        {"jpeg": [[1]]},
        {"deep": {"values": 0}},
    ],
    ids=str,
)
def test_an_answer_is_read_as_a_strangers(picture: Picture, change: dict[str, object]) -> None:
    file = io.BytesIO()
    message_protocol.send(file, decode_photo(saved(picture, "PNG"), NAME, max_pixels=10_000))
    sent = file.getvalue()
    size = 4 + int.from_bytes(sent[:4])
    words = json.dumps({**json.loads(sent[4:size]), **change}).encode()
    changed = len(words).to_bytes(4) + words + sent[size:]
    with pytest.raises(message_protocol.WireError):
        message_protocol.receive(io.BytesIO(changed), NAME, 1_000_000)


class _instead:
    """Decoders of a program that does something else; called with a file, they decode it."""

    def __init__(self, does: str) -> None:
        self._code = (
            "import sys\nfrom zoo.errors import PhotoError\n"
            "from zoo.photos.sandbox import decoder\n"
            f"{does}\ndecoder.main()"
        )

    def __enter__(self) -> "_instead":
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(decoder_processes, "_PROGRAM", ("-c", self._code))
        self._decoders = Decoders(1, seconds=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._decoders.close()
        self._patch.undo()

    def __call__(self, encoded: bytes) -> Photo:
        return self._decoders(encoded, NAME, max_pixels=100)


def test_nothing_is_left_of_them() -> None:
    with Decoders(2) as decoders:
        numbers = [one._process.pid for one in decoders._idle.queue]
        assert all(Path(f"/proc/{number}").exists() for number in numbers)
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
