"""Makes the segmentation network from rendered people and measures it against GrabCut.

    python pipelines/shipped/segmentation.py --work FOLDER [--measure] [--sheet PICTURE]

1. Close-ups of people are rendered with their labels (0.2 s each), and kept in the work folder.
2. Each is retouched, occluded and photographed anew every time it is shown to the network
   (``zoo.people.augmentation.augment``, ``zoo.people.augmentation.occluders``); cross-entropy plus
   the soft Dice loss (Milletari et al. 2016, https://arxiv.org/abs/1606.04797), because what is
   worn is rare.
3. Its convolutions are quantised to 8 bits, calibrated on some of these crops.
4. On people it has never seen: intersection over union of each class for the network, for GrabCut
   (Rother et al. 2004) seeded by landmarks, and for GrabCut seeded by the network. ``--measure``
   does only this, for the network that is shipped.
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor
from torch.nn import functional as F

from zoo.faces.masks.face_mask import face_outline
from zoo.faces.masks.segmentation import BACKGROUND, HAIR, OTHER, SKIN, WEIGHTS, segment, skin
from zoo.networks.quantisation import quantise
from zoo.networks.segmentation import CLASSES, SIZE, SegmentationNetwork, export_segmentation
from zoo.photos.image import Image, Plane, Points
from zoo.photos.writing import write_photo
from zoo.storage import write_json
from zoo.training.shipped.synthetic_crops import FIRST_HELD_OUT, CloseUps, rendered, show

TRAINING, HELD_OUT, BATCH, RATE = 1500, 100, 16, 3e-3
CALIBRATING = 48
CLASS_WEIGHTS = (1.0, 1.0, 1.0, 1.5)
KINDS, SHARES = ("plain", "occluded", "varied"), (0.25, 0.25, 0.5)
COLOURS = np.array(((0, 0, 200), (255, 200, 0), (0, 210, 80), (255, 0, 220)), np.float32)

Labels = NDArray[np.uint8]
Random = np.random.Generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="keeps the renders")
    parser.add_argument("--faces", type=int, default=TRAINING)
    parser.add_argument("--iterations", type=int, default=1600)
    parser.add_argument("--measure", action="store_true", help="the shipped network, as it is")
    parser.add_argument("--sheet", type=Path, help="picture to write: photo, truth, answer, mask")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)

    arguments.work.mkdir(parents=True, exist_ok=True)
    report_path = WEIGHTS.with_suffix(".json")
    if arguments.measure:
        made = json.loads(report_path.read_text(encoding="utf-8"))
        report = {name: made[name] for name in ("faces", "iterations")}
    else:
        training = rendered(arguments.work, range(arguments.faces))
        export_segmentation(train(training, arguments.iterations), WEIGHTS)
        quantise(WEIGHTS, calibration(training))
        report = {"faces": arguments.faces, "iterations": arguments.iterations}
    held_out = rendered(arguments.work, range(FIRST_HELD_OUT, FIRST_HELD_OUT + HELD_OUT))
    report |= measure(held_out)
    write_json(report_path, report)
    print(json.dumps(report, indent=2))
    if arguments.sheet:
        write_photo(arguments.sheet, sheet(held_out))


def train(close: CloseUps, iterations: int) -> SegmentationNetwork:
    """The network whose weights are the moving mean of those in training."""
    torch.manual_seed(0)
    network = SegmentationNetwork()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(network)
    adam = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        adam, RATE, iterations, pct_start=0.15, cycle_momentum=False
    )
    network.train()
    for step in track(range(iterations), "training"):
        random = np.random.default_rng([0, step])
        kinds = random.choice(KINDS, BATCH, p=SHARES)
        numbers = random.integers(len(close.images), size=BATCH)
        shown = [
            show(random, close, int(number), str(kind), moved=True)
            for kind, number in zip(kinds, numbers, strict=True)
        ]
        photos_BHW3 = torch.from_numpy(np.stack([image for image, _, _ in shown]))
        labels_BHW = torch.from_numpy(np.stack([labels for _, labels, _ in shown])).long()
        with torch.autocast("cpu", torch.bfloat16):
            logits_B4HW = network(photos_BHW3.permute(0, 3, 1, 2).float() / 255)
        adam.zero_grad(set_to_none=True)
        torch.autograd.backward(_loss(logits_B4HW.float(), labels_BHW))
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        schedule.step()
        _follow(mean, network, min(0.995, (1 + step) / (10 + step)))
    mean.eval()
    return mean


def calibration(close: CloseUps) -> NDArray[np.float32]:
    """Photos [B, 3, H, W] of all kinds, 0..1, by which the network is quantised."""
    photos = [
        show(np.random.default_rng([3, number]), close, number, KINDS[number % 3])[0]
        for number in range(min(CALIBRATING, len(close.images)))
    ]
    return np.ascontiguousarray(np.stack(photos).transpose(0, 3, 1, 2), np.float32) / np.float32(
        255
    )


def measure(close: CloseUps) -> dict[str, Any]:
    """Intersection over union of each class, and milliseconds per face, of each candidate.

    ``wanted`` is the mean over what stitching wants to know: hair, skin, and neither, be it
    background or *other*. ``mask`` is of the skin alone, by what a swap uses: the network's answer,
    made plausible.
    """
    candidates: dict[str, Callable[[Image, Points], Labels]] = {
        "network": lambda crop, _: np.asarray(segment(crop).argmax(axis=2), np.uint8),
        "grabcut": by_grabcut,
        "network+grabcut": lambda crop, _: refined_by_grabcut(crop, segment(crop)),
        "mask": lambda crop, unit: np.where(skin(crop, unit) > 0.5, SKIN, OTHER).astype(np.uint8),
    }
    report: dict[str, Any] = {}
    for kind in KINDS:
        counts = {name: np.zeros((4, 4), np.int64) for name in candidates}
        spent = dict.fromkeys(candidates, 0.0)
        for number in range(len(close.images)):
            crop, labels, unit = show(np.random.default_rng([1, number]), close, number, kind)
            for name, candidate in candidates.items():
                begun = time.process_time()
                answer = candidate(crop, unit)
                spent[name] += time.process_time() - begun
                pairs = 4 * labels.ravel() + answer.ravel()
                counts[name] += np.bincount(pairs, minlength=16).reshape(4, 4)
        report[kind] = {
            name: _figures(counts[name], name == "mask")
            | {"milliseconds": round(1e3 * spent[name] / len(close.images), 1)}
            for name in candidates
        }
    return report


def sheet(close: CloseUps, columns: int = 12) -> Image:
    """One person per column and kind: photo, truth, the network's answer, the mask."""
    rows = []
    for kind in KINDS:
        tiles = []
        for number in range(columns):
            crop, labels, unit = show(np.random.default_rng([2, number]), close, number, kind)
            veils = (COLOURS[labels], segment(crop) @ COLOURS)
            kept = skin(crop, unit)[..., None]
            masked = kept * crop + (1 - kept) * COLOURS[OTHER]
            shown = [crop, *(0.5 * crop + 0.5 * veil for veil in veils), masked]
            tiles.append(np.vstack([np.rint(tile).clip(0, 255).astype(np.uint8) for tile in shown]))
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def by_grabcut(crop: Image, landmarks: Points) -> Labels:
    """Skin by GrabCut from the face's hull; the rest by colours of places that are mostly one."""
    outline = face_outline(landmarks)
    inside, around = _hull(_grown(landmarks, 0.85)), _hull(_grown(outline, 1.12))
    seeds = np.where(_hull(outline), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    seeds[inside], seeds[~around] = cv2.GC_FGD, cv2.GC_BGD
    cut = _cut(crop, seeds, 4)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    places = {
        BACKGROUND: (y < 0.25) & (abs(x - 0.5) > 0.44),
        HAIR: (y < max(float(outline[:, 1].min()), 0.03) + 0.03) & (abs(x - 0.5) < 0.3),
        OTHER: (y > 0.95) & (abs(x - 0.5) > 0.3),
    }
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float64)
    likelihood = np.full((SIZE, SIZE, 4), -np.inf)
    likelihood[..., BACKGROUND] = -1e9
    for label, place in places.items():
        colours = lab[place & ~cut]
        if len(colours) < 12:
            continue
        covariance, away = np.cov(colours.T) + 25 * np.eye(3), lab - colours.mean(axis=0)
        distance = np.einsum("hwi,ij,hwj->hw", away, np.linalg.inv(covariance), away)
        likelihood[..., label] = -0.5 * (distance + np.log(np.linalg.det(covariance)))
    return np.where(cut, SKIN, likelihood.argmax(axis=2)).astype(np.uint8)


def refined_by_grabcut(crop: Image, probability: Plane) -> Labels:
    """The network's result where it is confident, GrabCut's elsewhere."""
    sure = probability[..., SKIN]
    seeds = np.where(sure > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    seeds[sure > 0.97], seeds[sure < 0.03] = cv2.GC_FGD, cv2.GC_BGD
    answer: Labels = probability.argmax(axis=2).astype(np.uint8)
    if min((seeds == cv2.GC_FGD).sum(), (seeds == cv2.GC_BGD).sum()) < 50:
        return answer
    rest = probability.copy()
    rest[..., SKIN] = 0
    return np.where(_cut(crop, seeds, 2), SKIN, rest.argmax(axis=2)).astype(np.uint8)


def _figures(counts: NDArray[np.int64], skin_alone: bool) -> dict[str, float]:
    """Intersection over union by class, from counts [truth, answer]."""
    union = _over_union(counts)
    if skin_alone:
        return {"skin": union[SKIN]}
    merge = np.eye(len(CLASSES), dtype=np.int64)[:, :OTHER]
    merge[OTHER, BACKGROUND] = 1
    wanted = _over_union(merge.T @ counts @ merge)
    return dict(zip(CLASSES, union, strict=True)) | {
        "mean": round(sum(union) / len(union), 4),
        "wanted": round(sum(wanted) / len(wanted), 4),
    }


def _over_union(counts: NDArray[np.int64]) -> list[float]:
    hit = np.diag(counts)
    union = hit / (counts.sum(axis=0) + counts.sum(axis=1) - hit).clip(1)
    return [round(float(value), 4) for value in union]


def _loss(logits_B4HW: Tensor, labels_BHW: Tensor) -> Tensor:
    entropy = F.cross_entropy(logits_B4HW, labels_BHW, weight=torch.tensor(CLASS_WEIGHTS))
    probability = logits_B4HW.softmax(1)
    truth = F.one_hot(labels_BHW, len(CLASSES)).permute(0, 3, 1, 2).float()
    shared = (probability * truth).sum((0, 2, 3))
    dice = (2 * shared + 1) / ((probability + truth).sum((0, 2, 3)) + 1)
    return entropy + 0.5 * (1 - dice.mean())


@torch.no_grad()
def _follow(mean: SegmentationNetwork, network: SegmentationNetwork, keep: float) -> None:
    for kept, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - keep)
        else:
            kept.copy_(new)


def _grown(points: Points, factor: float) -> Points:
    middle = points.mean(axis=0)
    return np.asarray(middle + factor * (points - middle), np.float32)


def _hull(unit: Points) -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    pixels = np.rint(cv2.convexHull(unit * SIZE - 0.5)).astype(np.int32)
    cv2.fillConvexPoly(mask, pixels, 1)
    return mask > 0


def _cut(crop: Image, seeds: Labels, rounds: int) -> NDArray[np.bool_]:
    """Where GrabCut sees the foreground."""
    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(crop, seeds, (0, 0, 1, 1), behind, before, rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))


if __name__ == "__main__":
    main()
