import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.pipelines.conftest import ROOT
from zoo.photos.reading import read_photo
from zoo.photos.writing import write_photo
from zoo.settings import Project


def test_the_sheet_shows_photo_swaps_and_whose_faces_they_should_be(
    rendered: Project, tmp_path: Path
) -> None:
    photo = rendered.rendered / "ada" / "0000.png"
    swaps = {name: tmp_path / f"{name}.jpg" for name in ("ada", "bruno")}
    for number, path in enumerate(swaps.values()):
        write_photo(path, np.full((100, 100, 3), 80 + 80 * number, np.uint8))
    demo = runpy.run_path(str(ROOT / "pipelines" / "demo.py"))
    page = demo["sheet"](rendered, photo, swaps)
    tile, gap = demo["TILE"], demo["GAP"]
    middle = gap + tile // 2
    assert (page[middle, 2 * gap + tile + tile // 2] == 80).all()
    assert (page[middle, 3 * gap + 2 * tile + tile // 2] == 160).all()
    below = page[gap + tile + 2 * gap :, : gap + tile]
    assert (below == 255).all()  # nobody's face belongs under the input
    assert page[-tile:, -tile:].std() > 20


def test_a_photo_that_cannot_be_read_is_refused_before_anything_is_trained(
    rendered: Project,
) -> None:
    command = [sys.executable, str(ROOT / "pipelines" / "demo.py"), "--photo", "missing.jpg"]
    done = subprocess.run(command, cwd=rendered.root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: missing.jpg")
    assert done.stdout == ""


def test_the_sheet_reads_back_as_a_jpeg(rendered: Project, tmp_path: Path) -> None:
    photo = rendered.rendered / "ada" / "0000.png"
    demo = runpy.run_path(str(ROOT / "pipelines" / "demo.py"))
    write_photo(tmp_path / "sheet.jpg", demo["sheet"](rendered, photo, {"bruno": photo}))
    assert read_photo(tmp_path / "sheet.jpg").image.shape[1] > 2 * demo["TILE"]
