import os
from pathlib import Path

import pytest

from zoo.products import receipts


def test_a_product_is_fresh_while_what_it_was_made_from_is_the_same(tmp_path: Path) -> None:
    product = tmp_path / "ada.safetensors"
    made_from = {"style": "ab", "recipe": {"weights": (1.6, 8.0), "batch": 8}}
    assert not receipts.is_fresh(product, made_from)
    product.write_bytes(b"")
    receipts.write(product, made_from, seconds=3.0)
    assert receipts.is_fresh(
        product, {"recipe": {"batch": 8, "weights": [1.6, 8.0]}, "style": "ab"}
    )
    assert not receipts.is_fresh(product, {**made_from, "style": "cd"})
    product.unlink()
    assert not receipts.is_fresh(product, made_from)


def test_receipts_stand_beside_files_and_inside_folders(tmp_path: Path) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    receipts.write(folder, {"a": 1}, run_id="r")
    assert receipts.read(folder)["run_id"] == "r"
    assert (folder / "receipt.json").is_file()
    assert receipts.receipt_path(tmp_path / "ada.npz").name == "ada.receipt.json"


def test_a_damaged_receipt_makes_the_product_stale(tmp_path: Path) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "receipt.json").write_text("{")
    assert receipts.read(folder) == {}
    assert not receipts.is_fresh(folder, {"a": 1})


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"made_from": ' * 50_000,
        b'{"made_from": "caf\xe9"}',
        b'{"made_from": [1, 2]}',
        b'{"made_from": Infinity}',
    ],
)
def test_a_receipt_of_others_is_none(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "receipt.json").write_bytes(content)
    assert receipts.read(folder) == {}
    (folder / "receipt.json").unlink()
    os.mkfifo(folder / "receipt.json")
    assert receipts.read(folder) == {}
