"""A project with a registry, and the command line called in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image as Pillow

from tests.registry.conftest import empty_store, sqlite_uri, trained, uri
from zoo.cli.main import main
from zoo.people import named_person, random_scene, render
from zoo.settings import Project

__all__ = ["empty_store", "sqlite_uri", "trained", "uri"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that says what was wrong."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert "Traceback" not in self.err
        return line


Zoo = Callable[..., Ended]


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Zoo:
    """Runs ``zoo`` with the given arguments."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr("sys.argv", ["zoo", *(str(argument) for argument in arguments)])
        monkeypatch.setattr("signal.signal", lambda number, handler: None)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int | None)
        return Ended(code or 0, *capfd.readouterr())

    return run


@pytest.fixture
def project(tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without identities, whose registry is empty; the working folder is beside it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("ZOO_TRACEBACK", raising=False)
    found = Project(tmp_path / "project")
    params = {
        "align": {"size": 64},
        "recipe": "quick",
        "recipes": {"quick": {"phases": [{"resolution": 64}]}},
        "evaluate": {"photos": 2, "gallery": []},
        "gate": {
            "minimum_nearest_rate": 0.9,
            "maximum_landmark_difference": 5,
            "minimum_light_correlation": 0.0,
            "tolerance": 0.02,
        },
    }
    (found.root / "params.yaml").write_text(yaml.safe_dump(params))
    (found.root / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.setenv("ZOO_PROJECT", str(found.root))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return found


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo with one face, 256 px."""
    path = tmp_path_factory.mktemp("photos") / "portrait.png"
    picture = render(named_person("ada"), random_scene(3, max_yaw=10), 256).image
    Pillow.fromarray(picture).save(path)
    return path


@pytest.fixture(scope="session")
def meadow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo without a face."""
    path = tmp_path_factory.mktemp("photos") / "meadow.jpg"
    Pillow.new("RGB", (200, 120), "green").save(path)
    return path
