"""Evaluates one identity of a project: reads, measures, reports."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from zoo.errors import PhotoError, UnknownIdentityError
from zoo.evaluation.comparison import Example, Subject, compare
from zoo.evaluation.held_out import HeldOut, read_held_out, true_swap
from zoo.evaluation.judging import Prepared, judge_of
from zoo.evaluation.report.plots import draw_plots
from zoo.evaluation.report.report_card import Network, Report, summarise
from zoo.evaluation.report.sheet import sheet
from zoo.evaluation.report.themes import JUDGES
from zoo.evaluation.settings import HELD_OUT, evaluate_settings
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


def write_evaluation(project: Project, name: str, prepared: Prepared | None = None) -> Report:
    """Makes ``reports/NAME``, whole or not at all: ``report.json``, ``sheet.jpg``, ``plots.png``.

    Args:
        project: the project.
        name: see :func:`evaluate_identity`.
        prepared: by default it is found out here.

    Raises:
        UnknownIdentityError: no such identity, or it has not been trained.
        PhotoError: no usable photos.
        StorageError: no permission or no space.
    """
    report, examples = measure(project, name, prepared=prepared)
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
    prepared: Prepared | None = None,
) -> tuple[Report, list[Example]]:
    """The report and the pictures behind it, both the worst first.

    Args:
        project: see :func:`evaluate_identity`.
        name: see there.
        photos: see there.
        gallery: see there.
        folder: of another network of the identity than ``models/NAME``.
        recipe: its name, when ``folder`` has no receipt that says it.
        prepared: of the project's own gallery and held-out photos; default: found out here.
    """
    identity = find_identity(project, name)
    folder = folder or project.models / name
    if not (folder / "network.onnx").is_file():
        raise UnknownIdentityError(f"{name} has no network yet; train it with `dvc repro`.")
    network = SwapNetwork(folder / "network.onnx")
    judge, left_out = judge_of(project, name, gallery, prepared)
    if photos:
        subjects, source = _from_folder(photos), str(photos)
    else:
        subjects = held_out_subjects(
            project, identity.person, prepared.held_out if prepared else None
        )
        source = "held-out content"
    examples, skipped = [], {}
    for label, load in subjects.items():
        try:
            examples.append(compare(load(), network, judge))
        except PhotoError as error:
            skipped[label] = str(error).replace(f"{project.root}/", "")  # wherever it lies
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


def held_out_subjects(
    project: Project,
    person: str | None,
    held_out: Sequence[tuple[HeldOut, Path]] | None = None,
) -> dict[str, Callable[[], Subject]]:
    """The held-out photos by name, each read when it is called; with true swaps where rendered."""
    if held_out is None:
        held_out = held_out_photos(project)
    return {item.name: partial(_load, item, photo, person) for item, photo in held_out}


def held_out_photos(project: Project) -> list[tuple[HeldOut, Path]]:
    """Those that are measured on, and where each is.

    Raises:
        PhotoError: the list of them is missing or damaged.
    """
    found = read_held_out(project.content / HELD_OUT)[: evaluate_settings(project).photos]
    return [(item, project.root / item.photo) for item in found]


def _load(item: HeldOut, photo: Path, person: str | None) -> Subject:
    image = read_photo(photo).image
    truth: Image | None = None
    if item.rendered and person:
        truth = true_swap(item.rendered, person, image.shape[0]).image
    return Subject(item.name, image, truth)


def _from_folder(folder: Path) -> dict[str, Callable[[], Subject]]:
    def load(path: Path) -> Subject:
        return Subject(path.name, read_photo(path).image)

    return {
        str(path.relative_to(folder)) if folder.is_dir() else path.name: partial(load, path)
        for path in find_photos([folder])
    }
