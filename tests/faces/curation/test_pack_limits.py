"""Which parts make a pack, which bytes an array, and which faces a sheet shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoo.faces.curation import photo_selection
from zoo.faces.curation.face_pack import FacePack, _mapped
from zoo.faces.curation.photo_selection import (
    contact_sheet,
)
from zoo.photos.image import Image


def pack_of(count: int, side: int = 4) -> tuple[Any, ...]:
    faces = np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(side, 1).repeat(side, 2)
    names = [str(number) for number in range(count)]
    return faces.repeat(3, 3), np.zeros((count, 68, 2), np.float32), names, names


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (0, lambda faces: faces[:, :3]), (0, lambda faces: faces[..., :2]),
        (0, lambda faces: faces[:4]), (0, lambda faces: faces.astype(np.int8)),
        (0, lambda faces: faces[0]), (1, lambda points: points[:4]),
        (1, lambda points: points.astype(np.float64)), (1, lambda points: points[:, :67]),
        (2, lambda names: names[:4]), (3, lambda sources: [*sources, "more"]),
    ],
)  # fmt: skip
def test_each_part_of_a_pack_must_fit(part: int, change: Any) -> None:
    parts = list(pack_of(5))
    assert FacePack(*parts).size == 4
    parts[part] = change(parts[part])
    with pytest.raises(ValueError, match="fit together"):
        FacePack(*parts)


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ({}, True), ({"dtype": "F32"}, False), ({"shape": [4, 4]}, False), ({"shape": [3]}, False),
        ({"data_offsets": [-1, 11]}, False), ({"data_offsets": [9, 21]}, False),
        ({"data_offsets": [8, 20]}, True), ({"data_offsets": [12, 0]}, False),
        ({"shape": [-3, -4]}, False), ({"shape": [0, 5], "data_offsets": [3, 3]}, True),
    ],
)  # fmt: skip
def test_an_array_lies_within_its_file(tmp_path: Path, entry: dict[str, Any], fits: bool) -> None:
    path = tmp_path / "pack"
    path.write_bytes(bytes(range(25)))  # of which five are the header's
    given = {"dtype": "U8", "shape": [3, 4], "data_offsets": [0, 12], **entry}
    if not fits:
        with pytest.raises(ValueError, match="does not fit"):
            _mapped(path, given, "U8", np.uint8, 5)
        return
    begin, end = given["data_offsets"]
    found = _mapped(path, given, "U8", np.uint8, 5)
    assert found.shape == tuple(given["shape"])
    assert found.ravel().tolist() == list(range(5 + begin, 5 + end))


def test_a_contact_sheet_of_many_is_evenly_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_selection, "_MOST_ON_A_SHEET", 5)
    sheet = contact_sheet(FacePack(*pack_of(9)), columns=3, side=2)
    assert sheet.shape == (4, 6, 3)
    assert sheet[::2, ::2, 0].tolist() == [[0, 2, 4], [6, 8, 255]]
    whole: Image = contact_sheet(FacePack(*pack_of(12)))
    assert whole.shape == (96, 960, 3)
