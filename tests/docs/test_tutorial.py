"""The tutorial's blocks that are marked ``<!-- run -->`` do what they say, in their order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.networks_on_disk import write_network
from zoo.registry import cache
from zoo.storage import sha256_of

ROOT = Path(__file__).parents[2]


def blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"<!-- run -->\n```bash\n(.*?)```", text, re.DOTALL)


def test_the_tutorials_commands_work_after_one_another(tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "cache"
    project.mkdir()
    shutil.copy(ROOT / "params.yaml", project)
    (project / "dvc.yaml").write_text("stages: {}\n")
    environment = {
        **os.environ,
        "ZOO_PROJECT": str(project),
        "ZOO_CACHE": str(home),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    pull_ada(project, home)

    def run(block: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=project, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout

    said = [run(block) for block in blocks("tutorial.md")]
    added, judged, swapped, verified, cached = said[1:]
    assert "Added cleo with 12 photos" in added
    assert (project / "data" / "aligned" / "cleo.photos.jpg").is_file()
    assert judged.startswith("NAME")
    assert "photo.jpg -> out.jpg (1 face)" in swapped
    assert "ada" in verified
    assert cached.splitlines()[1].split()[:2] == ["ada", "1"]


def pull_ada(project: Path, home: Path) -> None:
    """What `make demo` leaves in the cache: ada's champion, here a network that changes nothing."""
    before = os.environ.get("ZOO_CACHE")
    os.environ["ZOO_CACHE"] = str(home)
    try:
        source = write_network(project.parent / "ada.onnx", size=64)
        card = {
            "identity": "ada",
            "version": 1,
            "sha256": sha256_of(source),
            "basis": "synthetic",
            "recipe": "quick",
            "resolution": 64,
            "scores": {},
        }
        uri = f"sqlite:///{project / 'mlflow.db'}"
        cache.store(uri, card, lambda path: path.write_bytes(source.read_bytes()))
        cache.remember_aliases(uri, "ada", {"champion": 1})
    finally:
        if before is None:
            del os.environ["ZOO_CACHE"]
        else:
            os.environ["ZOO_CACHE"] = before
