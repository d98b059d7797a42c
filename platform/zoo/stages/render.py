"""Stage ``render``: photos of synthetic identities; the index of all identities."""

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, Field

from zoo.errors import IdentityError
from zoo.photos.writing import write_photo
from zoo.products.digests import Digests, digests
from zoo.products.executors import Job
from zoo.products.incremental import run_for_identities
from zoo.products.index import write_index
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import Identity
from zoo.settings import Project, read_params, section
from zoo.storage import atomic_folder

NAME, VERSION = "render", "render-1"


class RenderSettings(BaseModel, extra="forbid"):
    """Section ``render`` of ``params.yaml``."""

    size: int = Field(ge=64, le=2048)
    """Pixels of a photo's side."""
    photos: int = Field(ge=1)
    """Per identity, where its record does not say ``renders``."""
    max_yaw: float = Field(ge=0, le=60)
    """Largest turn of the head, degrees."""
    seed: int = Field(ge=0)


def product(project: Project, name: str) -> Path:
    """The folder of an identity's rendered photos."""
    return project.rendered / name


def inputs(project: Project, known: Digests) -> Callable[[Identity], Made | None]:
    """The inputs of an identity's renders; None for an identity that is not synthetic.

    Raises:
        ProjectError: the section of ``params.yaml`` is wrong.
    """
    settings = _settings(project)

    def of(identity: Identity) -> Made | None:
        if identity.person is None:
            return None
        chosen = _of_identity(settings, identity).model_dump()
        return {"maker": VERSION, "person": identity.person, **chosen}

    return of


def run(project: Project) -> int:
    """Renders what is stale."""
    settings = _settings(project)

    def plan(identity: Identity) -> Job | None:
        made_from = made_from_of(identity)
        if made_from is None:
            return None
        folder = product(project, identity.name)
        arguments = (folder, identity.person, _of_identity(settings, identity))
        return Job(identity.name, folder, made_from, make, arguments, project.root)

    with digests(project) as known:
        made_from_of = inputs(project, known)
        code = run_for_identities(NAME, project, project.rendered, plan)
        write_index(project.rendered, known, project.identities)
    return code


def make(folder: Path, name: str, settings: RenderSettings) -> dict[str, int]:
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


def _settings(project: Project) -> RenderSettings:
    return section(read_params(project), NAME, RenderSettings)


def _of_identity(settings: RenderSettings, identity: Identity) -> RenderSettings:
    return settings.model_copy(update={"photos": identity.renders or settings.photos})
