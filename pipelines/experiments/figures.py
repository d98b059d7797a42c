"""Reproduces the poster's figures: swaps and raw outputs, α, β, changing pose, difficult cases.

    python pipelines/experiments/figures.py [--project DIR] [--identities A B] [--recipe R] [--out
    DIR]

On the project's held-out photos, or on rendered people when those are. Networks are trained
where they are missing; pages are written as JPEG with their captions.
"""

from collections.abc import Callable, Mapping, Sequence

from zoo.evaluation.experiment import Experiment, Trial, train
from zoo.evaluation.experiment_arguments import parser, run_experiment, selected
from zoo.evaluation.report.figure_grid import GridRow, page
from zoo.evaluation.report.figures import FigurePhotos, Seen
from zoo.photos.writing import write_photo
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import only
from zoo.swapping.photo import swap_image

LOW, HIGH = 0.3, 2.5  # times the recipe's α


def main() -> int:
    experiment, names = selected(parser("The poster's figures.", "figures").parse_args())
    first = names[0]
    start, end = experiment.recipe_of(Trial(first, "as-it-is")).style_weight
    beta = experiment.recipe_of(Trial(first, "as-it-is")).light_weight
    bases = [Trial(name, "as-it-is") for name in names[:2]]
    low = Trial(first, "alpha-low", {"style_weight": [LOW * start, LOW * end]})
    high = Trial(first, "alpha-high", {"style_weight": [HIGH * start, HIGH * end]})
    zero = Trial(first, "no-light", {"light_weight": 0.0})
    lit = bases[0] if beta else Trial(first, "beta-one", {"light_weight": 1.0})
    trials = list({trial.name: trial for trial in [*bases, low, high, zero, lit]}.values())
    if len(train(experiment, trials)) < len(trials):
        return 1

    figure_photos = FigurePhotos(experiment.project)
    some, turned, hard = figure_photos.ordinary(), figure_photos.turned(), figure_photos.difficult()
    base = bases[0]
    pages: Mapping[str, tuple[str, str, Callable[[], list[GridRow]]]] = {
        "1-identities": (
            f"Swaps with {' and '.join(names[:2])}",
            "Photos that training never saw, the finished pictures, and the raw outputs of the "
            "networks.",
            lambda: [
                originals(some),
                *(strip for trial in bases for strip in swaps(experiment, trial, some, raw=True)),
            ],
        ),
        "2-alpha": (
            f"The style weight alpha ({first})",
            "A low alpha keeps the input's face, a high one copies the style photos' expressions.",
            lambda: [
                originals(some),
                *swaps(experiment, low, some, f"alpha = {LOW * end:.3g}"),
                *swaps(experiment, base, some, f"alpha = {end:.3g}"),
                *swaps(experiment, high, some, f"alpha = {HIGH * end:.3g}"),
            ],
        ),
        "3-beta": (
            f"The light weight beta ({first})",
            "Raw outputs: without the light term the face is lit like the style photos.",
            lambda: [
                originals(some),
                *raws(experiment, zero, some, "beta = 0"),
                *raws(experiment, lit, some, f"beta = {beta or 1.0:.3g}"),
            ],
        ),
        "4-pose": (
            f"Changing pose ({first})",
            "Yaw as measured on the landmarks.",
            lambda: [originals(turned), *swaps(experiment, base, turned, raw=True)],
        ),
        "5-difficult": (
            f"Difficult cases ({' and '.join(names[:2])})",
            "Cases that are hard for the method; objects in front of the face should stay there.",
            lambda: [
                originals(hard),
                *(strip for trial in bases for strip in swaps(experiment, trial, hard, raw=True)),
            ],
        ),
    }
    for name, (title, words, strips) in pages.items():
        path = experiment.folder / f"{name}.jpg"
        write_photo(path, page(title, words, strips()))
        print(path)
    return 0


def originals(photos: Sequence[Seen]) -> GridRow:
    captions = [photo.words for photo in photos] if any(photo.words for photo in photos) else []
    return GridRow("original", [photo.close for photo in photos], captions)


def swaps(
    experiment: Experiment,
    trial: Trial,
    photos: Sequence[Seen],
    words: str = "",
    *,
    raw: bool = False,
) -> list[GridRow]:
    """The finished pictures, and the network's outputs below them if wanted."""
    network = SwapNetwork(experiment.network(trial) / "network.onnx")
    done = [swap_image(photo.image, network, only("largest")) for photo in photos]
    words = words or trial.identity
    pictures = [photo.cut(swap.image) for swap, photo in zip(done, photos, strict=True)]
    finished = GridRow(words, pictures)
    return (
        [finished, GridRow(f"{words},\nraw", [swap.raw[0] for swap in done])] if raw else [finished]
    )


def raws(experiment: Experiment, trial: Trial, photos: Sequence[Seen], words: str) -> list[GridRow]:
    """The network's outputs, then the finished pictures."""
    return swaps(experiment, trial, photos, words, raw=True)[::-1]


if __name__ == "__main__":
    run_experiment(main)
