"""The scores by theme, with the direction that is better."""

from dataclasses import dataclass
from typing import Literal

from zoo.evaluation.report.report_card import Scores

Better = Literal["higher", "lower", "one"]
ARROWS: dict[Better, str] = {"higher": "↑", "lower": "↓", "one": "→ 1"}


@dataclass(frozen=True)
class Figure:
    """One score: field of :class:`.report_card.Scores`, words, unit, which way is better."""

    name: str
    words: str
    unit: str
    better: Better


@dataclass(frozen=True)
class Line:
    """A figure's values: of the finished pictures, of the raw ones, and what to hold them to."""

    theme: str
    figure: Figure
    finished: float | None
    raw: float | None
    marks: str


THEMES: dict[str, tuple[Figure, ...]] = {
    "likeness, SFace": (
        Figure("top1_rate", "nearest to the target", "", "higher"),
        Figure("cosine", "cosine to the target", "", "higher"),
        Figure("cosine_to_photo", "cosine to the person in the photo", "", "lower"),
        Figure("cosine_margin", "margin between the two", "", "higher"),
        Figure("cosine_kept", "share of the raw cosine kept", "", "higher"),
    ),
    "likeness, dlib": (
        Figure("nearest_rate", "nearest to the target", "", "higher"),
        Figure("distance", "distance to the target", "", "lower"),
    ),
    "pose": (
        Figure("pose_difference", "turn of the head", "°", "lower"),
        Figure("landmark_difference", "landmarks", "%", "lower"),
        Figure("face_found_rate", "face found again", "", "higher"),
    ),
    "expression": (
        Figure("expression_difference", "brows, lids and lips", "%", "lower"),
        Figure("mouth_opening_difference", "opening of the mouth", "%", "lower"),
        Figure("mouth_kept", "open mouths kept open", "", "one"),
        Figure("eye_opening_difference", "opening of the eyes", "%", "lower"),
        Figure("gaze_difference", "gaze", "%", "lower"),
    ),
    "light": (
        Figure("luminance_correlation", "correlation", "", "higher"),
        Figure("light_turn", "turn of the light", "°", "lower"),
        Figure("shading_error", "harmonics", "%", "lower"),
    ),
    "picture": (
        Figure("background_psnr", "background", "dB", "higher"),
        Figure("seam", "seam", "", "one"),
        Figure("sharpness_ratio", "sharpness", "", "one"),
        Figure("colour_cast", "colour cast", "ΔE", "lower"),
        Figure("local_colour_cast", "colour cast by region", "ΔE", "lower"),
    ),
    "true swap": (
        Figure("truth_psnr", "face", "dB", "higher"),
        Figure("truth_psnr_photo", "photo", "dB", "higher"),
        Figure("truth_landmark_difference", "landmarks", "%", "lower"),
    ),
}


JUDGES = {"sface": "SFace", "dlib": "dlib's descriptor, the weaker recogniser"}
"""Who judges likeness, by :attr:`.report.Report.recogniser`, in words."""


def lines(scores: Scores) -> list[Line]:
    """Every figure that was measured, in the order of :data:`THEMES`."""
    values = scores.model_dump()
    marks = {
        "distance": f"{scores.distance_floor:.3g} unswapped, {scores.distance_ceiling:.3g} a real "
        "photo",
        "background_psnr": "100 untouched",
    }
    if scores.cosine_floor is not None and scores.cosine_ceiling is not None:
        marks["cosine"] = (
            f"{scores.cosine_floor:.3g} unswapped, {scores.cosine_ceiling:.3g} a real photo"
        )
    if scores.truth_psnr_floor is not None:
        marks["truth_psnr"] = f"{scores.truth_psnr_floor:.3g} unswapped"
    return [
        Line(theme, figure, value, values.get(f"raw_{figure.name}"), marks.get(figure.name, ""))
        for theme, figures in THEMES.items()
        for figure in figures
        if (value := values[figure.name]) is not None
    ]
