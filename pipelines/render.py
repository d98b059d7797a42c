"""DVC stage ``render``: photos of the identities that are rendered people; who there is."""

from pathlib import Path

from pydantic import BaseModel, Field

from zoo import makers
from zoo.digests import digests
from zoo.errors import IdentityError
from zoo.incremental import Job, run_for_identities, run_stage
from zoo.index import write_index
from zoo.photos.writing import write_photo
from zoo.provenance.identity import Identity
from zoo.settings import Project, read_params, section
from zoo.storage import atomic_folder


class RenderSettings(BaseModel, extra="forbid"):
    """Section ``render`` of ``params.yaml``."""

    size: int = Field(ge=64, le=2048)
    """Pixels of a photo's side."""
    photos: int = Field(ge=1)
    """Per identity, where its record does not say ``renders``."""
    max_yaw: float = Field(ge=0, le=60)
    """Largest turn of the head, degrees."""
    seed: int = Field(ge=0)


def main(project: Project) -> int:
    settings = section(read_params(project), "render", RenderSettings)

    def plan(identity: Identity) -> Job | None:
        if identity.person is None:
            return None
        count = identity.renders or settings.photos
        chosen = settings.model_copy(update={"photos": count})
        made_from = {"maker": makers.RENDER, "person": identity.person, **chosen.model_dump()}
        product = project.rendered / identity.name
        return Job(identity.name, product, made_from, draw, (product, identity.person, chosen))

    code = run_for_identities("render", project, project.rendered, plan)
    with digests(project) as known:
        write_index(project.rendered, known, project.identities)
    return code


def draw(folder: Path, name: str, settings: RenderSettings) -> dict[str, int]:
    """Renders one person in as many scenes as there are to be photos."""
    from zoo.people import named_person, random_scene, render  # numba, seldom needed

    try:
        person = named_person(name)
    except KeyError as error:
        raise IdentityError(
            f"There is no rendered person '{name}'; identity.yaml may name ada or bruno."
        ) from error
    with atomic_folder(folder) as temporary:
        for number in range(settings.photos):
            scene = random_scene(settings.seed + number, max_yaw=settings.max_yaw)
            picture = render(person, scene, settings.size).image
            write_photo(temporary / f"{number:04d}.png", picture)
    return {"photos": settings.photos}


if __name__ == "__main__":
    run_stage(main)
