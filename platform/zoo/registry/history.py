"""Moving an alias, and keeping who moved it, when and why, in the versions' tags."""

import getpass
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

HISTORY = "history"
_MAX_CHARACTERS = 4000  # MLflow takes 5,000 in a tag


def move_alias(client: "MlflowClient", name: str, alias: str, version: int, why: str) -> int | None:
    """Points ``alias`` at ``version`` and records it in both versions it concerns.

    Returns:
        The version it pointed at before.
    """
    before = alias_version(client, name, alias)
    if before == version:
        return before
    client.set_registered_model_alias(name, alias, str(version))
    moved = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {who()}:"
    _record(client, name, version, f"{moved} became {alias}: {why}")
    if before is not None:
        _record(client, name, before, f"{moved} {alias} moved to version {version}")
    return before


def alias_version(client: "MlflowClient", name: str, alias: str) -> int | None:
    """The version that ``alias`` points at."""
    aliases = client.get_registered_model(name).aliases
    return int(aliases[alias]) if alias in aliases else None


def who() -> str:
    """``user@machine``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _record(client: "MlflowClient", name: str, version: int, line: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        known = client.get_model_version(name, str(version)).tags.get(HISTORY, "")
    except MlflowException:  # the alias pointed at a version that was deleted
        return
    text = f"{known}\n{line}".strip()[-_MAX_CHARACTERS:]
    client.set_model_version_tag(name, str(version), HISTORY, text)
