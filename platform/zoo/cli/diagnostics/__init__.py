"""The checks of ``zoo doctor``: each reports, in bounded time, its finding and the remedy.

A GPU's driver and servers are queried in a process or over a socket with a time limit, because both
may hang.
"""

import os
from collections.abc import Callable

from zoo.cli.diagnostics import folders, installed, servers
from zoo.cli.diagnostics.check import Check, State, run
from zoo.local_ray import cluster_address
from zoo.settings import Project

__all__ = ["Check", "State", "checks", "run"]


def checks(project: Project | None) -> dict[str, Callable[[], Check]]:
    """All checks that apply here, by name, in the order of the report."""
    found: dict[str, Callable[[], Check]] = {
        "installed": installed.base,
        "training": installed.training,
        "face models": installed.face_models,
        "onnx runtime": installed.onnx_runtime,
        "pytorch": installed.pytorch,
        "cache": folders.cache,
        "weights": folders.weights,
        "recogniser": folders.recogniser,
    }
    if project:
        found["project"] = lambda: folders.project(project)
        found["dvc remote"] = lambda: servers.dvc_remote(project)
    found["registry"] = lambda: servers.registry(project)
    if os.environ.get("AWS_ENDPOINT_URL"):
        found["s3"] = lambda: servers.server(
            "s3", os.environ["AWS_ENDPOINT_URL"], "AWS_ENDPOINT_URL"
        )
    if cluster_address():
        found["ray"] = servers.ray
    return found
