"""Photos for the figures: ordinary ones, turning heads, difficult cases.

They come from the photos held out from training; if those are rendered, another person is rendered
in the required situations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.errors import PhotoError
from zoo.evaluation.held_out import read_held_out
from zoo.evaluation.measures.expression import eye_opening, mouth_opening
from zoo.evaluation.settings import HELD_OUT
from zoo.faces.compositing.lab import to_lab
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.geometry.pose import head_pose
from zoo.faces.masks.face_mask import face_mask
from zoo.people import Person, Scene, random_person, random_scene, render
from zoo.people.augmentation.drawing import DrawingContext
from zoo.people.augmentation.occluders import hand
from zoo.people.person import Glasses
from zoo.people.scene import Expression, Light
from zoo.photos.image import Image
from zoo.photos.reading import read_photo
from zoo.settings import Project
from zoo.swapping.compositing import replaceable

COUNT = 6
_SIZE = 320  # pixels of a rendered photo
_STRANGER = 9021  # seed of a person whom no training has seen
_GREY = 4.0  # ΔE: photos with less colour have none
_SKIN = (12.0, 16.0)  # a*, b* of skin in white light, about


@dataclass(frozen=True)
class Seen:
    """A photo, its largest face, and its properties."""

    image: Image
    face: Face
    words: str = ""

    @property
    def yaw(self) -> float:
        """Degrees, to the picture's right."""
        return head_pose(self.face.landmarks).angles[0]

    @property
    def close(self) -> Image:
        """A square about the face, 1.7 times its box's side, cut to the photo."""
        return self.cut(self.image)

    def cut(self, image: Image) -> Image:
        """The same part of another picture of the photo's size."""
        left, top, right, bottom = self.face.box
        half, x, y = int(0.85 * (right - left)), (left + right) // 2, (top + bottom) // 2
        y -= (bottom - top) // 12  # the box ends at the brows
        return np.asarray(image[max(0, y - half) : y + half, max(0, x - half) : x + half])


class FigurePhotos:
    """Photos by occasion, :data:`COUNT` of each at most."""

    def __init__(self, project: Project) -> None:
        """Looks through the project's held-out photos.

        Raises:
            PhotoError: the list is missing, or none of them shows a face.
        """
        held_out = read_held_out(project.content / HELD_OUT)
        self.rendered = all(item.rendered for item in held_out)
        self._photos = []
        for item in held_out:
            try:
                found = seen(read_photo(project.root / item.photo).image)
            except PhotoError:
                continue
            self._photos += [found] if found else []
        if not self._photos:
            raise PhotoError(f"No held-out photo of {project.root} shows a face.")

    def ordinary(self) -> list[Seen]:
        """Evenly picked."""
        return _evenly(self._photos)

    def turned(self) -> list[Seen]:
        """From one side to the other: one person, or photos ordered by yaw."""
        if self.rendered:
            scene, person = random_scene(_STRANGER, max_yaw=0), random_person(_STRANGER)
            angles = np.linspace(-35, 35, COUNT)
            drawn = [_draw(person, replace(scene, yaw=float(yaw))) for yaw in angles]
            found = [photo for image in drawn if (photo := seen(image))]
        else:
            found = _evenly(sorted(self._photos, key=lambda photo: photo.yaw))
        return [replace(photo, words=f"{photo.yaw:+.0f}°") for photo in found]

    def difficult(self) -> list[Seen]:
        """The hardest of the held-out photos in each way, or such cases rendered."""
        if self.rendered:
            return [
                photo for words, image in _rendered_cases().items() if (photo := seen(image, words))
            ]
        rest, chosen = list(self._photos), []
        for words, hardness in _HARDNESS.items():
            if rest:
                worst = max(rest, key=hardness)
                rest = [photo for photo in rest if photo is not worst]
                chosen.append(replace(worst, words=words))
        return chosen


def seen(image: Image, words: str = "") -> Seen | None:
    """The photo with its largest face; None when none is found."""
    faces = find_faces(image)
    return Seen(image, faces[0], words) if faces else None


def _covered(photo: Seen) -> float:
    """How much of the face is hidden by something that is not skin."""
    mask = face_mask(photo.face.landmarks, photo.image.shape)
    return 1 - float(
        (mask * replaceable(photo.image, photo.face.landmarks)).sum() / max(mask.sum(), 1)
    )


def _coloured(photo: Seen) -> float:
    """How far the face's mean hue is from that of skin in white light; 0 for grey photos."""
    mask = face_mask(photo.face.landmarks, photo.image.shape) > 0.5
    chroma = to_lab(photo.image)[mask].mean(axis=0)[1:]
    return float(np.hypot(*(chroma - _SKIN))) if np.hypot(*chroma) > _GREY else 0.0


_HARDNESS: Mapping[str, Callable[[Seen], float]] = {
    "turned": lambda photo: abs(photo.yaw),
    "something in front": _covered,
    "big mouth": lambda photo: mouth_opening(photo.face.landmarks),
    "closed eyes": lambda photo: -eye_opening(photo.face.landmarks),
    "coloured light": _coloured,
    "tilted": lambda photo: abs(head_pose(photo.face.landmarks).angles[2]),
}


def _rendered_cases() -> dict[str, Image]:
    """One person in six difficult situations."""
    person = replace(random_person(_STRANGER), glasses=Glasses())
    scene = random_scene(_STRANGER, max_yaw=0)
    red = Light(azimuth=60, key=1.2, ambient=0.2, colour=(1.5, 0.45, 0.4))
    return {
        "profile": _draw(person, replace(scene, yaw=42)),
        "closed eyes": _draw(person, replace(scene, expression=Expression(eyes_closed=1.0))),
        "glasses": _draw(replace(person, glasses=Glasses(thickness=0.35)), scene),
        "hand": _with_hand(person, scene),
        "big mouth": _draw(person, replace(scene, expression=Expression(mouth_open=1.0))),
        "coloured light": _draw(person, replace(scene, light=red)),
    }


def _draw(person: Person, scene: Scene) -> Image:
    image: Image = render(person, scene, _SIZE).image
    return image


def _with_hand(person: Person, scene: Scene) -> Image:
    shown = render(person, scene, _SIZE)
    sitting = DrawingContext(
        shown.image.astype(np.float32),
        shown.labels.copy(),
        ((shown.landmarks + 0.5) / _SIZE).astype(np.float32),
    )
    hand(np.random.default_rng(5), sitting)
    return np.asarray(np.rint(sitting.image.clip(0, 255)), np.uint8)


def _evenly(photos: Sequence[Seen]) -> list[Seen]:
    count = min(COUNT, len(photos))
    return [photos[i * len(photos) // count] for i in range(count)]
