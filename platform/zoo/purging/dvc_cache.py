"""An identity in DVC's cache, and other places where its files may be.

DVC keeps a file under the MD5 of its content, and a folder as a list of its files under the MD5
of that list (https://dvc.org/doc/user-guide/project-structure/internal-files). A list that names
the identity goes, with the files in it that are the identity's; files that other photos' lists
have too stay, and are named.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.provenance.identities.identity import PHOTOS
from zoo.purging.references import is_of, word
from zoo.settings import Project
from zoo.untrusted import MOST_JSON, read_bytes, read_json

_LIST = ".dir"
_MD5 = re.compile(r"md5: ([0-9a-f]{32}(?:\.dir)?)")
_NOT_LOOKED_INTO = frozenset((".git", ".dvc", ".venv", "node_modules"))
_ASK = """
import json
from dvc.repo import Repo
with Repo() as repo:
    print(json.dumps({"cache": repo.cache.local.path, "legacy": repo.cache.legacy.path,
                      "known": repo.site_cache_dir, "remotes": sorted(repo.config["remote"])}))
"""


@dataclass
class Versioned:
    """What version control has of an identity.

    Attributes:
        objects: files of DVC's cache that go.
        known: the folder of what DVC knows of this project's files, which names them; DVC makes
            it again.
        runs: entries of DVC's cache of runs that tell of the lists that go.
        left: sentences about what is out of reach.
    """

    objects: list[Path] = field(default_factory=list)
    known: Path | None = None
    runs: list[Path] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[Path]:
        """All of it."""
        return [*self.objects, *self.runs, *([self.known] if self.known else [])]


def find_versioned(project: Project, name: str) -> Versioned:
    """The files of ``name`` in DVC's cache; none if the project has no DVC."""
    found = Versioned()
    commits = _commits(project, name)
    own, others = _photo_lists(project, name, commits)
    if commits:
        found.left.append(
            f"git: its record and {PHOTOS}.dvc in the history of this clone and of others, until "
            "the removal is committed and the history rewritten (git filter-repo)"
        )
    if not (project.root / ".dvc").is_dir():
        return found
    caches = _caches(project, found)
    lists = {path.parent.name + path.name: path for cache in caches for path in _lists(cache)}
    content = {key: _entries(path) for key, path in lists.items()}
    kept = others | {entry["md5"] for key in others for entry in content.get(key, [])}
    going = {key for key in own if not key.endswith(_LIST)}
    for key, entries in content.items():
        if key in own:
            going |= {key, *(entry["md5"] for entry in entries)}
            continue
        named = {one["md5"] for one in entries if is_of(one["relpath"].split("/")[0], name)}
        if named and key in others:
            found.left.append(f"DVC: files called {name} in a folder that a .dvc file tracks")
        elif named:
            going |= {key, *named, *_saying(caches, entries, name)}
    # Its photos at another time: fewer, more, or others beside the same ones.
    photos = {entry["md5"] for key in own for entry in content.get(key, [])} - kept
    for key, entries in content.items():
        inside = {entry["md5"] for entry in entries}
        if key not in others | going and inside & photos:
            going |= {key, *inside}
    if shared := going & kept:
        found.left.append(
            f"DVC: {len(shared)} files that other identities' photos have too, byte by byte"
        )
    found.objects = [path for md5 in sorted(going - kept) for path in _objects(caches, md5)]
    found.runs = _runs(caches, {key for key in going if key.endswith(_LIST)})
    return found


def _caches(project: Project, found: Versioned) -> list[Path]:
    """The folders of DVC's caches, as DVC itself says; its remotes are out of reach."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=project.root,
        env={**os.environ, "DVC_NO_ANALYTICS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        cache = project.root / ".dvc" / "cache"
        found.left.append(
            f"DVC cannot be run here (pip install 'faceswap-zoo[train]'): caches other than "
            f"{cache}, and remotes"
        )
        return [cache / "files" / "md5", cache]
    if Path(said["known"]).is_dir():
        found.known = Path(said["known"])
    found.left += [
        f"DVC's remote {remote!r}: run `dvc gc --cloud --remote {remote} --workspace` after "
        "`dvc repro`, in a clone that has everything that you want to keep"
        for remote in said["remotes"]
    ]
    return [Path(said["cache"]), Path(said["legacy"])]


def _photo_lists(project: Project, name: str, commits: list[str]) -> tuple[set[str], set[str]]:
    """What DVC tracks of the identity, now and at any commit, and what it tracks besides."""
    own, others = set[str](), set[str]()
    mine = project.identities / name
    for path in _tracked(project.root):
        text = read_bytes(path, MOST_JSON).decode(errors="replace")
        (own if path.is_relative_to(mine) else others).update(_MD5.findall(text))
    record = f"identities/{name}/{PHOTOS}.dvc"
    for commit in commits:
        own.update(_MD5.findall(_git(project, "show", f"{commit}:{record}")))
    return own - others, others


def _tracked(root: Path) -> Iterator[Path]:
    for folder, inside, files in os.walk(root):
        inside[:] = [one for one in inside if one not in _NOT_LOOKED_INTO]
        yield from (Path(folder, file) for file in files if file.endswith(".dvc"))


def _commits(project: Project, name: str) -> list[str]:
    return _git(project, "log", "--all", "--format=%H", "--", f"identities/{name}").split()


def _git(project: Project, *arguments: str) -> str:
    if not (project.root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=project.root, capture_output=True, check=False
        )
    except OSError:  # no git here
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _lists(cache: Path) -> Iterator[Path]:
    for folder in cache.glob("[0-9a-f][0-9a-f]"):
        yield from folder.glob(f"*{_LIST}")


def _entries(path: Path) -> list[dict[str, str]]:
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return []
    entries = found if isinstance(found, list) else []
    return [
        {"md5": str(one["md5"]), "relpath": str(one["relpath"])}
        for one in entries
        if isinstance(one, dict) and "md5" in one and "relpath" in one
    ]


def _saying(caches: list[Path], entries: list[dict[str, str]], name: str) -> set[str]:
    """JSON in the same folder that is about others, or about all, and names the identity."""
    found = set()
    for entry in entries:
        if entry["relpath"].endswith(".json"):
            for path in _objects(caches, entry["md5"]):
                try:
                    if word(name).search(read_bytes(path, MOST_JSON)):
                        found.add(entry["md5"])
                except OSError:
                    continue
    return found


def _objects(caches: list[Path], md5: str) -> Iterator[Path]:
    for cache in caches:
        path = cache / md5[:2] / md5[2:]
        if path.is_file():
            yield path


def _runs(caches: list[Path], lists: set[str]) -> list[Path]:
    """DVC's run cache of stages that produced such lists."""
    folder = caches[-1] / "runs"
    found = []
    for path in folder.rglob("*") if lists else ():
        if path.is_file():
            text = read_bytes(path, MOST_JSON).decode(errors="replace")
            if any(key in text for key in lists):
                found.append(path)
    return found
