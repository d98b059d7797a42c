"""DVC stage ``align``: an identity's photos, curated and aligned into one file."""

from pathlib import Path

from zoo import makers
from zoo.digests import digests
from zoo.errors import IdentityError, PhotoError
from zoo.evaluation.run import write_descriptors
from zoo.faces.curation import AlignSettings, contact_sheet, curate
from zoo.faces.pack import write_pack
from zoo.incremental import Job, run_for_identities, run_stage
from zoo.index import write_index
from zoo.photos.reading import find_photos
from zoo.photos.writing import write_photo
from zoo.provenance.identity import PHOTOS, Identity
from zoo.settings import Project, read_params, section
from zoo.storage import write_json


def main(project: Project) -> int:
    settings = section(read_params(project), "align", AlignSettings)

    def plan(identity: Identity) -> Job:
        name = identity.name
        photos = photos_of(project, name)
        made_from = {
            "maker": makers.ALIGN,
            "settings": settings.model_dump(mode="json"),
            "photos": {photo: known.of(path) for photo, path in photos.items()},
        }
        product = project.aligned / f"{name}.safetensors"
        return Job(name, product, made_from, align, (project, name, settings))

    with digests(project) as known:
        code = run_for_identities("align", project, project.aligned, plan)
        write_index(project.aligned, known)
    return code


def photos_of(project: Project, name: str) -> dict[str, Path]:
    """The identity's own and rendered photos by their path in the project.

    Raises:
        IdentityError: it has none.
    """
    folders = [project.identities / name / PHOTOS, project.rendered / name]
    try:
        found = find_photos([folder for folder in folders if folder.is_dir()])
    except PhotoError as error:
        raise IdentityError(
            f"{name} has no photos; put some into {folders[0]} or run `dvc pull`."
        ) from error
    return {path.relative_to(project.root).as_posix(): path for path in found}


def align(project: Project, name: str, settings: AlignSettings) -> dict[str, object]:
    """Makes the pack, its contact sheet and report, and the descriptors evaluation needs."""
    photos = photos_of(project, name)
    curated = curate(name, photos.items(), settings)
    product = project.aligned / f"{name}.safetensors"
    kept = [photos[photo] for photo in curated.pack.names]
    write_descriptors(project, name, kept)
    write_photo(product.with_suffix(".jpg"), contact_sheet(curated.pack))
    report = {
        "identity": name,
        "photos": len(photos),
        "kept": len(kept),
        "warning": curated.warning,
        "dropped": [{"photo": drop.photo, "reason": drop.reason} for drop in curated.dropped],
    }
    write_json(product.with_suffix(".report.json"), report)
    write_pack(product, curated.pack)
    facts: dict[str, object] = {"kept": len(kept), "dropped": len(curated.dropped)}
    return {**facts, "warning": curated.warning} if curated.warning else facts


if __name__ == "__main__":
    run_stage(main)
