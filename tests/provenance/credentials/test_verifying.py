"""What is said of files: whole, altered, stripped, signed by others, or damaged."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.provenance.conftest import MARK, encoded
from zoo.errors import PhotoError, SigningError
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import xmp
from zoo.provenance.credentials.self_made_certificate import SELF_MADE
from zoo.provenance.credentials.signing import sign_bytes
from zoo.provenance.credentials.verifying import FINE, Status, is_of_the_known, verify


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A signed JPEG with its IPTC mark."""
    file = io.BytesIO()
    Pillow.open(io.BytesIO(encoded())).save(file, "JPEG", xmp=xmp(MARK).encode())
    path = tmp_path / "out.jpg"
    path.write_bytes(sign_bytes(file.getvalue(), Made(MARK, encoded(seed=1), {"faces": "all"})))
    return path


def manifest_of(content: bytes) -> tuple[int, int]:
    """Where the APP11 segments of a JPEG begin and end."""
    begin = end = content.index(b"\xff\xeb")
    while content[end : end + 2] == b"\xff\xeb":
        end += 2 + int.from_bytes(content[end + 2 : end + 4], "big")
    return begin, end


def test_a_whole_file_says_who_did_what(signed: Path) -> None:
    found = verify(signed)
    assert (found.status, found.by_this_user, found.problems) == (Status.valid, True, ())
    (step,) = found.steps
    assert MARK.sentence in step.says
    assert found.explanation == "It has not been altered since it was signed."
    assert (step.issuer, step.key[:4]) == (SELF_MADE, "key ")
    assert step.swap["identity"] == "ada" and step.swap["settings"] == {"faces": "all"}
    assert step.software.startswith("faceswap-zoo ")
    assert step.when and step.when[:2] == "20"


def test_one_flipped_bit_anywhere_outside_the_manifest_is_noticed(signed: Path) -> None:
    content = signed.read_bytes()
    begin, end = manifest_of(content)
    outside = [*range(2, begin), *range(end, len(content))]
    for at in outside[:: len(outside) // 50]:
        altered = bytearray(content)
        altered[at] ^= 1
        signed.write_bytes(altered)
        assert verify(signed).status not in FINE, at


def test_altered_pixels_are_told_from_an_altered_manifest(signed: Path) -> None:
    content = bytearray(signed.read_bytes())
    content[-30] ^= 1
    signed.write_bytes(content)
    found = verify(signed)
    assert found.status is Status.altered and "its content" in found.explanation
    content[-30] ^= 1
    content[content.index(b"synthetic", content.index(b"faceswap-zoo.swap"))] ^= 1
    signed.write_bytes(content)
    found = verify(signed)
    assert found.status is Status.altered and "its manifest" in found.explanation


def test_bytes_added_at_the_end_and_cut_off_are_noticed(signed: Path) -> None:
    content = signed.read_bytes()
    signed.write_bytes(content + b"more")
    assert verify(signed).status is Status.altered
    signed.write_bytes(content[:-10])
    assert verify(signed).status is Status.altered


def test_saved_again_by_another_program_it_has_only_its_metadata_left(signed: Path) -> None:
    with Pillow.open(signed) as picture:
        picture.save(signed, quality=80, xmp=picture.info["xmp"])
    found = verify(signed)
    assert found.status is Status.only_metadata
    assert "compositeWithTrainedAlgorithmicMedia" in found.explanation


def test_stripped_of_everything_it_says_nothing(signed: Path) -> None:
    with Pillow.open(signed) as picture:
        Pillow.fromarray(np.asarray(picture)).save(signed)
    found = verify(signed)
    assert found.status is Status.no_manifest
    assert "which does not mean that it is genuine" in found.explanation


def test_a_manifest_moved_to_another_picture_is_noticed(signed: Path, tmp_path: Path) -> None:
    """The APP11 segments of a signed picture before the pixels of one that was not."""
    content = signed.read_bytes()
    begin, end = manifest_of(content)
    other = encoded(seed=9)
    signed.write_bytes(other[:2] + content[begin:end] + other[2:])
    assert verify(signed).status is Status.altered


def test_someone_elses_key_is_not_known(
    signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "someone else"))
    found = verify(signed)
    assert (found.status, found.by_this_user) == (Status.unknown_issuer, False)
    assert "anyone can make such a key" in found.explanation
    assert not (tmp_path / "someone else").exists()  # asking makes no key


def test_an_own_certificate_is_known_where_its_root_is(
    tmp_path: Path, own_chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(own_chain[0]))
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(own_chain[1]))
    path = tmp_path / "out.jpg"
    path.write_bytes(sign_bytes(encoded(), Made(MARK)))
    found = verify(path)
    assert found.status is Status.unknown_issuer
    assert found.steps[0].issuer == "Example Studio"
    monkeypatch.setenv("ZOO_TRUST", str(own_chain[0].with_name("root.pem")))
    found = verify(path)
    assert (found.status, found.by_this_user) == (Status.valid, True)
    monkeypatch.delenv("ZOO_SIGNING_CHAIN")
    assert not verify(path).by_this_user
    monkeypatch.setenv("ZOO_TRUST", str(own_chain[1]))
    with pytest.raises(SigningError, match="no certificate"):
        verify(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff" + bytes(50), b"BM" + bytes(50)])
def test_files_that_are_no_photos_say_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.jpg").write_bytes(content)
    assert verify(tmp_path / "file.jpg").status not in FINE


def test_a_sidecar_of_rubbish_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "clip.mkv").write_bytes(b"\x1aE\xdf\xa3" + bytes(100))
    (tmp_path / "clip.mkv.c2pa").write_bytes(bytes(100))
    assert verify(tmp_path / "clip.mkv").status is Status.altered


def test_what_is_not_there_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"gone\.jpg cannot be read"):
        verify(tmp_path / "gone.jpg")
    with pytest.raises(PhotoError, match="is a folder"):
        verify(tmp_path)


def test_who_signed_is_asked_and_not_only_whether_it_holds(
    tmp_path: Path, own_chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"

    def signed_now() -> Path:
        path.write_bytes(sign_bytes(encoded(), Made(MARK, encoded(seed=1), {})))
        return path

    assert is_of_the_known(signed_now()) is not None
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "another"))
    assert is_of_the_known(path) is None  # somebody else's key, for whom we are now
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(own_chain[0]))
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(own_chain[1]))
    found = is_of_the_known(signed_now())
    assert found is not None and found.by_this_user
    monkeypatch.delenv("ZOO_SIGNING_CHAIN")
    monkeypatch.delenv("ZOO_SIGNING_KEY")
    assert is_of_the_known(path) is None
    monkeypatch.setenv("ZOO_TRUST", str(own_chain[0].with_name("root.pem")))
    assert is_of_the_known(path) is not None


def test_fifos_and_devices_are_named_and_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "a.jpg"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(PhotoError, match=r"cannot be read: It is no regular file"):
            verify(path)


def test_a_fifo_beside_a_photo_is_no_sidecar(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(encoded())
    os.mkfifo(tmp_path / "a.jpg.c2pa")
    assert verify(photo).status is Status.no_manifest
