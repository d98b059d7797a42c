"""Figures, quality curve and ablation with networks of a few iterations: plumbing, not quality."""

import json
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.evaluation.report.test_report_card import report
from tests.pipelines.conftest import ROOT
from tests.pipelines.test_stages import stamps
from tests.training.conftest import RECIPE, random_pack
from zoo.errors import UsageError
from zoo.evaluation.experiment import Experiment, Trial, run, style_photos, train
from zoo.evaluation.report.figure_grid import LABEL, LINE, SIDE, GridRow, page
from zoo.evaluation.report.figures import COUNT, FigurePhotos
from zoo.evaluation.report.report_card import Report
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.people import named_person, random_scene, render
from zoo.photos.reading import read_photo
from zoo.products import receipts
from zoo.settings import Project
from zoo.swapping.compositing import SwappedFace, paste_back


@pytest.fixture
def small(project: Project) -> Project:
    """The rendered project with a recipe of a few iterations."""
    path = project.root / "params.yaml"
    params = yaml.safe_load(path.read_text())
    phases = [{"resolution": 64, "batch": 2, "iterations": 2}]
    params.update(recipe="tiny", recipes={"tiny": RECIPE | {"phases": phases}})
    path.write_text(yaml.safe_dump(params))
    return project


@dataclass(frozen=True)
class Ended:
    code: object
    out: str
    error: str


Script = Callable[..., Ended]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Script:
    """Runs a script as ``python`` would, in this process: torch is imported once."""

    def run_it(name: str, project: Project, *arguments: object) -> Ended:
        path = ROOT / "pipelines" / "experiments" / f"{name}.py"
        words = [path, "--project", project.root, *arguments]
        monkeypatch.setattr("sys.argv", [str(word) for word in words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(path), run_name="__main__")
        return Ended(ended.value.code, *capsys.readouterr())

    return run_it


def test_trials_leave_networks_and_reports_and_are_not_made_twice(
    small: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = Experiment(small, tmp_path / "out", "tiny")
    trials = [Trial("ada", "base"), Trial("ada", "few", {"style_ramp": 0.0}, photos=2)]
    reports = run(experiment, trials)
    assert reports["ada-few"].network.recipe == "few"
    assert reports["ada-base"].network.sha256 != reports["ada-few"].network.sha256
    receipt = receipts.read(experiment.network(trials[1]))
    assert receipt["made_from"]["recipe"]["style_ramp"] == 0
    assert receipt["photos"] == 2
    assert not small.models.exists()

    capsys.readouterr()
    before = stamps(experiment.folder)
    assert run(experiment, trials) == reports
    assert capsys.readouterr().out.count("fresh") == 4
    assert stamps(experiment.folder) == before


def test_an_override_that_is_no_field_is_one_sentence(small: Project, tmp_path: Path) -> None:
    experiment = Experiment(small, tmp_path, "tiny")
    with pytest.raises(UsageError, match="Trial ada-odd: betta"):
        run(experiment, [Trial("ada", "odd", {"betta": 1})])


def test_fewer_style_photos_are_always_among_more() -> None:
    pack = random_pack(0, 9)
    few, more = style_photos(pack, 3), style_photos(pack, 6)
    assert len(few) == 3 and set(few.names) < set(more.names)
    index = pack.names.index(few.names[1])
    assert np.array_equal(few.faces[1], pack.faces[index])
    assert style_photos(pack, None) is style_photos(pack, 20) is pack


def test_the_quality_curve_has_a_point_per_number_of_photos(
    small: Project, script: Script, tmp_path: Path
) -> None:
    out = tmp_path / "curve"
    arguments = ("--identities", "ada", "--numbers", 2, 3, "--processes", 1, "--out", out)
    ended = script("quality_curve", small, *arguments)
    assert ended.code == 0, ended
    points = json.loads((out / "quality_curve.json").read_text())
    assert [(point["identity"], point["photos"]) for point in points] == [("ada", 2), ("ada", 3)]
    assert all(0 < point["distance"] < 2 for point in points)
    assert read_photo(out / "quality_curve.png").image.shape[1] == 900


def test_the_figures_are_five_pages(small: Project, script: Script, tmp_path: Path) -> None:
    ended = script("figures", small, "--out", tmp_path / "figures")
    assert ended.code == 0, ended
    pages = sorted((tmp_path / "figures").glob("*.jpg"))
    assert [path.stem.split("-")[1] for path in pages] == [
        "identities", "alpha", "beta", "pose", "difficult",
    ]  # fmt: skip
    assert read_photo(pages[0]).image.shape[0] > 5 * SIDE


def test_an_ablation_is_a_table_of_what_differs_from_the_recipe(
    small: Project, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Trial] = []

    def measured(experiment: Experiment, trials: list[Trial]) -> dict[str, Report]:
        asked.extend(trials)
        return {trial.name: report() for trial in trials}

    monkeypatch.setattr("zoo.evaluation.experiment.run", measured)
    ended = script("ablation", small, "--out", tmp_path)
    assert ended.code == 0, ended
    variants = list(dict.fromkeys(trial.variant for trial in asked))
    # The tiny recipe has no light term, chooses by parts and uses the compact network.
    assert variants == [
        "as-it-is", "no-tv", "no-ramp", "no-mirrored",
        "n-best-1", "n-best-4", "n-best-16", "n-best-all", "n-best-by-face",
        "no-normalisation", "paper-layout", "another-seed",
    ]  # fmt: skip
    assert [trial.identity for trial in asked[:2]] == ["ada", "bruno"]
    rows = (tmp_path / "ablation.md").read_text().splitlines()
    assert len(rows) == 2 + len(variants)
    assert rows[2].startswith("| as it is |  |  |  |  | 0.5 | 0.6 | 4 |")
    assert len(json.loads((tmp_path / "ablation.json").read_text())) == len(asked)


def test_a_wrong_name_is_one_line(small: Project, script: Script) -> None:
    ended = script("ablation", small, "--identities", "carol")
    assert ended.code == 2
    assert ended.error.startswith(f"error: {small.root} has no identity carol; it has ada, bruno.")


def test_rendered_projects_show_one_stranger_in_difficult_situations(rendered: Project) -> None:
    figure_photos = FigurePhotos(rendered)
    assert figure_photos.rendered and figure_photos.ordinary()
    turned = figure_photos.turned()
    assert 4 <= len(turned) <= COUNT
    assert turned[0].yaw < -10 < 10 < turned[-1].yaw
    assert {"glasses", "hand", "big mouth"} <= {photo.words for photo in figure_photos.difficult()}


def test_a_page_holds_its_strips_below_each_other() -> None:
    black = np.zeros((50, 50, 3), np.uint8)
    made = page("title", "words", [GridRow("a", [black, black]), GridRow("b", [black], ["below"])])
    dark: np.ndarray = np.all(made < 40, axis=2)
    assert dark[3 * LINE + 80, LABEL + 80] and dark[3 * LINE + 80, LABEL + SIDE + 84]
    assert made.shape[0] > 3 * LINE + 2 * SIDE


def test_stitching_is_accounted_for_step_by_step(
    small: Project, script: Script, tmp_path: Path
) -> None:
    experiment = Experiment(small, tmp_path / "trained", "tiny")
    (trained,) = train(experiment, [Trial("ada", "base")])
    networks = tmp_path / "networks"
    networks.mkdir()
    experiment.network(trained).rename(networks / "ada")
    out = tmp_path / "stitching"
    wanted = ("--identities", "ada", "--networks", networks, "--out", out)
    ended = script("stitching", small, *wanted)
    assert ended.code == 0, ended
    rows = json.loads((out / "stitching.json").read_text())["ada"]
    # The photo's light is there once it is taken over, and gone where it is not.
    light = "luminance_correlation"
    assert rows["and the photo's light"][light] > rows["and the matte"][light]
    assert rows["and super-resolution: all"][light] > rows["all but the photo's light"][light]
    assert rows["the raw crop, square and all"]["landmark_difference"] > 0
    assert (out / "stitching.md").read_text().count("| and super-resolution: all |") == 2

    missing = script("stitching", small, "--identities", "bruno", "--networks", networks)
    assert missing.code != 0 and "has no network" in missing.error


def test_a_stitch_with_all_steps_is_the_products_and_with_one_off_is_not() -> None:
    steps = runpy.run_path(str(ROOT / "pipelines" / "experiments" / "stitching.py"))
    picture = render(named_person("ada"), random_scene(3, max_yaw=5), 160).image
    face = find_faces(picture)[0]
    crop = align(picture, face.landmarks, 32)
    raw = np.ascontiguousarray(crop.image[:, ::-1])
    swapped = SwappedFace(face.landmarks, crop, raw, np.ones((128, 128), np.float32))
    wanted = picture.copy()
    paste_back(wanted, swapped)
    whole = steps["ALL"]
    own = replace(whole, matte=False)  # the matte is one everywhere: the steps are spelled out
    for each in (whole, own):
        assert np.array_equal(steps["stitch"](picture, swapped, each), wanted)
    for off in ("light", "feather", "sharpness", "super_resolution"):
        without = steps["stitch"](picture, swapped, replace(own, **{off: False}))
        assert np.abs(without.astype(int) - wanted).max() > 5, off
