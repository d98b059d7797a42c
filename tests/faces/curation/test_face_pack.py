import contextlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from zoo.errors import PhotoError, StorageError
from zoo.faces.curation.face_pack import FacePack, read_pack, write_pack


def a_pack(count: int = 5, size: int = 32) -> FacePack:
    numbers = np.random.default_rng(count)
    return FacePack(
        numbers.integers(0, 256, (count, size, size, 3)).astype(np.uint8),
        numbers.random((count, 68, 2)).astype(np.float32),
        [f"ünïcode {index}.jpg" for index in range(count)],
        ["folder"] * count,
    )


@pytest.mark.parametrize("count", [0, 1, 5])
def test_what_was_written_is_read(tmp_path: Path, count: int) -> None:
    pack = a_pack(count)
    write_pack(tmp_path / "pack.safetensors", pack)
    again = read_pack(tmp_path / "pack.safetensors")
    assert np.array_equal(again.faces, pack.faces)
    assert np.array_equal(again.landmarks, pack.landmarks)
    assert (again.names, again.sources) == (pack.names, pack.sources)
    assert (len(again), again.size) == (count, 32)


def test_faces_stay_on_the_disk(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack.safetensors", a_pack())
    assert isinstance(read_pack(tmp_path / "pack.safetensors").faces, np.memmap)


def test_a_pack_is_plain_safetensors(tmp_path: Path) -> None:
    pack = a_pack()
    write_pack(tmp_path / "pack.safetensors", pack)
    arrays = load_file(tmp_path / "pack.safetensors")
    assert np.array_equal(arrays["faces"], pack.faces)
    assert np.array_equal(arrays["landmarks"], pack.landmarks)


def test_arrays_begin_at_a_multiple_of_eight_bytes_however_long_the_names_are(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pack.safetensors"
    for length in range(8):
        faces, landmarks = np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 68, 2), np.float32)
        write_pack(path, FacePack(faces, landmarks, ["x" * length], ["folder"]))
        header = int.from_bytes(path.read_bytes()[:8], "little")
        assert header % 8 == 0 and read_pack(path).names == ["x" * length]
        text = path.read_bytes()[8 : 8 + header]
        assert len(text) - len(text.rstrip(b" ")) < 8
        assert path.stat().st_size == 8 + header + faces.nbytes + landmarks.nbytes


def test_a_pack_read_from_a_pack_can_be_written(tmp_path: Path) -> None:
    write_pack(tmp_path / "one.safetensors", a_pack())
    write_pack(tmp_path / "two.safetensors", read_pack(tmp_path / "one.safetensors"))
    one, two = (tmp_path / f"{name}.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_parts_that_do_not_fit_together_are_refused() -> None:
    pack = a_pack()
    with pytest.raises(ValueError, match="fit together"):
        FacePack(pack.faces[:3], pack.landmarks, pack.names, pack.sources)
    with pytest.raises(ValueError, match="fit together"):
        FacePack(pack.faces.astype(np.int16), pack.landmarks, pack.names, pack.sources)


def test_a_damaged_pack_never_raises_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "pack.safetensors"
    write_pack(path, a_pack())
    whole = path.read_bytes()
    chance = random.Random(0)
    for length in [0, 4, 8, 20, 500, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(PhotoError, match="damaged"):
            read_pack(path)
    header = int.from_bytes(whole[:8], "little")
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(8 + header)] = chance.randrange(256)
        path.write_bytes(changed)
        with contextlib.suppress(PhotoError):
            read_pack(path)


@pytest.mark.parametrize(
    "change",
    [
        {"faces": {"dtype": "U8", "shape": [5, 32, 32, 3], "data_offsets": [0, 10**15]}},
        {"faces": {"dtype": "U8", "shape": [-5, 32, -32, 3], "data_offsets": [2720, 18080]}},
        {"faces": {"dtype": "F64", "shape": [5, 32, 32, 3], "data_offsets": [2720, 18080]}},
        {"faces": {"dtype": "U8", "shape": [2**62, 2**62], "data_offsets": [0, 0]}},
        {"landmarks": None},
        {"__metadata__": {"format": "another"}},
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "pack.safetensors"
    write_pack(path, a_pack())
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.dumps({**json.loads(whole[8 : 8 + length]), **change}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + whole[8 + length :])
    with pytest.raises(PhotoError, match="damaged"):
        read_pack(path)


def test_landmarks_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    pack = a_pack()
    pack.landmarks[2, 3] = np.nan
    write_pack(tmp_path / "pack.safetensors", pack)
    with pytest.raises(PhotoError, match="damaged"):
        read_pack(tmp_path / "pack.safetensors")


def test_a_missing_pack_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        read_pack(tmp_path / "pack.safetensors")


def test_a_pack_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zoo.storage.os.replace", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_pack(tmp_path / "pack.safetensors", a_pack())
    assert list(tmp_path.iterdir()) == []
