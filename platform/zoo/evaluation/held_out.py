"""The held-out photos, and how to read each with its true swap."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from zoo.errors import PhotoError
from zoo.people import Render, named_person, random_person, random_scene, render, with_face_of
from zoo.storage import write_json


class HeldOut(BaseModel):
    """One photo; ``rendered`` only when it shows a rendered person.

    Attributes:
        name: unlike every other's.
        photo: its path, relative to the project's root where it lies inside.
        rendered: what to render it from again.
    """

    name: str
    photo: str
    rendered: "Seeds | None" = None


class Seeds(BaseModel):
    """A rendered photo is a person in a scene, both made from a number."""

    person: int
    scene: int
    max_yaw: float


def choose_apart(names: Iterable[str], count: int) -> list[str]:
    """The ``count`` names that are held out: those with the lowest SHA-256.

    Which ones does not depend on their order, and a name that is added displaces one at most.
    """
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:count]


def true_swap(seeds: Seeds, person: str, size: int) -> Render:
    """The photo of ``seeds`` with the face of the named ``person``: what a swap should give."""
    body = with_face_of(random_person(seeds.person), named_person(person))
    return render(body, random_scene(seeds.scene, max_yaw=seeds.max_yaw), size)


def write_held_out(path: Path, held_out: list[HeldOut]) -> None:
    """Writes the list as JSON, atomically.

    Raises:
        StorageError: no permission or no space.
    """
    write_json(path, [item.model_dump() for item in held_out])


def read_held_out(path: Path) -> list[HeldOut]:
    """The list that :func:`write_held_out` wrote.

    Raises:
        PhotoError: it is missing or damaged.
    """
    try:
        return TypeAdapter(list[HeldOut]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise PhotoError(
            f"{path} is missing or damaged; make it again with `dvc repro --force content`."
        ) from error
