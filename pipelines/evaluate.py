"""DVC stage ``evaluate``: a report card and a picture sheet per network."""

from zoo.digests import digests
from zoo.errors import IdentityError
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
    return {
        "nearest_rate": round(report.nearest_rate, 3),
        "landmark_difference": round(report.landmark_difference, 2),
        "luminance_correlation": round(report.luminance_correlation, 3),
    }


if __name__ == "__main__":
    run_stage(main)
