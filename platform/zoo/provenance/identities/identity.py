"""``identities/NAME/identity.yaml``: the person and the basis for using the face."""

import re
from datetime import date
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from zoo.errors import BasisError, ProjectError, SlugError, UnknownIdentityError
from zoo.printable import visible
from zoo.provenance.identities.basis import NEEDS_EVIDENCE, Basis
from zoo.provenance.identities.names import MAX_LENGTH, check_name, near_names
from zoo.settings import Project
from zoo.storage import atomic_file
from zoo.yaml_files import read_yaml

RECORD = "identity.yaml"
PHOTOS = "photos"
_MOST_BYTES = 64 * 2**10


class Identity(BaseModel):
    """One record. ``person`` and ``renders`` are for people that the project renders itself.

    ``style_weight`` is α of this identity's network, in place of the recipe's: less gives more of
    the photo's expression and less likeness.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    basis: Basis
    evidence: str | None = Field(default=None, min_length=1, max_length=2000)
    person: str | None = Field(default=None, min_length=1, max_length=MAX_LENGTH)
    renders: int | None = Field(default=None, ge=1, le=100_000)
    style_weight: float | None = Field(default=None, gt=0, le=1000)
    added: date

    @field_validator("name")
    @classmethod
    def _is_a_slug(cls, name: str) -> str:
        try:
            return check_name(name)
        except SlugError as error:
            raise ValueError(str(error).rstrip(".")) from error

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.basis in NEEDS_EVIDENCE and not _says_something(self.evidence):
            raise ValueError(f"basis '{self.basis}' needs evidence")
        if self.person is not None and self.basis is not Basis.synthetic:
            raise ValueError("only a synthetic identity names a rendered person")
        if self.renders is not None and self.person is None:
            raise ValueError("renders are counted for a rendered person only")
        return self


def new_identity(name: str, basis: str | None, evidence: str | None = None) -> Identity:
    """A record dated today.

    Raises:
        SlugError: ``name`` is not a slug.
        BasisError: no basis, an unknown one, or one that needs evidence and has none.
    """
    check_name(name)
    choices = ", ".join(Basis)
    if basis is None:
        raise BasisError(f"State why {name}'s face may be used: --basis with one of {choices}.")
    if basis not in set(Basis):
        raise BasisError(f"{basis!r} is not a basis for using a face; choose one of {choices}.")
    evidence = re.sub(r"\s+", " ", evidence or "").strip() or None
    if not _says_something(evidence) and Basis(basis) in NEEDS_EVIDENCE:
        raise BasisError(
            f"Basis '{basis}' needs --evidence: where the {basis} is kept, for example "
            f"--evidence 'signed form of 2026-03-01, folder 12'."
        )
    if evidence is not None and len(evidence) > 2000:
        raise BasisError("The evidence is longer than 2,000 characters; name where it is kept.")
    return Identity(name=name, basis=Basis(basis), evidence=evidence, added=date.today())


def _says_something(evidence: str | None) -> bool:
    """Whether there is a letter or digit in it that can be seen."""
    return any(letter.isalnum() for letter in visible(evidence or ""))


def read_identity(folder: Path) -> Identity:
    """The record in ``identities/NAME``.

    Raises:
        BasisError: there is no record, so nothing says on what basis the face may be used.
        ProjectError: the record is damaged, incomplete, or names another identity.
    """
    path = folder / RECORD
    try:
        data = read_yaml(path, _MOST_BYTES)
    except FileNotFoundError as error:
        raise BasisError(
            f"{path} is missing, so no basis is recorded on which {folder.name} may be used; "
            "create it, or add the identity with `zoo identity add`."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ProjectError(f"{path} cannot be read: {reason}.") from error
    try:
        identity = Identity.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ProjectError(f"{path}: {where + ': ' if where else ''}{message}.") from error
    if identity.name != folder.name:
        raise ProjectError(
            f"{path} is the record of {identity.name!r}, but its folder is {folder.name!r}; "
            "rename one of them."
        )
    return identity


def write_identity(folder: Path, identity: Identity) -> None:
    """Writes the record into ``identities/NAME``, atomically.

    Raises:
        StorageError: no permission or no space.
    """
    data = identity.model_dump(mode="json", exclude_none=True)
    with atomic_file(folder / RECORD) as temporary:
        temporary.write_text(
            yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )


def identities(project: Project) -> list[Identity]:
    """All records of the project, by name.

    Raises:
        ProjectError: one of them is damaged; the sentence names the file.
    """
    return [read_identity(path.parent) for path in sorted(project.identities.glob(f"*/{RECORD}"))]


def find_identity(project: Project, name: str) -> Identity:
    """The record of ``name``.

    Raises:
        UnknownIdentityError: the project has no such identity; names near ones.
    """
    check_name(name)
    folder = project.identities / name
    if not folder.is_dir():
        known = [path.parent.name for path in project.identities.glob(f"*/{RECORD}")]
        raise UnknownIdentityError(
            f"No identity '{name}' in {project.identities}{near_names(name, known)}."
        )
    return read_identity(folder)


def count_photos(project: Project, identity: Identity) -> int:
    """How many photos the identity has, or will have once they are rendered."""
    if identity.person is not None and identity.renders is not None:
        return identity.renders
    folder = project.identities / identity.name / PHOTOS
    return sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
