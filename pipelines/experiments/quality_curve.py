"""Quality curve: a network for each number of style photos, measured.

    python pipelines/experiments/quality_curve.py [--identities NAME...] [--numbers 10 20 40 60 120]

Leaves ``quality_curve.json`` and ``quality_curve.png``; what is trained already is kept.
"""

from pathlib import Path

from zoo.evaluation.experiment import Experiment, Trial, run
from zoo.evaluation.experiment_arguments import parser, run_experiment, selected
from zoo.evaluation.report.report_card import Report, Scores
from zoo.faces.curation.face_pack import read_pack
from zoo.storage import atomic_file, write_json

NUMBERS = (10, 20, 40, 60, 120)
PANELS = {
    "cosine": "cosine to the target (SFace)",
    "distance": "distance to the target (dlib)",
    "expression_difference": "expression, %",
    "luminance_correlation": "light, correlation",
}


def main() -> int:
    options = parser("Score against the number of style photos.", "quality-curve")
    options.add_argument("--numbers", type=int, nargs="+", default=NUMBERS)
    arguments = options.parse_args()
    experiment, names = selected(arguments)
    trials = [
        trial for name in names for trial in trials_of(experiment, name, set(arguments.numbers))
    ]
    reports = run(experiment, trials)
    points = [
        {
            "identity": trial.identity,
            "photos": trial.photos,
            **Scores.model_validate(reports[trial.name].model_dump()).model_dump(
                exclude={"photos"}
            ),
        }
        for trial in trials
        if trial.name in reports
    ]
    write_json(experiment.folder / "quality_curve.json", points)
    with atomic_file(experiment.folder / "quality_curve.png") as path:
        draw(trials, reports, path)
    print(f"Look at {experiment.folder / 'quality_curve.png'}")
    return 0 if len(reports) == len(trials) else 1


def trials_of(experiment: Experiment, name: str, numbers: set[int]) -> list[Trial]:
    """One per number of photos that the identity has; all of them stand for larger ones."""
    have = len(read_pack(experiment.project.aligned / f"{name}.safetensors"))
    counts = sorted({min(number, have) for number in numbers if number > 0})
    return [Trial(name, f"{count}-photos", photos=count) for count in counts]


def draw(trials: list[Trial], reports: dict[str, Report], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (score, label) in enumerate(PANELS.items(), 1):
        axes = figure.add_subplot(2, 2, place)
        for identity in dict.fromkeys(trial.identity for trial in trials):
            known = [
                (trial.photos, getattr(reports[trial.name], score))
                for trial in trials
                if trial.identity == identity
                and trial.name in reports
                and getattr(reports[trial.name], score) is not None
            ]
            if known:
                axes.plot(*zip(*known, strict=True), marker="o", label=identity)
        axes.set_xlabel("style photos", fontsize=9)
        axes.set_ylabel(label, fontsize=9)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=7)
    figure.savefig(path, format="png", dpi=100)


if __name__ == "__main__":
    run_experiment(main)
