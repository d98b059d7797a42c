"""What an evaluation leaves: every photo's figures, and their means as scores.

``report.json`` holds a :class:`Report`. The numbers at its top level are the scores; they
become metrics and tags of the registry and stand in its gate.
"""

from collections.abc import Callable, Sequence

from pydantic import BaseModel


class Measures(BaseModel):
    """One picture made from one photo.

    Attributes:
        distance: of its face's descriptor to the target's mean.
        nearest_other: who, other than the target, it looks most like.
        distance_to_other: the distance to that one.
        face_found: whether the detector found the face in it.
        landmark_difference: to the input's landmarks, percent of the eyes' distance.
        luminance_correlation: with the input, low frequencies, inside the face.
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
    truth_psnr: float | None = None
    truth_psnr_photo: float | None = None
    truth_landmark_difference: float | None = None

    @property
    def is_target(self) -> bool:
        """Whether the target is the nearest person of all."""
        return self.distance < self.distance_to_other


class Row(BaseModel):
    """One photo: the finished picture, the network's raw output, and the photo unswapped."""

    photo: str
    finished: Measures
    raw: Measures
    unswapped_distance: float
    unswapped_truth_psnr: float | None = None

    @property
    def margin(self) -> float:
        """How much nearer the finished picture is to the target than to anyone else."""
        return self.finished.distance_to_other - self.finished.distance


class Scores(BaseModel):
    """Means over the photos; rates from 0 to 1. ``raw_`` is before stitching."""

    photos: int
    nearest_rate: float
    distance: float
    distance_floor: float
    distance_ceiling: float
    landmark_difference: float
    luminance_correlation: float
    face_found_rate: float
    truth_psnr: float | None
    truth_psnr_photo: float | None
    truth_psnr_floor: float | None
    truth_landmark_difference: float | None
    raw_nearest_rate: float
    raw_distance: float
    raw_landmark_difference: float
    raw_luminance_correlation: float
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
        network: what was measured.
        measured_on: where the photos came from.
        gallery: the other people it was compared with.
        left_out: people of the gallery who are the target under another name.
        skipped: photos that could not be used, with the reason.
        rows: every photo, the worst first.
    """

    identity: str
    network: Network
    measured_on: str
    gallery: list[str]
    left_out: list[str]
    skipped: dict[str, str]
    rows: list[Row]


def summarise(rows: Sequence[Row], ceiling: float) -> Scores:
    """The means of at least one row."""

    def mean(of: Callable[[Row], float | None]) -> float | None:
        values = [value for row in rows if (value := of(row)) is not None]
        return sum(values) / len(values) if values else None

    def always(of: Callable[[Row], float]) -> float:
        return sum(of(row) for row in rows) / len(rows)

    return Scores(
        photos=len(rows),
        nearest_rate=always(lambda row: row.finished.is_target),
        distance=always(lambda row: row.finished.distance),
        distance_floor=always(lambda row: row.unswapped_distance),
        distance_ceiling=ceiling,
        landmark_difference=always(lambda row: row.finished.landmark_difference),
        luminance_correlation=always(lambda row: row.finished.luminance_correlation),
        face_found_rate=always(lambda row: row.finished.face_found),
        truth_psnr=mean(lambda row: row.finished.truth_psnr),
        truth_psnr_photo=mean(lambda row: row.finished.truth_psnr_photo),
        truth_psnr_floor=mean(lambda row: row.unswapped_truth_psnr),
        truth_landmark_difference=mean(lambda row: row.finished.truth_landmark_difference),
        raw_nearest_rate=always(lambda row: row.raw.is_target),
        raw_distance=always(lambda row: row.raw.distance),
        raw_landmark_difference=always(lambda row: row.raw.landmark_difference),
        raw_luminance_correlation=always(lambda row: row.raw.luminance_correlation),
        raw_truth_psnr=mean(lambda row: row.raw.truth_psnr),
        raw_truth_landmark_difference=mean(lambda row: row.raw.truth_landmark_difference),
    )
