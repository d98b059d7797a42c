"""A few rendered people, each face found once per session."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from zoo.faces.detection.detector import Face, find_faces
from zoo.people import Render, named_person, random_person, random_scene, render


@dataclass(frozen=True)
class Portrait:
    render: Render
    face: Face


@pytest.fixture(scope="session")
def portraits() -> Sequence[Portrait]:
    """Ada twice, Bruno once, two others, each in another scene; 256 pixels."""
    people = [named_person("ada"), named_person("ada"), named_person("bruno")]
    people += [random_person(seed) for seed in (1, 2)]
    renders = [
        render(person, random_scene(seed, max_yaw=30), 256) for seed, person in enumerate(people)
    ]
    return [Portrait(picture, find_faces(picture.image)[0]) for picture in renders]


@pytest.fixture(scope="session")
def portrait(portraits: Sequence[Portrait]) -> Portrait:
    return portraits[0]
