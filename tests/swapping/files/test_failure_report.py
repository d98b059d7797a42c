"""The report of what failed takes any name, and does nothing in a spreadsheet or a terminal."""

import csv
import os
from pathlib import Path

import pytest

from zoo.swapping.files.failure_report import write_report


def rows(folder: Path, failed: dict[str, str]) -> dict[str, str]:
    path = write_report(folder, failed)
    assert isinstance(path, Path)
    assert b"\x1b" not in path.read_bytes()
    with path.open(newline="", encoding="utf-8") as file:
        return {row["input"]: row["reason"] for row in csv.DictReader(file)}


def test_a_name_that_is_not_utf_8_is_spelled_out_and_keeps_no_other_from_the_report(
    tmp_path: Path,
) -> None:
    name = os.fsdecode(b"in/caf\xe9.jpg")
    found = rows(tmp_path, {name: f"{name} is damaged.", "in/café.jpg": "It shows no face."})
    assert found == {
        r"in/caf\xe9.jpg": r"in/caf\xe9.jpg is damaged.",
        "in/café.jpg": "It shows no face.",
    }


@pytest.mark.parametrize("first", ["=", "+", "-", "@", " =", "\uff1d"])
def test_what_begins_like_a_formula_is_text(tmp_path: Path, first: str) -> None:
    name = f'{first}HYPERLINK("http://localhost","x").jpg'
    assert rows(tmp_path, {name: f"{name} does not exist."}) == {
        f"'{name}": f"'{name} does not exist."
    }


def test_what_a_terminal_would_obey_is_spelled_out(tmp_path: Path) -> None:
    name = "in/\x1b]0;title\x07\x9b2J\r\n\u202egpj.jpg"
    ((given, _),) = rows(tmp_path, {name: "It is damaged."}).items()
    assert given == r"in/\x1b]0;title\x07\x9b2J\x0d\x0a\u202egpj.jpg"
