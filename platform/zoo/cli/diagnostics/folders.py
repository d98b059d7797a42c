"""Checks of the folders: cache, weights, project."""

import os
import shutil
from pathlib import Path

from zoo.cli.diagnostics.check import Check, State
from zoo.cli.diagnostics.servers import bucket, server
from zoo.settings import Project, cache_folder
from zoo.storage import private_folder

LEAST_FREE = 1e9  # bytes


def cache() -> Check:
    """May be written to, and has room."""
    folder = cache_folder()
    fix = "Set ZOO_CACHE to a folder that you may write to and that has room."
    try:
        private_folder(folder)
        probe = folder / f".doctor-{os.getpid()}"
        probe.write_bytes(b"0")
        probe.unlink()
    except OSError as error:
        return Check("cache", State.BROKEN, f"{folder}: {error.strerror or error}", fix)
    free = shutil.disk_usage(folder).free
    networks = len(list(folder.glob("networks/*/*/*/network.onnx")))
    words = f"{folder}, {networks} networks, {free / 1e9:.1f} GB free"
    return Check("cache", State.BROKEN, words, fix) if free < LEAST_FREE else Check(
        "cache", State.OK, words
    )  # fmt: skip


def weights() -> Check:
    """VGG-19, here or at a mirror that answers."""
    from zoo.assets import locate
    from zoo.s3.address import is_s3

    mirror = os.environ.get("ZOO_ASSETS", "")
    if path := locate("vgg19"):
        return Check("weights", State.OK, f"VGG-19: {path}")
    words = "VGG-19 is not available; 'perceptual: auto' in a recipe is the shipped compact network"
    if not mirror:
        fix = "To have it, set ZOO_ASSETS to a folder, http(s):// or s3:// mirror with it."
        return Check("weights", State.NOTE, words, fix)
    if is_s3(mirror):
        return bucket("weights", mirror, f"ZOO_ASSETS={mirror}")
    if mirror.startswith(("http://", "https://")):
        return server("weights", mirror, "ZOO_ASSETS")
    if Path(mirror).is_dir():
        return Check("weights", State.NOTE, f"ZOO_ASSETS={mirror} has no VGG-19",
                     "Put vgg19-dcbb9e9d.pth there, or unset ZOO_ASSETS.")  # fmt: skip
    return Check("weights", State.BROKEN, f"ZOO_ASSETS={mirror} is not a folder",
                 "Correct or unset ZOO_ASSETS.")  # fmt: skip


def recogniser() -> Check:
    """SFace, which measures likeness; without it the weaker recogniser does."""
    from zoo.assets import locate

    if path := locate("sface"):
        return Check("recogniser", State.OK, f"SFace: {path}")
    return Check(
        "recogniser",
        State.NOTE,
        "SFace is not available; dlib's descriptor, the weaker recogniser, measures likeness",
        "Set `recogniser: sface` in the section `evaluate` of params.yaml: 39 MB are fetched.",
    )


def project(project: Project) -> Check:
    """Its identities and recipe can be read, and its disk has room."""
    from zoo.provenance.identities.identity import identities
    from zoo.settings import read_params

    params, people = read_params(project), identities(project)
    free = shutil.disk_usage(project.root).free
    words = (
        f"{project.root}, {len(people)} identities, recipe {params.get('recipe')}, "
        f"{free / 1e9:.1f} GB free"
    )
    if free < LEAST_FREE:
        return Check("project", State.BROKEN, words, "Free some space; `zoo registry gc` helps.")
    return Check("project", State.OK, words)
