"""``curves.csv`` as rows, as MLflow metrics and as a picture."""

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from zoo.errors import RegistryError

if TYPE_CHECKING:
    from mlflow.entities import Metric

Row = dict[str, float]

_COLUMNS = 3
_WIDTH, _HEIGHT, _LABELS, _MARGIN, _TITLE = 250, 200, 44, 10, 34  # pixels


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
            f"{path} is not a table of loss curves; train again with `zoo train`."
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
    """Draws one small plot per term, three in a row, into a PNG as wide as MLflow's page.

    With Pillow: Matplotlib takes longer over this picture than all else that registering does.
    """
    # A term whose weight is zero has no curve worth looking at.
    names = dict.fromkeys(name for row in rows for name in row if name != "step")
    terms = [name for name in names if any(row.get(name) for row in rows)]
    lines = -(-len(terms) // _COLUMNS)
    size = (_COLUMNS * _WIDTH + _MARGIN, lines * _HEIGHT + _TITLE)
    # Drawn twice as large and then halved, so that lines and letters have soft edges.
    sheet = Pillow.new("RGB", (2 * size[0], 2 * size[1]), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((size[0], _TITLE), title, "black", ImageFont.load_default(26), anchor="mm")
    for index, term in enumerate(terms):
        row, column = divmod(index, _COLUMNS)
        at = (2 * column * _WIDTH, 2 * (row * _HEIGHT + _TITLE))
        points = [
            (row["step"], row[term]) for row in rows if math.isfinite(row.get(term, math.nan))
        ]
        _draw_curve(draw, at, term.replace("_", " "), points)
    sheet.reduce(2).save(path)


def _draw_curve(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], title: str, points: list[tuple[float, float]]
) -> None:
    """One plot with its corner ``at``, in pixels of the sheet before it is halved."""
    left, right = at[0] + 2 * _LABELS, at[0] + 2 * (_WIDTH - 4)
    top, bottom = at[1] + 2 * 24, at[1] + 2 * (_HEIGHT - 36)
    small, large = ImageFont.load_default(20), ImageFont.load_default(24)
    draw.text(((left + right) / 2, at[1] + 2 * 12), title, "black", large, anchor="mm")
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1)
    highest = max(1e-12, *(value for _, value in points))

    def place(step: float, value: float) -> tuple[float, float]:
        across, up = (step - first) / (last - first), value / (1.05 * highest)
        return left + across * (right - left), bottom - max(0.0, up) * (bottom - top)

    for tick in _ticks(0, highest):
        _, y = place(first, tick)
        draw.line([(left, y), (right, y)], "#dddddd", 1)
        draw.text((left - 8, y), f"{tick:g}", "black", small, anchor="rm")
    for tick in _ticks(first, last):
        x, _ = place(tick, 0)
        draw.line([(x, top), (x, bottom)], "#dddddd", 1)
        draw.text((x, bottom + 6), f"{tick:g}", "black", small, anchor="mt")
    draw.text(((left + right) / 2, bottom + 32), "iteration", "#555555", small, anchor="mt")
    draw.rectangle([left, top, right, bottom], outline="black")
    if len(points) > 1:
        draw.line([place(*point) for point in points], "#2b6cb0", 3, joint="curve")
    else:
        x, y = place(*points[0])
        draw.ellipse([x - 4, y - 4, x + 4, y + 4], "#2b6cb0")


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, three to five of them."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [
        number * step
        for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]
