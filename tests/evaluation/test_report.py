import pytest

from zoo.evaluation.report import Measures, Network, Report, Row, summarise


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


def test_a_report_reads_back_as_it_was_written() -> None:
    rows = [row("a", 0.4, 0.7)]
    report = Report(
        identity="ada",
        network=Network(sha256="0" * 64, recipe="quick", resolution=64),
        measured_on="held-out content",
        gallery=["bruno"],
        left_out=[],
        skipped={},
        rows=rows,
        **summarise(rows, 0.3).model_dump(),
    )
    assert Report.model_validate_json(report.model_dump_json()) == report
