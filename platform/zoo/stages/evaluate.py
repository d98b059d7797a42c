"""Stage ``evaluate``: a report card and a picture sheet per network."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from zoo.errors import IdentityError
from zoo.evaluation.measures.likeness import recogniser_sha256
from zoo.evaluation.settings import HELD_OUT, VERSION, descriptors_path, evaluate_settings
from zoo.products import receipts
from zoo.products.digests import Digests, digests
from zoo.products.executors import Job
from zoo.products.incremental import run_for_identities
from zoo.products.index import write_index
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import Identity
from zoo.settings import PARAMS, Project
from zoo.storage import plain_errors

if TYPE_CHECKING:
    from zoo.evaluation.held_out import HeldOut

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
        name, root = identity.name, project.root
        report, made_from = product(project, name), made_from_of(identity)
        if receipts.is_fresh(report, made_from):
            return Job(name, report, made_from, make)
        embeddings, others = preparation.embeddings(name), preparation.others
        inputs = [
            project.models / name / "network.onnx",
            receipts.receipt_path(project.models / name),
            project.aligned / f"{name}.safetensors",
            descriptors_path(project, name),
            project.identities / name / "identity.yaml",
            *([embeddings] if embeddings else []),
        ]
        photos = (photo for _, photo in preparation.held_out)
        shared = (root / PARAMS, root / "dvc.yaml", others, *photos)
        arguments = (project, name, others, embeddings, preparation.held_out)
        return Job(name, report, made_from, make, arguments, root, tuple(inputs), shared)

    from zoo.stages.evaluate_gallery import Preparation  # `zoo status` need not wait for it

    recogniser = recogniser_sha256(evaluate_settings(project).recogniser)  # fetches what is asked
    with digests(project) as known, _folder(project) as folder:
        preparation = Preparation(project, folder, recogniser is not None)
        made_from_of = inputs(project, known)
        code = run_for_identities(NAME, project, project.reports, plan)
        write_index(project.reports, known)
    return code


def make(
    project: Project,
    name: str,
    others: Path,
    embeddings: Path | None,
    held_out: "Sequence[tuple[HeldOut, Path]]",
) -> dict[str, object]:
    """Measures one network.

    Args:
        project: the project.
        name: of the identity.
        others: see :mod:`zoo.evaluation.gallery`.
        embeddings: of the identity's photos, where SFace judges.
        held_out: photos, and where they are.
    """
    # `zoo status` need not wait for them.
    from zoo.evaluation.embeddings import kept_embeddings
    from zoo.evaluation.gallery import read_gallery
    from zoo.evaluation.judging import Prepared
    from zoo.evaluation.run import write_evaluation

    own = kept_embeddings(embeddings) if embeddings else None
    report = write_evaluation(project, name, Prepared(read_gallery(others), own, held_out))
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


@contextmanager
def _folder(project: Project) -> Iterator[Path]:
    """In the project and not in the system's, so that one purge finds what a killed run left."""
    place = project.root / ".zoo"
    with plain_errors(place):
        place.mkdir(exist_ok=True)
        for left in place.glob("evaluate-*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix="evaluate-", dir=place) as folder:
            yield Path(folder)
