"""Moves aliases and records who moved them, when and why.

Each move is a tag of the registered model, ``history.0001`` and on, so that none replaces another
and all outlive the versions that they describe.
"""

import getpass
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zoo.untrusted import parse_json

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

HISTORY = "history."
_LONGEST = 3000  # characters of a reason; MLflow takes 5,000 in a tag


@dataclass(frozen=True)
class Move:
    """One change of an alias.

    Attributes:
        at: when, in UTC.
        who: ``user@machine``.
        alias: which.
        before: the version it pointed at, if at any.
        after: the version it points at since; None when it was taken away.
        why: in words.
        back: whether it went back to what it pointed at earlier.
    """

    at: str
    who: str
    alias: str
    before: int | None
    after: int | None
    why: str
    back: bool = False

    def __str__(self) -> str:
        if self.after is None:
            what = f"version {self.before} is no longer {self.alias}"
        elif self.before is None:
            what = f"version {self.after} became {self.alias}"
        else:
            what = f"{self.alias} moved from version {self.before} to {self.after}"
        return f"{self.at} {self.who}: {what}: {self.why}"


def moves_in(tags: Mapping[str, str]) -> list[Move]:
    """All moves recorded in a registered model's tags, oldest first."""
    found = []
    for key in sorted(key for key in tags if key.startswith(HISTORY)):
        try:
            move = Move(**parse_json(tags[key]))
        except (ValueError, TypeError):  # written by others
            continue
        if _is_ours(move):
            found.append(move)
    return found


def move_alias(
    client: "MlflowClient",
    name: str,
    alias: str,
    version: int | None,
    why: str,
    *,
    back: bool = False,
) -> int | None:
    """Points ``alias`` at ``version`` (takes it away if None), under :func:`.lease.lease`.

    The record is written first: a crash in between leaves a move that is told of and was not
    made, never one that nobody can explain.

    Returns:
        The version it pointed at before.
    """
    model = client.get_registered_model(name)
    before = int(model.aliases[alias]) if alias in model.aliases else None
    if before == version:
        return before
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
    move = Move(now, who(), alias, before, version, why[:_LONGEST], back)
    known = [key.removeprefix(HISTORY) for key in model.tags if key.startswith(HISTORY)]
    number = max((int(key) for key in known if key.isdigit()), default=0) + 1
    client.set_registered_model_tag(name, f"{HISTORY}{number:04}", json.dumps(asdict(move)))
    if version is None:
        client.delete_registered_model_alias(name, alias)
    else:
        client.set_registered_model_alias(name, alias, str(version))
    # An alias leaves no time stamp behind; this one is what lists go by (see listing).
    client.update_registered_model(name, description=model.description or "")
    return before


def _is_ours(move: Move) -> bool:
    """Whether its parts are of the kinds that zoo writes."""
    words = (move.at, move.who, move.alias, move.why)
    numbers = [one for one in (move.before, move.after) if one is not None]
    return (
        all(isinstance(one, str) for one in words)
        and all(type(one) is int for one in numbers)
        and isinstance(move.back, bool)
    )


def holders(moves: Iterable[Move], alias: str) -> list[int]:
    """The versions that ``alias`` would fall back on, the present one last.

    A move back takes off what was put on since, so that going back twice goes back two steps.
    """
    stack: list[int] = []
    for move in moves:
        if move.alias != alias or move.after is None:
            continue
        if move.back:
            while stack and stack[-1] != move.after:
                stack.pop()
        if not stack or stack[-1] != move.after:
            stack.append(move.after)
    return stack


def who() -> str:
    """``user@machine``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
