"""Failures of each stage's last run with reasons, in ``.zoo/failures/STAGE.json``.

Receipts record successes; this file records failures, for ``zoo status``.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from zoo.errors import StorageError
from zoo.settings import Project
from zoo.storage import write_json
from zoo.untrusted import read_json

STAGES = ("render", "align", "train", "evaluate", "register")


def remember(
    project: Project, stage: str, failed: Mapping[str, str], tried: Collection[str] | None = None
) -> None:
    """Keeps the reasons of a run.

    Args:
        project: the project.
        stage: its name.
        failed: reasons by identity.
        tried: the identities that the run was about, if not about all.
    """
    path = _path(project, stage)
    before = of_stage(project, stage)
    kept = {} if tried is None else {k: v for k, v in before.items() if k not in set(tried)}
    if before == {**kept, **failed}:
        return
    with suppress(StorageError):  # no reason to end a stage
        write_json(path, {**kept, **failed})


def of_stage(project: Project, stage: str) -> dict[str, str]:
    """Reasons by identity; none when there is no note."""
    try:
        found = read_json(_path(project, stage))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _path(project: Project, stage: str) -> Path:
    return project.root / ".zoo" / "failures" / f"{stage}.json"
