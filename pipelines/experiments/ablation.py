"""Ablation: networks trained with one term of the objective switched off, measured.

    python pipelines/experiments/ablation.py [--identities NAME...] [--recipe R] [--processes N]

Leaves ``ablation.json`` and ``ablation.md``; what is trained already is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.evaluation.experiment import Experiment, Trial, run
from zoo.evaluation.experiment_arguments import parser, run_experiment, selected
from zoo.evaluation.report.report_card import Report, Scores
from zoo.storage import write_json

ALL = 1_000_000  # style photos: more than anybody has
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "no-light": {"light_weight": 0.0},
    "no-identity": {"identity_weight": 0.0},
    "all-style-pixels": {"skin_only": False},
    "no-tv": {"total_variation_weight": 0.0},
    "no-ramp": {"style_ramp": 0.0},
    "no-mirrored": {"mirrored": False},
    "n-best-1": {"n_best": 1},
    "n-best-4": {"n_best": 4},
    "n-best-16": {"n_best": 16},
    "n-best-all": {"n_best": ALL},
    "n-best-by-face": {"n_best_by": "face"},
    "n-best-by-parts": {"n_best_by": "parts"},
    "no-normalisation": {"normalisation": False},
    "paper-layout": {"layout": "paper"},
    "compact": {"perceptual": "compact"},
    "another-seed": {"seed": 1},
}
COLUMNS: Mapping[str, str] = {
    "top1_rate": "top-1, SFace",
    "cosine": "cosine",
    "cosine_margin": "margin",
    "raw_cosine": "cosine, raw",
    "nearest_rate": "nearest, dlib",
    "distance": "distance",
    "landmark_difference": "landmarks, %",
    "expression_difference": "expression, %",
    "mouth_kept": "mouth kept",
    "raw_luminance_correlation": "light, raw",
    "luminance_correlation": "light",
    "raw_light_turn": "light turn, raw, °",
    "sharpness_ratio": "sharpness",
    "local_colour_cast": "cast, ΔE",
}


def main() -> int:
    experiment, names = selected(parser("Terms switched off one by one.", "ablation").parse_args())
    variants = {"as-it-is": {}, **variants_of(experiment, names[0])}
    trials = [
        Trial(name, variant, changes) for variant, changes in variants.items() for name in names
    ]
    reports = run(experiment, trials)
    write_json(
        experiment.folder / "ablation.json",
        [
            {
                "identity": trial.identity,
                "variant": trial.variant,
                "overrides": dict(trial.overrides),
                **Scores.model_validate(reports[trial.name].model_dump()).model_dump(),
            }
            for trial in trials
            if trial.name in reports
        ],
    )
    path = experiment.folder / "ablation.md"
    path.write_text(table(trials, reports), encoding="utf-8")
    print(f"Look at {path}")
    return 0 if len(reports) == len(trials) else 1


def variants_of(experiment: Experiment, name: str) -> dict[str, Mapping[str, Any]]:
    """Those that differ from the recipe as it is."""
    base = experiment.recipe_of(Trial(name, "as-it-is"))
    return {
        variant: changes
        for variant, changes in VARIANTS.items()
        if experiment.recipe_of(Trial(name, variant, changes)) != base
    }


def table(trials: Sequence[Trial], reports: Mapping[str, Report]) -> str:
    """Markdown: a row per variant, means over the identities."""
    lines = [f"| | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for variant in dict.fromkeys(trial.variant for trial in trials):
        found = [
            reports[trial.name]
            for trial in trials
            if trial.variant == variant and trial.name in reports
        ]
        cells = [mean([getattr(report, score) for report in found]) for score in COLUMNS]
        lines.append(f"| {variant.replace('-', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def mean(values: Sequence[float | None]) -> str:
    """Over those that were measured, in three digits."""
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3g}" if known else ""


if __name__ == "__main__":
    run_experiment(main)
