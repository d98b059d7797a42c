"""Manifests: what they say, that they are the last word, and that they keep a picture's history."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.provenance.conftest import MARK, encoded
from zoo.errors import SigningError, StorageError
from zoo.provenance.credentials.manifest import SWAP, Made
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking
from zoo.provenance.credentials.signing import sidecar, sign_bytes, sign_file
from zoo.provenance.credentials.signing_key import self_made_key
from zoo.provenance.credentials.verifying import Status, verify
from zoo.storage import sha256_of

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "TIFF": "image/tiff",
         "AVIF": "image/avif"}  # fmt: skip


def read(content: bytes, kind: str = "image/jpeg") -> dict[str, Any]:
    """The active manifest as c2pa's own reader gives it."""
    with c2pa.Reader(kind, io.BytesIO(content)) as reader:
        manifest = reader.get_active_manifest()
    assert manifest is not None
    return dict(manifest)


def pixels(content: bytes) -> Any:
    return np.asarray(Pillow.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_of_ours_carries_it_and_keeps_its_pixels(kind: str, tmp_path: Path) -> None:
    plain = encoded(kind)
    signed = sign_bytes(plain, Made(MARK, encoded("PNG", seed=1)))
    assert (pixels(signed) == pixels(plain)).all()
    (tmp_path / "out").write_bytes(signed)
    assert verify(tmp_path / "out").status is Status.valid
    assert len(signed) - len(plain) < 20_000


def test_it_says_what_was_done_with_which_network_on_what_basis() -> None:
    source = encoded(seed=1)
    manifest = read(sign_bytes(encoded(), Made(MARK, source, {"faces": "all"})))
    assertions = {one["label"]: one["data"] for one in manifest["assertions"]}
    opened, edited = assertions["c2pa.actions.v2"]["actions"]
    assert opened["action"] == "c2pa.opened"
    assert edited["digitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert edited["description"] == MARK.sentence
    assert assertions[SWAP] == {
        "identity": "ada",
        "version": "3",
        "network_sha256": "ab" * 32,
        "basis": "synthetic",
        "settings": {"faces": "all"},
        "input_sha256": hashlib.sha256(source).hexdigest(),
    }
    (parent,) = manifest["ingredients"]
    assert (parent["relationship"], parent["title"]) == ("parentOf", "the input")


def test_neither_names_nor_pixels_of_the_input_are_in_it(tmp_path: Path) -> None:
    source = tmp_path / "jane doe" / "passport.png"
    source.parent.mkdir()
    source.write_bytes(encoded("PNG", seed=1))
    plain = encoded()
    signed = sign_bytes(plain, Made(MARK, source))
    for words in (b"jane", b"passport", str(tmp_path).encode(), os.uname().nodename.encode()):
        assert words not in signed
    assert b"thumbnail" not in signed
    assert "thumbnail" not in read(signed)


def test_a_swap_of_a_swap_keeps_its_history(tmp_path: Path) -> None:
    first = sign_bytes(encoded(seed=1), Made(MARK, encoded(seed=2)))
    bruno = Marking("bruno", "7", "cd" * 32, "consent")
    (tmp_path / "out.png").write_bytes(sign_bytes(encoded("PNG"), Made(bruno, first)))
    found = verify(tmp_path / "out.png")
    assert [step.swap.get("identity") for step in found.steps] == ["bruno", "ada"]
    assert not found.steps[1].problems


def test_of_a_cameras_manifest_the_history_is_kept_and_what_is_private_is_not(
    tmp_path: Path,
) -> None:
    captured = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    created = {"action": "c2pa.created", "digitalSourceType": captured}
    taken = {
        "claim_generator_info": [{"name": "camera"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": "c2pa.metadata", "data": {"@context": {}, "exif:GPSLatitude": "39,21.1N"}},
            {"label": "com.camera", "data": {"owner": "Jane Doe", "serial": "4711-0815"}},
        ],
    }
    key, photo = self_made_key(), io.BytesIO()
    info = c2pa.C2paSignerInfo(key.algorithm, key.chain, key.key, None)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(taken) as builder:  # with a thumbnail
        builder.sign(signer, "image/jpeg", io.BytesIO(encoded()), photo)
    assert b"Jane Doe" in photo.getvalue() and photo.getvalue().count(b"\xff\xd8\xff") == 2
    (tmp_path / "out.jpg").write_bytes(sign_bytes(encoded(seed=1), Made(MARK, photo.getvalue())))
    found = verify(tmp_path / "out.jpg")
    assert (found.status, found.problems) == (Status.valid, ())
    assert [step.software for step in found.steps][1:] == ["camera"]
    assert found.steps[1].says == ("c2pa.created",)  # where nobody describes it
    assert not found.steps[1].problems
    content = (tmp_path / "out.jpg").read_bytes()
    for words in (b"Jane Doe", b"4711-0815", b"39,21.1N"):
        assert words not in content
    assert content.count(b"\xff\xd8\xff") == 1
    again = sign_bytes(encoded(seed=2), Made(MARK, content))
    (tmp_path / "again.jpg").write_bytes(again)
    assert len(verify(tmp_path / "again.jpg").steps) == 3


def test_that_the_input_had_been_altered_is_part_of_the_history(tmp_path: Path) -> None:
    first = bytearray(sign_bytes(encoded(seed=1), Made(MARK, encoded(seed=2))))
    first[-40] ^= 1
    (tmp_path / "out.jpg").write_bytes(sign_bytes(encoded(), Made(MARK, bytes(first))))
    found = verify(tmp_path / "out.jpg")
    assert found.status is Status.valid
    assert found.steps[1].problems == ("assertion.dataHash.mismatch",)


@pytest.mark.parametrize(
    "source",
    [b"", b"\xff\xd8\xff" + bytes(99), b"GIF89a" + bytes(99), bytes(8) + b"ftypheic", b"BM" * 99],
)
def test_an_input_that_c2pa_cannot_read_is_a_parent_all_the_same(source: bytes) -> None:
    manifest = read(sign_bytes(encoded(), Made(MARK, source)))
    assert len(manifest["ingredients"]) == 1


def test_an_input_with_damaged_manifests_is_a_parent_without_a_history() -> None:
    first = sign_bytes(encoded(), Made(MARK, encoded(seed=1)))
    begin, end = first.index(b"jumb"), first.index(b"c2pa.hash.data")
    for at in range(begin, end, 97):
        damaged = first[:at] + b"\xff\xff\xff\xff" + first[at + 4 :]
        manifest = read(sign_bytes(encoded(), Made(MARK, damaged)))
        assert len(manifest["ingredients"]) == 1


def test_without_an_input_it_was_created() -> None:
    manifest = read(sign_bytes(encoded(), Made(MARK)))
    assert "ingredients" not in manifest or not manifest["ingredients"]
    assert "c2pa.created" in json.dumps(manifest["assertions"])


def test_only_known_formats_are_signed_in_memory() -> None:
    with pytest.raises(SigningError, match="can carry a manifest"):
        sign_bytes(b"\x1aE\xdf\xa3 matroska", Made(MARK))
    with pytest.raises(SigningError, match="cannot be signed"):
        sign_bytes(b"\xff\xd8\xff" + bytes(99), Made(MARK))


def test_a_file_is_signed_in_its_place_or_moved(tmp_path: Path) -> None:
    here, there = tmp_path / "a.png", tmp_path / "sub" / "b.png"
    here.write_bytes(encoded("PNG"))
    sign_file(here, here, Made(MARK))
    assert verify(here).status is Status.valid
    sign_file(here, there, Made(MARK))
    assert verify(there).status is Status.valid
    assert not here.exists()


def test_what_cannot_carry_it_gets_a_sidecar(tmp_path: Path) -> None:
    partial, clip = tmp_path / "partial", tmp_path / "out" / "clip.mkv"
    content = b"\x1aE\xdf\xa3" + os.urandom(300_000)
    partial.write_bytes(content)
    sign_file(partial, clip, Made(MARK))
    assert clip.read_bytes() == content and not partial.exists()
    assert sidecar(clip).name == "clip.mkv.c2pa"
    assert verify(clip).status is Status.valid
    sidecar(clip).rename(clip.with_suffix(".c2pa"))  # c2patool's name for it
    assert verify(clip).status is Status.valid
    clip.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert verify(clip).status is Status.altered
    clip.with_suffix(".c2pa").unlink()
    assert verify(clip).status is Status.no_manifest


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi"])
def test_videos_carry_it_or_have_it_beside_them(tmp_path: Path, suffix: str) -> None:
    finished, clip = tmp_path / f"finished{suffix}", tmp_path / f"clip{suffix}"
    with av.open(str(finished), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        assert isinstance(stream, av.VideoStream)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 40 * number, np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sign_file(finished, clip, Made(MARK, b"the film it was made from"))
    assert verify(clip).status is Status.valid
    assert sidecar(clip).exists() == (suffix in (".mkv", ".avi"))
    with av.open(str(clip)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 5
    content = bytearray(clip.read_bytes())
    content[len(content) // 2] ^= 1
    clip.write_bytes(content)
    assert verify(clip).status is Status.altered


def test_what_cannot_be_signed_stays_and_nothing_else_is_there(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff" + bytes(99))
    digest = sha256_of(broken)
    with pytest.raises(SigningError):
        sign_file(broken, tmp_path / "out.jpg", Made(MARK))
    assert [path.name for path in tmp_path.iterdir()] == ["broken.jpg"]
    assert sha256_of(broken) == digest


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    with pytest.raises(StorageError, match=r"b\.png"):
        sign_file(tmp_path / "a.png", tmp_path / "file" / "b.png", Made(MARK))


def test_threads_sign_at_once(tmp_path: Path) -> None:
    results: list[bytes] = []

    def work() -> None:
        for _ in range(5):
            results.append(sign_bytes(encoded(), Made(MARK, encoded(seed=1))))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    for number, content in enumerate(results):
        (tmp_path / f"{number}.jpg").write_bytes(content)
        assert verify(tmp_path / f"{number}.jpg").status is Status.valid


def test_signing_waits_for_no_heavy_import() -> None:
    code = (
        "import sys, zoo.provenance.credentials.signing\n"
        "from zoo.provenance.credentials.signing_key import signing_key; signing_key()\n"
        "print(sorted({'c2pa', 'cryptography', 'requests', 'numpy'} & set(sys.modules)))"
    )
    sign_bytes(encoded(), Made(MARK))  # the key is there
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_signing_a_video_takes_no_more_memory_than_its_size(tmp_path: Path) -> None:
    """c2pa would keep a second copy of a file of up to 500 MB in memory."""
    clip, size = tmp_path / "clip.mp4", 64 * 2**20
    with av.open(str(clip), "w") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        output.mux(stream.encode())
    with clip.open("r+b") as file:  # and a further box of media, of nothing
        file.seek(0, os.SEEK_END)
        file.write(size.to_bytes(4, "big") + b"mdat")
        file.truncate(file.tell() + size - 8)
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from tests.provenance.conftest import MARK, encoded\n"
        "from zoo.provenance.credentials.manifest import Made\n"
        "from zoo.provenance.credentials.signing import sign_bytes, sign_file\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "sign_bytes(encoded(), Made(MARK, None))\nbefore = peak()\n"
        "sign_file(Path(sys.argv[1]), Path(sys.argv[2]), Made(MARK, None))\n"
        "print(1024 * (peak() - before))\n"
    )
    command = [sys.executable, "-c", code, str(clip), str(tmp_path / "signed.mp4")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(run.stdout) < 1.5 * size
    assert verify(tmp_path / "signed.mp4").status is Status.valid
