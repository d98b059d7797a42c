"""Inputs and settings of an evaluation; imports no measuring code."""

from pathlib import Path

from pydantic import BaseModel, Field

from zoo.evaluation.measures.likeness import Choice
from zoo.settings import Project, read_params, section

VERSION = "evaluate-11"
"""A part of every report's receipt; raised when the same network gets other figures."""

HELD_OUT = "held_out.json"


class EvaluateSettings(BaseModel, extra="forbid"):
    """Section ``evaluate`` of ``params.yaml``."""

    photos: int = Field(ge=1)
    """At most so many held-out photos."""
    gallery: list[str]
    """Folders of other people, one subfolder each; relative to the project."""
    recogniser: Choice = "auto"
    """Who judges likeness: ``sface``, ``dlib``, or SFace when its weights are at hand."""


def evaluate_settings(project: Project) -> EvaluateSettings:
    """Section ``evaluate`` of the project's ``params.yaml``.

    Raises:
        ProjectError: it is missing or wrong.
    """
    return section(read_params(project), "evaluate", EvaluateSettings)


def descriptors_path(project: Project, name: str) -> Path:
    """Where the align stage keeps the descriptors of an identity's real photos."""
    return project.aligned / f"{name}.descriptors.npy"
