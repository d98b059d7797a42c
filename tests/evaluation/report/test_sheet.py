import numpy as np

from zoo.evaluation.comparison import Example
from zoo.evaluation.report.report_card import Measures, Row
from zoo.evaluation.report.sheet import TILE, caption, sheet, tile


def row(**cosines: float | str) -> Row:
    """A photo that dlib's descriptor takes for the target."""
    finished = Measures.model_validate(
        {
            "distance": 0.4,
            "nearest_other": "bruno",
            "distance_to_other": 0.7,
            "face_found": True,
            "landmark_difference": 3.0,
            "luminance_correlation": 0.9,
            **cosines,
        }
    )
    return Row(photo="a.jpg", finished=finished, raw=finished, unswapped_distance=0.8)


def red(judged: Row) -> bool:
    """Whether the sheet has red ink; its pictures are grey."""
    grey = np.full((8, 8, 3), 128, np.uint8)
    page = sheet([Example(judged, grey, grey, grey)], grey, "title").astype(int)
    return bool((page[..., 0] - page[..., 1] > 80).any())


def test_the_caption_has_the_judges_figures() -> None:
    assert caption(row()) == (
        "a.jpg:  distance to target 0.40, to bruno 0.70;  landmarks 3.0 %;  light 0.90"
    )
    judged = row(
        cosine=0.5, cosine_to_photo=0.6, cosine_to_other=0.61, nearest_other_by_cosine="carl"
    )
    assert caption(judged) == (
        "a.jpg:  cosine to target 0.50, to carl 0.61;  landmarks 3.0 %;  light 0.90"
    )


def test_a_caption_is_red_where_the_judge_sees_someone_else() -> None:
    assert not red(row())
    assert red(row(cosine=0.5, cosine_to_photo=0.6, cosine_to_other=0.6))
    assert not red(row(cosine=0.6, cosine_to_photo=0.5, cosine_to_other=0.5))


def test_a_tile_keeps_the_pictures_proportions_and_pads_with_white() -> None:
    wide = np.zeros((20, 40, 3), np.uint8)
    square = np.asarray(tile(wide, TILE))
    assert square.shape == (TILE, TILE, 3)
    black: np.ndarray = np.all(square < 128, axis=2)
    assert black.any(axis=1).sum() == TILE // 2
    assert black.any(axis=0).all()
