"""``curves.csv`` as rows, as MLflow metrics and as a picture."""

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import RegistryError

if TYPE_CHECKING:
    from mlflow.entities import Metric

Row = dict[str, float]

_COLUMNS = 3


def read_curves(path: Path) -> list[Row]:
    """The points of a training's curves: ``step`` and each term of the loss.

    A cell is empty where a term was not computed: validation is not at every point.

    Raises:
        RegistryError: the file is missing or no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                {key: float(value) for key, value in row.items() if value != ""}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError) as error:
        raise RegistryError(
            f"{path} is no table of curves; train again with `zoo train`."
        ) from error
    if not rows or not all("step" in row for row in rows):
        raise RegistryError(f"{path} has no column 'step' or no row; train again with `zoo train`.")
    return rows


def metrics(rows: list[Row], timestamp: int) -> "list[Metric]":
    """Every finite value of ``rows`` as MLflow takes it, named as the training's driver does."""
    from mlflow.entities import Metric

    return [
        Metric("loss" if name == "total" else f"loss/{name}", value, timestamp, int(row["step"]))
        for row in rows
        for name, value in row.items()
        if name != "step" and math.isfinite(value)
    ]


def draw_curves(rows: list[Row], title: str, path: Path) -> None:
    """Draws one small plot per term, three in a row, into a PNG as wide as MLflow's page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A term whose weight is zero has no curve worth looking at.
    names = dict.fromkeys(name for row in rows for name in row if name != "step")
    terms = [name for name in names if any(row.get(name) for row in rows)]
    height = -(-len(terms) // _COLUMNS)
    inches = 2.2 * height + 0.4
    figure = Figure(figsize=(7.6, inches))
    FigureCanvasAgg(figure)
    # Matplotlib's own layout engines take longer than all the drawing.
    figure.subplots_adjust(
        left=0.07, right=0.98, bottom=0.5 / inches, top=1 - 0.6 / inches, wspace=0.25, hspace=0.6
    )
    for index, term in enumerate(terms, 1):
        axes = figure.add_subplot(height, _COLUMNS, index)
        points = [(row["step"], row[term]) for row in rows if term in row]
        axes.plot(*zip(*points, strict=True), linewidth=1.4, color="#2b6cb0")
        axes.set_title(term.replace("_", " "), fontsize=10)
        axes.set_xlabel("iteration", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
        axes.set_ylim(bottom=0)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=100)
