from pathlib import Path

import pytest

from zoo.evaluation.report.plots import draw_plots
from zoo.evaluation.report.report_card import Measures, Network, Report, Row, Scores, summarise
from zoo.evaluation.report.themes import THEMES, lines
from zoo.photos.reading import read_photo


def measures(distance: float, other: float, **more: float) -> Measures:
    return Measures(
        distance=distance,
        nearest_other="bruno",
        distance_to_other=other,
        face_found=True,
        landmark_difference=more.get("landmarks", 4.0),
        luminance_correlation=0.9,
        truth_psnr=more.get("psnr"),
    )


def seen(name: str, cosine: float, to_photo: float, other: float, raw: float) -> Row:
    """A row that SFace judged too; dlib's figures would order it otherwise."""
    found = row(name, 1 - cosine, cosine)
    figures = {"cosine_to_photo": to_photo, "cosine_to_other": other}
    return found.model_copy(
        update={
            "finished": found.finished.model_copy(update={"cosine": cosine, **figures}),
            "raw": found.raw.model_copy(update={"cosine": raw, **figures}),
            "unswapped_cosine": 0.1,
        }
    )


def row(name: str, distance: float, other: float, **more: float) -> Row:
    return Row(
        photo=name,
        finished=measures(distance, other, **more),
        raw=measures(distance - 0.1, other),
        unswapped_distance=0.8,
    )


def test_scores_are_means_over_the_photos() -> None:
    rows = [row("a", 0.4, 0.7, landmarks=2.0), row("b", 0.8, 0.7, landmarks=6.0)]
    scores = summarise(rows, ceiling=0.3)
    assert scores.photos == 2
    assert scores.nearest_rate == 0.5
    assert scores.distance == pytest.approx(0.6)
    assert scores.raw_distance == pytest.approx(0.5)
    assert scores.landmark_difference == pytest.approx(4.0)
    assert (scores.distance_floor, scores.distance_ceiling) == (0.8, 0.3)


def test_the_truth_is_averaged_over_rendered_photos_only() -> None:
    rows = [row("rendered", 0.4, 0.7, psnr=20.0), row("photo", 0.4, 0.7)]
    assert summarise(rows, 0.3).truth_psnr == 20.0
    assert summarise(rows[1:], 0.3).truth_psnr is None


def test_a_tie_does_not_count_as_the_target() -> None:
    assert not measures(0.5, 0.5).is_target


def test_margin_orders_the_worst_first() -> None:
    rows = [row("good", 0.3, 0.9), row("bad", 0.9, 0.3), row("fair", 0.5, 0.6)]
    assert [r.photo for r in sorted(rows, key=lambda r: r.margin)] == ["bad", "fair", "good"]


def report() -> Report:
    rows = [row("a", 0.4, 0.7), row("b", 0.8, 0.6)]
    return Report(
        identity="ada",
        network=Network(sha256="0" * 64, recipe="quick", resolution=64),
        measured_on="held-out content",
        gallery=["bruno"],
        left_out=[],
        skipped={},
        rows=rows,
        **summarise(rows, 0.3).model_dump(),
    )


def test_a_report_reads_back_as_it_was_written() -> None:
    assert Report.model_validate_json(report().model_dump_json()) == report()


def test_figures_that_some_photos_lack_are_averaged_over_the_others() -> None:
    rows = report().rows
    rows[0].finished.mouth_kept, rows[1].raw.gaze_difference = 0.4, 6.0
    scores = summarise(rows, 0.3)
    assert (scores.mouth_kept, scores.raw_mouth_kept) == (0.4, None)
    assert (scores.gaze_difference, scores.raw_gaze_difference) == (None, 6.0)


def test_every_measure_has_a_score_and_every_score_its_line() -> None:
    measured = {
        name
        for name, field in Measures.model_fields.items()
        if field.annotation not in (str, str | None)
    }
    scores = set(Scores.model_fields)
    assert measured - {"face_found", "distance_to_other", "cosine_to_other"} <= scores
    listed = {figure.name for figures in THEMES.values() for figure in figures}
    raw = {name.removeprefix("raw_") for name in scores if name.startswith("raw_")}
    assert raw <= listed
    unlisted = {
        "photos",
        "distance_floor",
        "distance_ceiling",
        "cosine_floor",
        "cosine_ceiling",
        "truth_psnr_floor",
    }
    assert scores - listed - {f"raw_{name}" for name in raw} == unlisted


def test_lines_tell_what_was_measured_and_what_to_hold_it_to() -> None:
    found = {line.figure.name: line for line in lines(report())}
    assert "gaze_difference" not in found
    assert found["distance"].finished == pytest.approx(0.6)
    assert found["distance"].marks == "0.8 unswapped, 0.3 a real photo"
    assert found["luminance_correlation"].raw == pytest.approx(0.9)
    assert found["face_found_rate"].raw is None


def test_plots_are_drawn_from_few_photos_too(tmp_path: Path) -> None:
    draw_plots(report(), tmp_path / "plots.png")
    one = report().model_copy(update={"rows": report().rows[:1], "photos": 1})
    draw_plots(one, tmp_path / "one.png")
    assert read_photo(tmp_path / "plots.png").image.shape == (600, 900, 3)


def test_sfaces_scores_are_means_over_the_photos() -> None:
    rows = [seen("a", 0.6, 0.2, 0.3, raw=0.8), seen("b", 0.4, 0.3, 0.5, raw=0.45)]
    scores = summarise(rows, ceiling=0.3, cosine_ceiling=0.9)
    assert (scores.top1_rate, scores.raw_top1_rate) == (0.5, 0.5)
    assert scores.cosine == pytest.approx(0.5)
    assert scores.cosine_to_photo == pytest.approx(0.25)
    assert scores.cosine_margin == pytest.approx(0.25)
    assert scores.raw_cosine == pytest.approx(0.625)
    assert scores.raw_cosine_margin == pytest.approx(0.375)
    assert scores.cosine_kept == pytest.approx(0.8)
    assert scores.cosine_floor == pytest.approx(0.1)
    assert scores.cosine_ceiling == 0.9


def test_without_sface_its_scores_are_none_and_dlib_says_whom_a_picture_shows() -> None:
    scores = summarise([row("a", 0.4, 0.7)], ceiling=0.3)
    names = [name for name in Scores.model_fields if "cosine" in name or "top1" in name]
    assert len(names) == 11
    assert all(getattr(scores, name) is None for name in names)
    assert measures(0.4, 0.7).shows_target and not measures(0.7, 0.4).shows_target


def test_sface_says_whom_a_picture_shows_whatever_dlib_says() -> None:
    taken = seen("a", 0.4, 0.3, 0.39, raw=0.5).finished
    assert not taken.is_target and taken.is_top1 and taken.shows_target
    assert not taken.model_copy(update={"cosine_to_other": 0.4}).shows_target  # a tie


def test_margin_is_sfaces_where_it_judged() -> None:
    rows = [seen("near", 0.7, 0.6, 0.6, raw=0.7), seen("far", 0.5, 0.1, 0.1, raw=0.5)]
    assert rows[0].margin == pytest.approx(0.1)
    assert [r.photo for r in sorted(rows, key=lambda r: r.margin)] == ["near", "far"]


def test_a_report_from_before_sface_still_parses() -> None:
    old = report().model_dump(mode="json")
    del old["recogniser"]
    for part in [old, *old["rows"], *(r[k] for r in old["rows"] for k in ("finished", "raw"))]:
        for name in [name for name in part if "cosine" in name or "top1" in name]:
            del part[name]
    assert Report.model_validate(old) == report()
    assert Report.model_validate(old).recogniser == "dlib"


def test_plots_are_drawn_from_sfaces_figures_too(tmp_path: Path) -> None:
    rows = [seen("a", 0.6, 0.2, 0.3, raw=0.8), seen("b", 0.4, 0.3, 0.5, raw=0.45)]
    judged = report().model_copy(update={"rows": rows, "recogniser": "sface"})
    draw_plots(judged, tmp_path / "plots.png")
    assert read_photo(tmp_path / "plots.png").image.shape == (600, 900, 3)
