"""Pose of head and body, and the pinhole projection.

The world's axes are the camera's: x to the right of the picture, y up, z towards the
camera. Pixel centres lie at integers.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.people.person import Person
from zoo.people.scene import Scene

Array = npt.NDArray[np.float64]

_PIVOT = np.array([0.0, -9.0, -4.0])  # where the head turns on the neck


@dataclass(frozen=True)
class View:
    """Everything needed to go between head coordinates and pixels."""

    rotation: Array  # [3, 3] head to world
    origin: Array  # [3] the camera in head coordinates
    body: Array  # [3, 4] head to body coordinates
    focal: float  # pixels
    centre: tuple[float, float]  # pixels

    def project(self, points: Array) -> Array:
        """Pixels [N, 2] of points [N, 3] in head coordinates."""
        seen = (points - self.origin) @ self.rotation.T
        scale = self.focal / -seen[:, 2]
        return np.stack(
            [self.centre[0] + seen[:, 0] * scale, self.centre[1] - seen[:, 1] * scale], axis=1
        )


def view(person: Person, scene: Scene, size: int) -> View:
    """Where the camera stands, seen from the head."""
    rotation = _rotation(scene.yaw, scene.pitch, scene.roll)
    torso = _rotation(0.35 * scene.yaw, 0.0, 0.15 * scene.roll)
    camera = scene.camera
    middle = 0.5 * (person.skull.crown + person.skull.chin)
    target = rotation @ (np.array([0.0, middle, 3.0]) - _PIVOT) + _PIVOT
    eye = target + np.array([0.0, 0.0, camera.distance])
    height = person.skull.crown - person.skull.chin
    focal = camera.face_fraction * size * camera.distance / height
    to_body = torso.T @ rotation
    body = np.concatenate([to_body, (_PIVOT - to_body @ _PIVOT)[:, None]], axis=1)
    return View(
        rotation=rotation,
        origin=rotation.T @ (eye - _PIVOT) + _PIVOT,
        body=np.ascontiguousarray(body),
        focal=focal,
        centre=(
            (0.5 + camera.shift_x) * size - 0.5,
            (0.43 + camera.shift_y) * size - 0.5,
        ),
    )


def _rotation(yaw: float, pitch: float, roll: float) -> Array:
    a, b, c = (math.radians(v) for v in (yaw, -pitch, -roll))
    turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    nod = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    tilt = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return np.asarray(tilt @ nod @ turn)
