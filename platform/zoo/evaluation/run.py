"""Evaluates one identity of a project: reads, measures, reports."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np

from zoo.errors import PhotoError, StorageError, UnknownIdentityError
from zoo.evaluation.comparison import Example, Subject, compare
from zoo.evaluation.embeddings import embeddings_of, other_identities
from zoo.evaluation.held_out import HeldOut, read_held_out, true_swap
from zoo.evaluation.measures.descriptor_distance import (
    Descriptor,
    people_in,
    target_of,
    without_target,
)
from zoo.evaluation.measures.likeness import (
    Likeness,
    embed,
    likeness_of,
    person_of,
    recogniser_sha256,
)
from zoo.evaluation.measures.measure import Recogniser
from zoo.evaluation.report.plots import draw_plots
from zoo.evaluation.report.report_card import Network, Report, summarise
from zoo.evaluation.report.sheet import sheet
from zoo.evaluation.report.themes import JUDGES
from zoo.evaluation.settings import HELD_OUT, EvaluateSettings, descriptors_path, evaluate_settings
from zoo.faces.curation.face_pack import read_pack
from zoo.photos.image import Image
from zoo.photos.reading import find_photos, read_photo
from zoo.photos.writing import write_photo
from zoo.products import receipts
from zoo.provenance.identities.identity import find_identity
from zoo.settings import Project
from zoo.storage import atomic_folder, sha256_of, write_json
from zoo.swapping.network import SwapNetwork


def evaluate_identity(
    project: Project, name: str, photos: Path | None = None, gallery: Path | None = None
) -> Report:
    """Measures ``models/NAME/network.onnx``.

    Args:
        project: the project.
        name: an identity with a trained network.
        photos: a folder of photos to swap; default: the held-out photos of the content stage.
        gallery: a folder of other people, one subfolder each; default: those of the settings.
            The project's other identities are always in the gallery.

    Raises:
        UnknownIdentityError: no such identity, or it has not been trained.
        PhotoError: no usable photos.
    """
    return measure(project, name, photos, gallery)[0]


def write_evaluation(project: Project, name: str) -> Report:
    """Makes ``reports/NAME``, whole or not at all: ``report.json``, ``sheet.jpg``, ``plots.png``.

    Raises:
        UnknownIdentityError: no such identity, or it has not been trained.
        PhotoError: no usable photos.
        StorageError: no permission or no space.
    """
    report, examples = measure(project, name)
    target = read_pack(project.aligned / f"{name}.safetensors").faces
    rate = report.nearest_rate if report.top1_rate is None else report.top1_rate
    title = (
        f"{name}, {report.network.resolution} px, recipe {report.network.recipe}: nearest to the "
        f"target in {rate:.0%} of {report.photos} photos by {JUDGES[report.recogniser]}, "
        "the worst first"
    )
    with atomic_folder(project.reports / name) as folder:
        write_json(folder / "report.json", report.model_dump(mode="json"))
        write_photo(folder / "sheet.jpg", sheet(examples, target[len(target) // 2], title))
        draw_plots(report, folder / "plots.png")
    return report


def measure(
    project: Project,
    name: str,
    photos: Path | None = None,
    gallery: Path | None = None,
    *,
    folder: Path | None = None,
    recipe: str | None = None,
) -> tuple[Report, list[Example]]:
    """The report and the pictures behind it, both the worst first.

    Args:
        project: see :func:`evaluate_identity`.
        name: see there.
        photos: see there.
        gallery: see there.
        folder: of another network of the identity than ``models/NAME``.
        recipe: its name, when ``folder`` has no receipt that says it.
    """
    identity = find_identity(project, name)
    folder = folder or project.models / name
    if not (folder / "network.onnx").is_file():
        raise UnknownIdentityError(f"{name} has no network yet; train it with `dvc repro`.")
    network = SwapNetwork(folder / "network.onnx")
    judge, left_out = judge_of(project, name, gallery)
    if photos:
        subjects, source = _from_folder(photos), str(photos)
    else:
        subjects, source = held_out_subjects(project, identity.person), "held-out content"
    examples, skipped = [], {}
    for label, load in subjects.items():
        try:
            examples.append(compare(load(), network, judge))
        except PhotoError as error:
            skipped[label] = str(error)
    if not examples:
        raise PhotoError(f"None of the photos of {source} shows a face, so {name} is not measured.")
    examples.sort(key=lambda example: example.row.margin)
    rows = [example.row for example in examples]
    receipt = receipts.read(folder)
    report = Report(
        identity=name,
        recogniser="sface" if judge.likeness else "dlib",
        network=Network(
            sha256=sha256_of(folder / "network.onnx"),
            recipe=recipe or str(receipt.get("recipe_name", "unknown")),
            resolution=network.resolution,
        ),
        measured_on=source,
        gallery=sorted(judge.gallery),
        left_out=left_out,
        skipped=skipped,
        rows=rows,
        **summarise(
            rows, judge.target.ceiling, judge.likeness.ceiling if judge.likeness else None
        ).model_dump(),
    )
    return report, examples


def judge_of(
    project: Project, name: str, gallery: Path | None = None
) -> tuple[Recogniser, list[str]]:
    """What swaps of this identity are compared with, and who of the gallery is the target.

    Args:
        project: the project.
        name: an aligned identity.
        gallery: a folder of other people; default: those of the settings. The project's other
            identities are always in it.
    """
    settings = evaluate_settings(project)
    folders = [gallery] if gallery else [project.root / path for path in settings.gallery]
    target = target_of(name, read_descriptors(project, name))
    people, left_out = without_target(
        {person: mean for path in folders for person, mean in people_in(path).items()}, target
    )
    likeness = _likeness(project, name, folders, left_out) if _by_sface(settings) else None
    return Recogniser(target, {**people, **_other_identities(project, name)}, likeness), left_out


def held_out_subjects(project: Project, person: str | None) -> dict[str, Callable[[], Subject]]:
    """The held-out photos by name, each read when it is called; with true swaps where rendered."""
    held_out = read_held_out(project.content / HELD_OUT)[: evaluate_settings(project).photos]
    return _from_held_out(project, held_out, person)


def _by_sface(settings: EvaluateSettings) -> bool:
    return recogniser_sha256(settings.recogniser) is not None


def _likeness(
    project: Project, name: str, folders: Sequence[Path], left_out: Sequence[str]
) -> Likeness:
    """SFace's target and gallery; who was left out of dlib's gallery is left out of it too."""
    people = {
        person: person_of(mean[None])
        for path in folders
        for person, mean in people_in(path, embed).items()
        if person not in left_out
    }
    return likeness_of(
        name, embeddings_of(project, name), {**people, **other_identities(project, name)}
    )


def read_descriptors(project: Project, name: str) -> Descriptor:
    """The descriptors that the align stage wrote: float32 [K, 128].

    Raises:
        StorageError: missing or damaged.
    """
    path = descriptors_path(project, name)
    try:
        found: Descriptor = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and found.shape[1] == 128 and len(found):
            return found
    except (OSError, ValueError, EOFError):
        pass
    raise StorageError(f"{path} is missing or damaged; remove it and run `dvc repro align`.")


def _other_identities(project: Project, name: str) -> dict[str, Descriptor]:
    found = {}
    for path in sorted(project.aligned.glob("*.descriptors.npy")):
        other = path.name.split(".")[0]
        if other != name:
            found[other] = _mean_descriptor(project, other, path.stat().st_mtime_ns)
    return found


@cache
def _mean_descriptor(project: Project, name: str, changed: int) -> Descriptor:
    """Kept: among n identities each is in the gallery of n - 1 others.

    Args:
        project: the project.
        name: the identity.
        changed: when its descriptors were written; another time is another answer.
    """
    mean: Descriptor = read_descriptors(project, name).mean(axis=0)
    return mean


def _from_held_out(
    project: Project, held_out: Sequence[HeldOut], person: str | None
) -> dict[str, Callable[[], Subject]]:
    def load(item: HeldOut) -> Subject:
        image = read_photo(project.root / item.photo).image
        truth: Image | None = None
        if item.rendered and person:
            truth = true_swap(item.rendered, person, image.shape[0]).image
        return Subject(item.name, image, truth)

    return {item.name: partial(load, item) for item in held_out}


def _from_folder(folder: Path) -> dict[str, Callable[[], Subject]]:
    def load(path: Path) -> Subject:
        return Subject(path.name, read_photo(path).image)

    return {
        str(path.relative_to(folder)) if folder.is_dir() else path.name: partial(load, path)
        for path in find_photos([folder])
    }
