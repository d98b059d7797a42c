"""Merges a branch on which others added identities, without making their products again.

`dvc.lock` is the one file that both sides change: it names the folders of all identities by one
digest each, so that git cannot merge it. Their products are in DVC's cache (`dvc fetch` brings
them); those of identities that are missing here are added to ours, and `dvc repro`, which finds
their receipts fresh, writes a new lock. Usage, in a clean working tree:

    python pipelines/merge.py BRANCH
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from zoo.errors import StorageError, UsageError
from zoo.products.incremental import run_stage
from zoo.settings import Project

LOCK = "dvc.lock"


def main(project: Project) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("branch")
    branch: str = parser.parse_args().branch
    if git(project, "status", "--porcelain", "--untracked-files=no"):
        raise UsageError("There are changes that are not committed; commit them before a merge.")
    git(project, "merge", "--no-commit", "--no-ff", branch, check=False)
    conflicts = git(project, "diff", "--name-only", "--diff-filter=U").splitlines()
    if others := [path for path in conflicts if path != LOCK]:
        raise UsageError(
            f"{', '.join(others)} must be merged by hand; then run this again after `git merge "
            "--abort`, or resolve dvc.lock with `git checkout --ours dvc.lock` and `dvc repro`."
        )
    if conflicts:
        git(project, "checkout", "--ours", LOCK)
        git(project, "add", LOCK)
    dvc(project, "checkout", "--quiet", *map(str, photos(project)))
    for path in lay_beside(project, branch):
        print(f"{path}: theirs")
    dvc(project, "repro")
    git(project, "add", LOCK)
    print("Merged; look at it, and finish with: git commit")
    return 0


def lay_beside(project: Project, branch: str) -> list[Path]:
    """Copies what the stages of ``branch`` made and this working tree has nothing of."""
    copied = []
    with tempfile.TemporaryDirectory() as folder:
        theirs = Project(Path(folder) / "theirs")
        git(project, "worktree", "add", "--quiet", "--detach", str(theirs.root), branch)
        try:
            cache = dvc(project, "cache", "dir").strip()
            dvc(theirs, "cache", "dir", "--local", cache)
            dvc(theirs, "checkout", "--quiet", "--allow-missing", *outs(theirs))
            for out in outs(theirs):
                for path in sorted((theirs.root / out).glob("[!.]*")):
                    target = project.root / out / path.name
                    if not target.exists():
                        target.parent.mkdir(parents=True, exist_ok=True)
                        (shutil.copytree if path.is_dir() else shutil.copy2)(path, target)
                        copied.append(target.relative_to(project.root))
        finally:
            git(project, "worktree", "remove", "--force", str(theirs.root))
    return copied


def outs(project: Project) -> list[str]:
    """The output folders of the stages in the lock."""
    lock = yaml.safe_load((project.root / LOCK).read_text(encoding="utf-8")) or {}
    stages = lock.get("stages", {}).values()
    return [out["path"] for stage in stages for out in stage.get("outs", [])]


def photos(project: Project) -> list[Path]:
    """What `dvc add` tracks of the identities."""
    return sorted(project.identities.glob("*/*.dvc"))


def git(project: Project, *arguments: str, check: bool = True) -> str:
    return run(project, ["git", *arguments], check)


def dvc(project: Project, *arguments: str) -> str:
    return run(project, [sys.executable, "-m", "dvc", *arguments], True)


def run(project: Project, command: list[str], check: bool) -> str:
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise StorageError(f"`{' '.join(command[:3])} …` failed: {said[-1]}")
    return done.stdout


if __name__ == "__main__":
    run_stage(main)
