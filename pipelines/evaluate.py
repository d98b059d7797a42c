"""DVC stage ``evaluate``: a report card and a picture sheet per network."""

from zoo.digests import digests
from zoo.errors import IdentityError
from zoo.evaluation.likeness import recogniser_sha256
from zoo.evaluation.run import (
    HELD_OUT,
    MAKER,
    descriptors_path,
    evaluate_settings,
    write_evaluation,
)
from zoo.incremental import Job, run_for_identities, run_stage
from zoo.index import write_index
from zoo.provenance.identity import Identity
from zoo.settings import Project


def main(project: Project) -> int:
    settings = evaluate_settings(project)
    recogniser = recogniser_sha256(settings.recogniser)

    def plan(identity: Identity) -> Job:
        name = identity.name
        inputs = {
            "network": project.models / name / "network.onnx",
            "descriptors": descriptors_path(project, name),
            "held_out": project.content / HELD_OUT,
        }
        for path in inputs.values():
            if not path.is_file():
                raise IdentityError(f"{path} is missing; run `dvc repro` to make it.")
        # Not the other identities: a newcomer in the gallery makes no old report stale.
        made_from = {
            "maker": MAKER,
            "settings": settings.model_dump(),
            "recogniser": recogniser,
            "person": identity.person,
            **{key: known.of(path) for key, path in inputs.items()},
        }
        return Job(name, project.reports / name, made_from, evaluate, (project, name))

    with digests(project) as known:
        code = run_for_identities("evaluate", project, project.reports, plan)
        write_index(project.reports, known)
    return code


def evaluate(project: Project, name: str) -> dict[str, object]:
    """Measures one network."""
    report = write_evaluation(project, name)
    likeness: dict[str, object] = {"nearest_rate": round(report.nearest_rate, 3)}
    if report.top1_rate is not None and report.cosine_margin is not None:
        likeness = {
            "top1_rate": round(report.top1_rate, 3),
            "cosine_margin": round(report.cosine_margin, 3),
        }
    return {
        **likeness,
        "landmark_difference": round(report.landmark_difference, 2),
        "luminance_correlation": round(report.luminance_correlation, 3),
    }


if __name__ == "__main__":
    run_stage(main)
