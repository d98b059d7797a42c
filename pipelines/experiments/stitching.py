"""Ablation of compositing: its steps added one after another, and each left out, measured.

    python pipelines/experiments/stitching.py [--identities NAME...] [--networks DIR] [--processes
    N]

Takes trained networks (``models/NAME``, or ``DIR/NAME``), swaps the held-out photos, and leaves
``stitching.json`` and ``stitching.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from zoo.errors import IdentityError, UnknownIdentityError
from zoo.evaluation.comparison import paste_back as paste_raw
from zoo.evaluation.experiment_arguments import parser, run_experiment, selected
from zoo.evaluation.judging import judge_of
from zoo.evaluation.measures.measure import Before, measure
from zoo.evaluation.report.report_card import Measures
from zoo.evaluation.run import held_out_subjects
from zoo.faces.compositing.detail import sharpened
from zoo.faces.compositing.super_resolution import enlarged, share_of_detail
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.faces.masks.face_mask import crop_mask
from zoo.faces.masks.segmentation import skin
from zoo.photos.image import Image
from zoo.process_pool import ProcessPool, in_order
from zoo.settings import Project
from zoo.storage import write_json
from zoo.swapping.compositing import (
    SwappedFace,
    aligned_for_segmentation,
    coverage,
    paste_back,
    put_in_place,
    relit,
)
from zoo.swapping.network import SwapNetwork


@dataclass(frozen=True)
class Steps:
    """Which steps are taken."""

    feather: bool = True
    matte: bool = True
    light: bool = True
    sharpness: bool = True
    super_resolution: bool = True


ALL = Steps()
VARIANTS: Mapping[str, Steps] = {
    "inside the outline, with a hard rim": Steps(False, False, False, False, False),
    "and a feather": Steps(True, False, False, False, False),
    "and the matte": Steps(True, True, False, False, False),
    "and the photo's light": Steps(True, True, True, False, False),
    "and its sharpness": replace(ALL, super_resolution=False),
    "and super-resolution: all": ALL,
    "all but the feather": replace(ALL, feather=False),
    "all but the matte": replace(ALL, matte=False),
    "all but the photo's light": replace(ALL, light=False),
}
RAW = "the raw crop, square and all"
COLUMNS: Mapping[str, str] = {
    "cosine": "cosine to the target",
    "cosine_to_photo": "to the photo's person",
    "landmark_difference": "landmarks, %",
    "luminance_correlation": "light",
    "seam": "seam",
    "sharpness_ratio": "sharpness",
}


def main() -> int:
    options = parser("The steps of stitching, one by one.", "stitching")
    options.add_argument("--networks", type=Path, help="folders of networks by identity")
    arguments = options.parse_args()
    experiment, names = selected(arguments)
    networks = arguments.networks or experiment.project.models
    for name in names:
        if not (networks / name / "network.onnx").is_file():
            raise UnknownIdentityError(f"{networks / name} has no network; train it first.")
    with ProcessPool(experiment.processes) as pool:
        work = partial(measured, experiment.project, networks)
        found = dict(zip(names, in_order(pool, names, work, lost), strict=True))
    write_json(experiment.folder / "stitching.json", found)
    path = experiment.folder / "stitching.md"
    path.write_text(table(found), encoding="utf-8")
    print(f"Look at {path}")
    return 0


def lost(name: str, reason: str) -> NoReturn:
    """An identity whose process died."""
    raise IdentityError(f"{name}: {reason}, perhaps because memory ran out; use fewer processes.")


def measured(project: Project, networks: Path, name: str) -> dict[str, dict[str, float]]:
    """Mean figures of each variant for one identity."""
    judge, _ = judge_of(project, name)
    network = SwapNetwork(networks / name / "network.onnx")
    rows: dict[str, list[Measures]] = {}
    for load in held_out_subjects(project, None).values():
        photo = load().image
        if not (faces := find_faces(photo)):
            continue
        face, before = faces[0], Before.of(photo, faces[0], judge)
        crop = align(photo, face.landmarks, network.resolution)
        raw = network(crop.image[None])[0]
        wide = aligned_for_segmentation(photo, face.landmarks, crop)
        swapped = SwappedFace(face.landmarks, crop, raw, skin(wide.image, wide.landmarks))
        pictures = {RAW: paste_raw(photo, face, raw)}
        for variant, steps in VARIANTS.items():
            pictures[variant] = stitch(photo, swapped, steps)
        for variant, picture in pictures.items():
            rows.setdefault(variant, []).append(measure(picture, before, judge, None))
    return {
        variant: {column: _mean(each, column) for column in COLUMNS}
        for variant, each in rows.items()
    }


def stitch(photo: Image, face: SwappedFace, steps: Steps) -> Image:
    """:func:`zoo.swapping.compositing.paste_back` with these steps only."""
    result = photo.copy()
    if steps == ALL:
        paste_back(result, face)
        return result
    if not steps.matte:
        face = replace(face, matte=np.ones_like(face.matte))
    weight = coverage(face)
    if not steps.feather:
        mask = crop_mask(face.crop.landmarks, weight.shape[0])
        weight = np.divide(weight, mask, out=np.zeros_like(weight), where=mask > 0)
    shown, pitch = face.raw.astype(np.float32), face.crop.pitch
    if steps.light:
        shown = relit(face, weight, photo.shape)
    if steps.super_resolution and (share := share_of_detail(pitch)):
        shown, pitch = enlarged(shown, share), pitch / 2
    if steps.sharpness and pitch > 1:
        shown = sharpened(shown)
    put_in_place(result, face, shown, weight, pitch if steps.sharpness else 1.0)
    return result


def table(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Markdown: a row per variant, means over the identities, then each identity's."""
    lines = []
    people = {"all": list(found), **{name: [name] for name in found}}
    for title, names in people.items():
        lines += [
            f"| {title} | {' | '.join(COLUMNS.values())} |",
            "|---" * (len(COLUMNS) + 1) + "|",
        ]
        for variant in found[names[0]]:
            cells = [
                f"{np.mean([found[name][variant][column] for name in names]):.3f}"
                for column in COLUMNS
            ]
            lines.append(f"| {variant} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _mean(rows: list[Measures], column: str) -> float:
    """Over the photos where it was measured."""
    known = [value for row in rows if (value := getattr(row, column)) is not None]
    return float(np.mean(known)) if known else float("nan")


if __name__ == "__main__":
    run_experiment(main)
