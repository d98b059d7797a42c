"""Handing an identity's photos to DVC, where the project uses it.

DVC runs as a process of its own: importing it takes seconds, and its output is not ours.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from zoo.errors import StorageError
from zoo.settings import Project


def version_photos(project: Project, photos: Path) -> str:
    """Runs ``dvc add`` on the folder ``photos`` and says in one sentence what came of it.

    Raises:
        StorageError: DVC refused.
    """
    if not (project.root / ".dvc").is_dir():
        return f"{project.root} is not a DVC repository, so the photos are not versioned."
    if importlib.util.find_spec("dvc") is None:
        return (
            "DVC is not installed here (pip install 'faceswap-zoo[train]'), so the photos are "
            "not versioned."
        )
    target = photos.relative_to(project.root)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", str(target)],
        cwd=project.root,
        env={**os.environ, "DVC_NO_ANALYTICS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise StorageError(
            f"DVC could not version {target} ({lines[-1].removeprefix('ERROR: ').rstrip('.')}); "
            f"run `dvc add {target}` when that is solved."
        )
    return f"{target} is versioned by DVC."
