"""Renders a person in a scene: picture, landmarks and labels.

Compiled code gets everything that a ray can meet as one record, by a single pointer: no reference
counts, and fixed sizes of the maps.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.camera import View, view
from zoo.people.geometry.displacement import fill_relief
from zoo.people.geometry.face_map import Canvas, sculpt
from zoo.people.geometry.features import Features, features
from zoo.people.geometry.hair import HAIR as HAIR_RECORD
from zoo.people.geometry.hair import face_window, hair_record
from zoo.people.geometry.head import CHART_SHAPE, HEAD, PROFILE_ROWS, head_record, profiles
from zoo.people.geometry.landmarks import landmarks
from zoo.people.geometry.surface import CLOTH, TORSO, torso_record
from zoo.people.geometry.surface import HAIR as HAIR_PART
from zoo.people.geometry.surface import NOTHING as NOTHING_PART
from zoo.people.person import Person
from zoo.people.rendering.albedo import paint
from zoo.people.rendering.background import background_image
from zoo.people.rendering.materials import LOOK, look_record
from zoo.people.rendering.noise import SIZE, noise_tile
from zoo.people.rendering.ray_marching import RAYS, draw
from zoo.people.scene import Scene

MODEL = np.dtype(
    [
        ("head", HEAD),
        ("hair", HAIR_RECORD),
        ("torso", TORSO),
        ("look", LOOK),
        ("table", np.float64, (PROFILE_ROWS, 3)),  # outline of the face
        ("relief", np.float32, CHART_SHAPE),
        ("window", np.float32, CHART_SHAPE),
        ("tile", np.float32, (SIZE, SIZE)),
        ("paint", np.float32, (*CHART_SHAPE, 6)),
    ]
)


BACKGROUND, HAIR, SKIN, OTHER = 0, 1, 2, 3


@dataclass(frozen=True)
class Render:
    """One picture of one person, with the truth about it."""

    image: npt.NDArray[np.uint8]  # [size, size, 3] RGB
    landmarks: npt.NDArray[np.float32]  # [68, 2] (x, y) in pixels
    labels: npt.NDArray[np.uint8]  # [size, size] BACKGROUND, HAIR, SKIN or OTHER
    person: Person
    scene: Scene


def render(person: Person, scene: Scene, size: int = 256) -> Render:
    """Draw a person; the same arguments give the same bytes on the same machine.

    Args:
        person: Who.
        scene: In which pose, expression, light and surroundings.
        size: Width and height of the picture in pixels.
    """
    shape = features(person, scene.expression)
    camera = view(person, scene, size)
    model = _model(person, scene, shape, camera)
    picture = np.empty((size, size, 3), np.float32)
    seen = np.zeros((size, size), np.uint8)
    draw(picture, seen, background_image(scene.background, size), _rays(camera), model)
    image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return Render(
        image=image,
        landmarks=landmarks(person, shape, camera, model),
        labels=_labels(seen),
        person=person,
        scene=scene,
    )


def _model(person: Person, scene: Scene, shape: Features, camera: View) -> npt.NDArray[np.void]:
    """One record of dtype MODEL."""
    canvas = Canvas()
    model = np.empty(1, MODEL)
    m = model[0]
    table = profiles(person, shape)
    surface = sculpt(person, shape, table, canvas)
    m["table"] = table
    m["head"] = head_record(person, shape, table, camera.body)[0]
    m["head"]["eye_z"] = surface.eye_z
    relief = np.empty(CHART_SHAPE, np.float32)
    fill_relief(surface.height, canvas.x[0], canvas.y[:, 0], model, relief)
    m["relief"] = relief * surface.valid + surface.thickness
    m["paint"] = paint(person, shape, surface, canvas)
    m["hair"] = hair_record(person)[0]
    m["window"] = face_window(person, canvas)
    m["torso"] = torso_record(person)[0]
    m["look"] = look_record(person, scene, camera.rotation.T, surface.eye_z)[0]
    m["tile"] = noise_tile()
    return model


def _rays(camera: View) -> npt.NDArray[np.void]:
    rays = np.zeros(1, RAYS)
    r = rays[0]
    r["origin"], r["matrix"] = camera.origin, camera.rotation
    r["focal"], (r["cx"], r["cy"]) = camera.focal, camera.centre
    reach = float(np.linalg.norm(camera.origin))
    r["near"], r["far"] = reach - 30.0, reach + 40.0
    return rays


def _labels(seen: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    labels = np.full(seen.shape, SKIN, np.uint8)
    labels[seen == NOTHING_PART] = BACKGROUND
    labels[seen == HAIR_PART] = HAIR
    labels[(seen == CLOTH) | (seen >= 8)] = OTHER
    return labels
