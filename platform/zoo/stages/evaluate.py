"""Stage ``evaluate``: a report card and a picture sheet per network."""

from collections.abc import Callable
from pathlib import Path

from zoo.errors import IdentityError
from zoo.evaluation.measures.likeness import recogniser_sha256
from zoo.evaluation.settings import HELD_OUT, VERSION, descriptors_path, evaluate_settings
from zoo.products.digests import Digests, digests
from zoo.products.incremental import Job, run_for_identities
from zoo.products.index import write_index
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import Identity
from zoo.settings import Project

__all__ = ["NAME", "VERSION", "inputs", "make", "product", "run"]

NAME = "evaluate"


def product(project: Project, name: str) -> Path:
    """The folder of an identity's report."""
    return project.reports / name


def inputs(project: Project, known: Digests) -> Callable[[Identity], Made]:
    """What an identity's report is made from.

    Not the other identities: a newcomer in the gallery makes no old report stale.

    Raises:
        ProjectError: the section of ``params.yaml`` is wrong.
        AssetError: the recogniser that it names is not at hand.
        IdentityError: by the function, where something is missing.
    """
    settings = evaluate_settings(project)
    recogniser = recogniser_sha256(settings.recogniser, known.of, download=False)

    def of(identity: Identity) -> Made:
        files = {
            "network": project.models / identity.name / "network.onnx",
            "descriptors": descriptors_path(project, identity.name),
            "held_out": project.content / HELD_OUT,
        }
        for path in files.values():
            if not path.is_file():
                raise IdentityError(f"{path} is missing; run `dvc repro` to make it.")
        return {
            "maker": VERSION,
            "settings": settings.model_dump(),
            "recogniser": recogniser,
            "person": identity.person,
            **{key: known.of(path) for key, path in files.items()},
        }

    return of


def run(project: Project) -> int:
    """Measures the networks whose report is stale."""

    def plan(identity: Identity) -> Job:
        name = identity.name
        return Job(name, product(project, name), made_from_of(identity), make, (project, name))

    recogniser_sha256(evaluate_settings(project).recogniser)  # fetches one that is asked for
    with digests(project) as known:
        made_from_of = inputs(project, known)
        code = run_for_identities(NAME, project, project.reports, plan)
        write_index(project.reports, known)
    return code


def make(project: Project, name: str) -> dict[str, object]:
    """Measures one network."""
    from zoo.evaluation.run import write_evaluation  # `zoo status` need not wait for it

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
