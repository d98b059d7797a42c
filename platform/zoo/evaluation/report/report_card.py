"""The report card: every photo's measures, and their means as scores.

``report.json`` holds a :class:`Report`. The numbers at its top level are the scores; they become
metrics and tags of the registry and are checked by its gate.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel


class Measures(BaseModel):
    """One picture made from one photo.

    Attributes:
        cosine: of its face's SFace embedding to the target's mean. None without SFace.
        cosine_to_photo: to the person in the photo.
        cosine_to_other: the highest to anyone but the target.
        nearest_other_by_cosine: whose that is.
        distance: of its face's descriptor to the target's mean.
        nearest_other: who, other than the target, it looks most like.
        distance_to_other: the distance to that one.
        face_found: whether the detector found the face in it.
        landmark_difference: to the input's landmarks, percent of the eyes' distance.
        luminance_correlation: with the input, low frequencies, inside the face.
        pose_difference: the turn of the head against the input's, degrees.
        expression_difference: brows, lids and lips against the input's once pose is removed,
            percent of the eyes' distance.
        mouth_opening_difference: of the opening between the lips, percent of the eyes' distance.
        mouth_kept: the opening over the input's, for inputs whose mouth is open.
        eye_opening_difference: of the opening between the lids, percent of the eyes' distance.
        gaze_difference: shift of the irises, percent of the eyes' width; for open eyes.
        light_turn: angle between the light's directions, degrees.
        shading_error: of the harmonics of light on the skin, percent.
        background_psnr: against the input outside the face's mask, dB.
        seam: steps of colour across the rim, relative to the input's.
        sharpness_ratio: fine detail inside the face, relative to the input's.
        colour_cast: of the face's mean chroma, ΔE.
        local_colour_cast: of the blurred chroma, mean ΔE over the face.
        truth_psnr: against the true swap inside the face, dB. Rendered people only.
        truth_psnr_photo: the same over the whole photo, dB.
        truth_landmark_difference: landmarks detected in it against those detected in the true
            swap, percent.
    """

    distance: float
    nearest_other: str
    distance_to_other: float
    face_found: bool
    landmark_difference: float
    luminance_correlation: float
    cosine: float | None = None
    cosine_to_photo: float | None = None
    cosine_to_other: float | None = None
    nearest_other_by_cosine: str | None = None
    pose_difference: float | None = None
    expression_difference: float | None = None
    mouth_opening_difference: float | None = None
    mouth_kept: float | None = None
    eye_opening_difference: float | None = None
    gaze_difference: float | None = None
    light_turn: float | None = None
    shading_error: float | None = None
    background_psnr: float | None = None
    seam: float | None = None
    sharpness_ratio: float | None = None
    colour_cast: float | None = None
    local_colour_cast: float | None = None
    truth_psnr: float | None = None
    truth_psnr_photo: float | None = None
    truth_landmark_difference: float | None = None

    @property
    def is_target(self) -> bool:
        """Whether the target is the nearest person of all, by dlib's descriptor."""
        return self.distance < self.distance_to_other

    @property
    def is_top1(self) -> bool | None:
        """Whether the target is the nearest person of all, by SFace; None without it."""
        if self.cosine is None or self.cosine_to_other is None:
            return None
        return self.cosine > self.cosine_to_other

    @property
    def cosine_margin(self) -> float | None:
        """How much nearer to the target than to the person in the photo, by SFace."""
        if self.cosine is None or self.cosine_to_photo is None:
            return None
        return self.cosine - self.cosine_to_photo

    @property
    def shows_target(self) -> bool:
        """Whether the recogniser takes it for the target: SFace, or else dlib's descriptor."""
        return self.is_target if self.is_top1 is None else self.is_top1


class Row(BaseModel):
    """One photo: the finished picture, the network's raw output, and the photo unswapped."""

    photo: str
    finished: Measures
    raw: Measures
    unswapped_distance: float
    unswapped_cosine: float | None = None
    unswapped_truth_psnr: float | None = None

    @property
    def margin(self) -> float:
        """How much nearer the finished picture is to the target: what orders the worst first.

        By SFace, nearer than to the person in the photo; without it, by dlib's descriptor,
        nearer than to anyone else.
        """
        by_cosine = self.finished.cosine_margin
        if by_cosine is not None:
            return by_cosine
        return self.finished.distance_to_other - self.finished.distance


class Scores(BaseModel):
    """Means over the photos; rates from 0 to 1. ``raw_`` is before stitching.

    ``cosine`` and ``top1_rate`` are SFace's, ``distance`` and ``nearest_rate`` dlib's.

    A figure is None when no photo has it: mouths that are open, eyes that are, true swaps.
    """

    photos: int
    top1_rate: float | None = None
    cosine: float | None = None
    cosine_to_photo: float | None = None
    cosine_margin: float | None = None
    cosine_floor: float | None = None
    cosine_ceiling: float | None = None
    cosine_kept: float | None = None
    nearest_rate: float
    distance: float
    distance_floor: float
    distance_ceiling: float
    face_found_rate: float
    landmark_difference: float
    pose_difference: float | None = None
    expression_difference: float | None = None
    mouth_opening_difference: float | None = None
    mouth_kept: float | None = None
    eye_opening_difference: float | None = None
    gaze_difference: float | None = None
    luminance_correlation: float
    light_turn: float | None = None
    shading_error: float | None = None
    background_psnr: float | None = None
    seam: float | None = None
    sharpness_ratio: float | None = None
    colour_cast: float | None = None
    local_colour_cast: float | None = None
    truth_psnr: float | None
    truth_psnr_photo: float | None
    truth_psnr_floor: float | None
    truth_landmark_difference: float | None
    raw_top1_rate: float | None = None
    raw_cosine: float | None = None
    raw_cosine_to_photo: float | None = None
    raw_cosine_margin: float | None = None
    raw_nearest_rate: float
    raw_distance: float
    raw_landmark_difference: float
    raw_pose_difference: float | None = None
    raw_expression_difference: float | None = None
    raw_mouth_opening_difference: float | None = None
    raw_mouth_kept: float | None = None
    raw_eye_opening_difference: float | None = None
    raw_gaze_difference: float | None = None
    raw_luminance_correlation: float
    raw_light_turn: float | None = None
    raw_shading_error: float | None = None
    raw_sharpness_ratio: float | None = None
    raw_local_colour_cast: float | None = None
    raw_truth_psnr: float | None
    raw_truth_landmark_difference: float | None


class Network(BaseModel):
    """Which network was measured: SHA-256 of its file, recipe, side of its crops in pixels."""

    sha256: str
    recipe: str
    resolution: int


class Report(Scores):
    """One network's report card.

    Attributes:
        identity: its name.
        recogniser: who judges likeness: ``sface``, or ``dlib``, the weaker judge.
        network: what was measured.
        measured_on: where the photos came from.
        gallery: the other people it was compared with.
        left_out: people of the gallery who are the target under another name.
        skipped: photos that could not be used, with the reason.
        rows: every photo, the worst first.
    """

    identity: str
    recogniser: Literal["sface", "dlib"] = "dlib"
    network: Network
    measured_on: str
    gallery: list[str]
    left_out: list[str]
    skipped: dict[str, str]
    rows: list[Row]


def summarise(rows: Sequence[Row], ceiling: float, cosine_ceiling: float | None = None) -> Scores:
    """The means of at least one row, over the photos that have the figure.

    Args:
        rows: the photos.
        ceiling: the mean distance of a real photo to the target, by dlib's descriptor.
        cosine_ceiling: its mean cosine, by SFace.
    """
    cosine, raw_cosine = (
        _mean(picture.cosine for picture in pictures)
        for pictures in ([row.finished for row in rows], [row.raw for row in rows])
    )
    scores: dict[str, float | None] = {
        "photos": len(rows),
        "top1_rate": _mean(row.finished.is_top1 for row in rows),
        "raw_top1_rate": _mean(row.raw.is_top1 for row in rows),
        "cosine_floor": _mean(row.unswapped_cosine for row in rows),
        "cosine_ceiling": cosine_ceiling,
        "cosine_kept": cosine / raw_cosine if cosine is not None and raw_cosine else None,
        "nearest_rate": _mean(row.finished.is_target for row in rows),
        "face_found_rate": _mean(row.finished.face_found for row in rows),
        "distance_floor": _mean(row.unswapped_distance for row in rows),
        "distance_ceiling": ceiling,
        "truth_psnr_floor": _mean(row.unswapped_truth_psnr for row in rows),
        "raw_nearest_rate": _mean(row.raw.is_target for row in rows),
    }
    for name in Scores.model_fields.keys() - scores.keys():
        figure = name.removeprefix("raw_")
        pictures = (row.finished if figure == name else row.raw for row in rows)
        scores[name] = _mean(getattr(picture, figure) for picture in pictures)
    return Scores.model_validate(scores)


def _mean(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None
