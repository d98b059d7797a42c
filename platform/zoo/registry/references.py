"""References to networks: ``NAME``, ``NAME@ALIAS`` and ``NAME:VERSION``."""

import re
from dataclasses import dataclass

from zoo.errors import UsageError
from zoo.provenance.identities.names import check_name

CHAMPION = "champion"
CANDIDATE = "candidate"


@dataclass(frozen=True)
class Reference:
    """A network of ``name``. Without alias and version: the champion, else the candidate."""

    name: str
    alias: str | None = None
    version: int | None = None

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases to try, in order; none when the version is given."""
        if self.version is not None:
            return ()
        return (self.alias,) if self.alias else (CHAMPION, CANDIDATE)

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.name}:{self.version}"
        return f"{self.name}@{self.alias}" if self.alias else self.name


def parse_reference(text: str) -> Reference:
    """Reads ``ada``, ``ada@candidate`` or ``ada:3``.

    Raises:
        SlugError: the name is not a slug.
        UsageError: the alias or the version cannot be one.
    """
    if "@" in text:
        name, alias = text.split("@", 1)
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", alias):
            raise UsageError(
                f"{text!r}: {alias!r} is not an alias; write {name}@{CHAMPION} or "
                f"{name}@{CANDIDATE}."
            )
        return Reference(check_name(name), alias=alias)
    name, colon, version = text.partition(":")
    if not colon:
        return Reference(check_name(name))
    if not re.fullmatch(r"[1-9][0-9]{0,8}", version):
        raise UsageError(f"{text!r}: {version!r} is not a version number; write {name}:1.")
    return Reference(check_name(name), version=int(version))
