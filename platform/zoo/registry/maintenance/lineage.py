"""Lineage: everything a network was made from, and the commands that make it again.

What is known at publishing is kept with the version, as ``lineage.json``: digests of the photos
and DVC's name for them, recipe, content, weights of the networks that judged, and the commit.
"""

import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import RegistryError
from zoo.products import receipts
from zoo.provenance.identities.identity import PHOTOS
from zoo.registry.browse import find_version
from zoo.registry.references import Reference
from zoo.settings import Project, without_password
from zoo.tracking import connect, plain_registry_errors
from zoo.untrusted import read_json
from zoo.yaml_files import read_yaml

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

LINEAGE = "lineage.json"
_SAID = ("faces", "recipe_name", "light", "maker", "code", "receipt", "trained_at")


def trace(project: Project, name: str, receipt: Mapping[str, Any]) -> dict[str, Any]:
    """What the network with ``receipt`` was made from, as far as the project still has it.

    The faces' receipt tells of the photos only if the network was made from these very faces.
    """
    made = receipt.get("made_from", {})
    faces = receipts.read(project.aligned / f"{name}.safetensors")
    content = receipts.read(project.content / "content.safetensors")
    photos = faces.get("made_from", {}).get("photos", {})
    return {
        "identity": name,
        "photos": photos,
        "photos_dvc": _dvc(project, name),
        "align": {key: value for key, value in faces.get("made_from", {}).items() if key != PHOTOS},
        "faces": made.get("style"),
        "content": {
            "sha256": made.get("content"),
            "settings": content.get("made_from", {}).get("settings"),
            "photos": len(content.get("made_from", {}).get("photos", {})) or None,
        },
        "recipe_name": receipt.get("recipe_name"),
        "recipe": made.get("recipe"),
        "perceptual": made.get("perceptual"),
        "light": made.get("light"),
        "descriptor": made.get("descriptor"),
        "start": made.get("start"),
        "maker": made.get("maker"),
        "code": receipt.get("code"),
        "git": _git(project),
        "receipt": receipt.get("digest"),
        "trained_at": receipt.get("trained_at"),
        "seconds": receipt.get("seconds"),
    }


def lineage(reference: Reference, tracking_uri: str) -> dict[str, Any]:
    """The result of :func:`trace` when the version was published, with the version itself.

    Raises:
        UnknownIdentityError: no such identity, alias or version.
        RegistryError: the registry cannot be read, or the version has no lineage.
    """
    client = connect(tracking_uri)
    with plain_registry_errors(tracking_uri):
        version = find_version(client, tracking_uri, reference)
        place = client.get_model_version_download_uri(version.name, str(version.version))
    traced = _download(f"{place}/extra_files/{LINEAGE}", version)
    found = {
        "name": version.name,
        "version": int(version.version),
        "sha256": version.tags.get("sha256", ""),
        "basis": version.tags.get("basis", ""),
        "registry": without_password(tracking_uri),
        "run": version.run_id,
    }
    found = {**found, **traced, **found}  # in this order, and the registry's own words hold
    return {**found, "reproduce": reproduce(found)}


def reproduce(traced: Mapping[str, Any]) -> list[str]:
    """The commands that make the network again, to be run in a clone of the project."""
    name = traced["identity"]
    git = traced.get("git") or {}
    commands = []
    if git.get("commit"):
        commands.append(f"git checkout {git['commit']}")
    if traced.get("photos_dvc"):
        commands.append(f"dvc pull {_photos_file(name)}")
    commands += [
        "dvc repro content align",
        f"zoo train {name} --recipe {shlex.quote(str(traced.get('recipe_name')))}",
    ]
    return commands


def _download(place: str, version: "ModelVersion") -> dict[str, Any]:
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory() as folder:
        try:
            path = Path(download_artifacts(artifact_uri=place, dst_path=folder))
            traced = _checked(read_json(path), version.name)
        except Exception as error:  # missing, in as many ways as there are stores
            raise RegistryError(
                f"{version.name} version {version.version} has no lineage in the registry "
                f"({place} cannot be read); publish it again with `dvc repro`."
            ) from error
    return traced


def _checked(traced: Any, name: str) -> dict[str, Any]:
    """What :func:`trace` wrote, with no words in it that people would paste into a shell.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(traced, dict) or traced.get("identity") != name:
        raise ValueError("it is not this identity's")
    for key in ("photos", "photos_dvc", "perceptual", "git", "recipe", "content"):
        if not isinstance(traced.get(key), dict | None):
            raise ValueError(f"its {key} are none")
    commit = (traced.get("git") or {}).get("commit")
    if commit is not None and not re.fullmatch(r"[0-9a-f]{4,64}", str(commit)):
        raise ValueError(f"{str(commit)[:40]!r} is no commit")
    changed = (traced.get("git") or {}).get("changed", [])
    if not isinstance(changed, list):
        raise ValueError("its changes are none")
    return {
        **dict.fromkeys(_SAID),
        **traced,
        "photos": traced.get("photos") or {},
        "content": {"sha256": None, **(traced.get("content") or {})},
    }


def _photos_file(name: str) -> str:
    return f"identities/{name}/{PHOTOS}.dvc"


def _dvc(project: Project, name: str) -> dict[str, Any] | None:
    """What DVC calls the photos; None where it does not keep them."""
    try:
        (out,) = read_yaml(project.root / _photos_file(name))["outs"]
        return {key: out.get(key) for key in ("md5", "nfiles", "size")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _git(project: Project) -> dict[str, Any] | None:
    """The commit of the working tree, and whether it differs from it; None without git."""

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=project.root,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.rstrip()

    commit = ask("rev-parse", "HEAD")
    if not commit:
        return None
    # dvc.lock changes while the stages run, and says nothing that the receipts do not.
    changed = ask("status", "--porcelain", "--", ".", ":(exclude)dvc.lock") or ""
    return {"commit": commit, "changed": sorted(line[3:] for line in changed.splitlines())}
