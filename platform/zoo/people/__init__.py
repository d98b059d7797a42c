"""Synthetic people: heads rendered by marching rays through a signed distance function.

Each render comes with its landmarks, labels and parameters, and the same scene can be
rendered with another person's face: the true swap. Nobody's photo is in it.
"""

from zoo.people.named import named_person, random_person
from zoo.people.person import Person, with_face_of
from zoo.people.render import BACKGROUND, HAIR, OTHER, SKIN, Render, render
from zoo.people.scene import Scene, random_scene

__all__ = [
    "BACKGROUND",
    "HAIR",
    "OTHER",
    "SKIN",
    "Person",
    "Render",
    "Scene",
    "named_person",
    "random_person",
    "random_scene",
    "render",
    "with_face_of",
]
