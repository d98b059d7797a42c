"""The blocks of the pages that are marked ``<!-- run -->`` do what they say, in their order.

They name files that a reader would have, so such files are made first: of rendered people, small.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moved, write_clip
from tests.networks_on_disk import cached_network, write_network
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image
from zoo.photos.writing import write_photo

ROOT = Path(__file__).parents[2]
RUN = "<!-- run -->"


class Reader:
    """Someone in a project where ``make demo`` has run, who types what the pages say."""

    def __init__(self, root: Path) -> None:
        self.project, self.cache = root / "project", root / "cache"
        self.project.mkdir()
        shutil.copy(ROOT / "params.yaml", self.project)
        (self.project / "dvc.yaml").write_text("stages: {}\n")
        self.environment = {
            **os.environ,
            "ZOO_PROJECT": str(self.project),
            "ZOO_CACHE": str(self.cache),
            "XDG_DATA_HOME": str(root / "data"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.environment.pop("MLFLOW_TRACKING_URI", None)

    def types(self, page: str) -> list[str]:
        """What each block of the page prints."""
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        blocks = re.findall(RUN + r"\n```bash\n(.*?)```", text, re.DOTALL)
        return [self._run(block) for block in blocks]

    def _run(self, block: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.project, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    found = Reader(tmp_path)
    monkeypatch.setenv("ZOO_CACHE", str(found.cache))
    pull_ada(found.project)
    return found


def test_the_tutorials_commands_work_after_one_another(reader: Reader) -> None:
    added, judged, swapped, verified, cached = reader.types("tutorial.md")[1:]
    assert "Added cleo with 12 photos" in added
    assert (reader.project / "data" / "coverage" / "cleo.jpg").is_file()
    assert judged.startswith("NAME")
    assert "photo.jpg -> out.jpg (1 face)" in swapped
    assert "ada" in verified
    assert cached.splitlines()[1].split()[:2] == ["ada", "1"]


def test_the_commands_of_the_guides_work_after_one_another(reader: Reader) -> None:
    project = reader.project
    (project / "holiday").mkdir()
    (project / "photos" / "maria").mkdir(parents=True)
    for number in range(10):
        photo = portrait(77, number)
        write_photo(project / "photos" / "maria" / f"{number}.jpg", photo)
    write_photo(project / "holiday" / "a.jpg", photo)
    still: list[Image] = [np.tile(photo, (1, 2, 1))[:, :256]]
    write_clip(project / "interview.mp4", 6 * still)
    write_clip(project / "clip.mp4", moved(np.pad(photo, ((32, 32), (32, 32), (0, 0))), 30)[0])

    (folder,) = reader.types("batch.md")
    assert "holiday/a.jpg -> swapped/a.jpg (1 face)" in folder
    assert "swapped/a.jpg (already done)" in folder
    assert "clip.mp4 -> out.mp4 (30 frames" in "".join(reader.types("video.md"))
    assert "out.mp4: valid" in "".join(reader.types("provenance.md"))
    assert "Added maria with 10 photos" in "".join(reader.types("howto/photos.md"))


def test_no_other_page_has_blocks_that_are_to_be_run() -> None:
    pages = (ROOT / "docs").rglob("*.md")
    assert {page.name for page in pages if RUN in page.read_text(encoding="utf-8")} == {
        "tutorial.md", "batch.md", "video.md", "provenance.md", "photos.md"
    }  # fmt: skip


def portrait(person: int, scene: int) -> Image:
    return render(random_person(person), random_scene(scene, max_yaw=20), 192).image


def pull_ada(project: Path) -> None:
    """What `make demo` leaves in the cache: ada's champion, here a network that changes nothing."""
    source = write_network(project.parent / "ada.onnx", size=64)
    cached_network(f"sqlite:///{project / 'mlflow.db'}", "ada", 1, source)
