"""Plots of the measures: their distribution over the photos."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.evaluation.report.report_card import Measures, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FINISHED, _RAW = "#2b6cb0", "#c9882b"
_BINS = 20
_MARGIN_WORDS = {
    "sface": "likeness (SFace): cosine to the target − to the person in the photo",
    "dlib": "likeness (dlib): distance to the nearest other − to the target",
}


def draw_plots(report: Report, path: Path) -> None:
    """Distributions of identity, landmarks and light, and identity against expression, as PNG.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6))
    FigureCanvasAgg(figure)
    # Matplotlib's own layout engines draw everything twice.
    figure.subplots_adjust(left=0.065, right=0.985, bottom=0.08, top=0.93, wspace=0.2, hspace=0.26)
    axes = figure.subplots(2, 2)
    finished, raw = [row.finished for row in report.rows], [row.raw for row in report.rows]
    for place, label, of in (
        (axes[0, 0], _MARGIN_WORDS[report.recogniser], _margin),
        (axes[0, 1], "landmarks: difference from the input, %", _landmarks),
        (axes[1, 0], "light: correlation with the input", _light),
    ):
        _distribution(place, label, [of(one) for one in finished], [of(one) for one in raw])
    axes[0, 0].axvline(0, color="#b03030", linewidth=1)
    _scatter(axes[1, 1], finished, raw)
    title = f"{report.identity}, {report.network.resolution} px, {report.network.recipe}"
    figure.suptitle(f"{title}: {report.photos} photos of {report.measured_on}", fontsize=11)
    figure.savefig(path, format="png", dpi=100)


def _margin(picture: Measures) -> float:
    by_cosine = picture.cosine_margin
    return picture.distance_to_other - picture.distance if by_cosine is None else by_cosine


def _landmarks(picture: Measures) -> float:
    return picture.landmark_difference


def _light(picture: Measures) -> float:
    return picture.luminance_correlation


def _distribution(axes: "Axes", label: str, finished: list[float], raw: list[float]) -> None:
    low, high = min(*finished, *raw), max(*finished, *raw)
    edges = [low + (high - low) * i / _BINS for i in range(_BINS + 1)] if high > low else _BINS
    for values, colour, alpha, name in (
        (raw, _RAW, 0.45, "network's output"),
        (finished, _FINISHED, 0.75, "finished picture"),
    ):
        axes.stairs(*np.histogram(values, edges), fill=True, color=colour, alpha=alpha, label=name)
    mean = sum(finished) / len(finished)
    axes.axvline(mean, color=_FINISHED, linestyle="--", linewidth=1, label=f"mean {mean:.3g}")
    axes.set_xlabel(label, fontsize=9)
    axes.set_ylabel("photos", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7)


def _scatter(axes: "Axes", finished: list[Measures], raw: list[Measures]) -> None:
    for pictures, colour, label in (
        (raw, _RAW, "network's output"),
        (finished, _FINISHED, "finished picture"),
    ):
        points = [
            (one.distance, one.expression_difference)
            for one in pictures
            if one.expression_difference is not None
        ]
        if points:
            x, y = zip(*points, strict=True)
            axes.scatter(x, y, s=14, color=colour, alpha=0.7, label=label)
            axes.legend(fontsize=7)
    axes.set_xlabel("identity: distance to the target", fontsize=9)
    axes.set_ylabel("expression: difference, %", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
