"""Coverage: which poses, lights and expressions an identity's photos show, and which are missing.

A network learns what its photos show: a turned head is best swapped by someone whose photos have
turned heads. Sides are the picture's, not the person's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.faces.curation.illumination import Illumination
from zoo.faces.geometry.pose import head_pose
from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Points

TURNS = ("left", "half left", "front", "half right", "right")
NODS = ("raised", "level", "lowered")
SIDES = ("from the left", "even", "from the right")

_TURN = (-22.0, -8.0, 8.0, 22.0)  # degrees of yaw between the columns
_NOD = 8.0  # degrees of pitch from the usual one of these photos
_SIDE = 0.45  # Illumination.side
_MOUTH_OPEN = 0.08  # between the lips, in distances of the outer eye corners
_DIM, _BRIGHT = 38.0, 72.0  # L* of the skin
_SOME = 0.06  # of the photos is enough of a kind
_AT_LEAST = 3
_CROP = 0.47  # of the crop's side is between the outer corners of the reference's eyes


@dataclass(frozen=True)
class Traits:
    """The measured traits of one face: degrees, fractions of the inter-ocular distance, pixels."""

    yaw: float
    pitch: float
    mouth: float
    light: Illumination
    interocular: float


@dataclass(frozen=True)
class Coverage:
    """How many photos there are of each kind.

    Attributes:
        pose: 3 rows of 5 counts, rows :data:`NODS`, columns :data:`TURNS`.
        light: 3 counts, see :data:`SIDES`.
        open_mouths: with the lips apart.
        dim: whose skin is darker than L* 38.
        bright: whose skin is lighter than L* 72.
    """

    pose: list[list[int]]
    light: list[int]
    open_mouths: int
    dim: int
    bright: int

    @property
    def photos(self) -> int:
        return sum(self.light)

    def turned(self, *columns: int) -> int:
        """Photos in these columns of :data:`TURNS`."""
        return sum(row[column] for row in self.pose for column in columns)


def traits(landmarks: Points, light: Illumination) -> Traits:
    """Of the face with these landmarks [68, 2] in the photo's pixels."""
    yaw, pitch, _ = head_pose(landmarks).angles
    eyes = interocular(landmarks)
    mouth = float(np.linalg.norm(landmarks[66] - landmarks[62])) / max(eyes, 1e-6)
    return Traits(yaw, pitch, mouth, light, eyes)


def cell(face: Traits, usual_pitch: float) -> tuple[int, int]:
    """Row and column of a face in :attr:`Coverage.pose`."""
    nod = face.pitch - usual_pitch
    row = 0 if nod > _NOD else 2 if nod < -_NOD else 1
    return row, int(np.searchsorted(_TURN, face.yaw))


def lit_from(face: Traits) -> int:
    """Place in :data:`SIDES`."""
    return 0 if face.light.side < -_SIDE else 2 if face.light.side > _SIDE else 1


def usual_pitch(faces: Sequence[Traits]) -> float:
    """The median: faces differ in how their landmarks nod, so one person's are compared."""
    return float(np.median([face.pitch for face in faces])) if faces else 0.0


def coverage(faces: Sequence[Traits]) -> Coverage:
    """Counts the kinds of photos."""
    pose = [[0] * len(TURNS) for _ in NODS]
    light = [0] * len(SIDES)
    usual = usual_pitch(faces)
    for face in faces:
        row, column = cell(face, usual)
        pose[row][column] += 1
        light[lit_from(face)] += 1
    return Coverage(
        pose,
        light,
        sum(face.mouth > _MOUTH_OPEN for face in faces),
        sum(face.light.level < _DIM for face in faces),
        sum(face.light.level > _BRIGHT for face in faces),
    )


def advice(faces: Sequence[Traits], minimum: int, advised: int, resolution: int) -> list[str]:
    """What to collect more of, the most important first; empty when nothing is wanting.

    Args:
        faces: of the usable photos.
        minimum: photos without which nothing is trained.
        advised: photos that are usually enough.
        resolution: pixels of the network to be trained.
    """
    found, count, said = coverage(faces), len(faces), []
    if count < minimum:
        said.append(f"Add at least {minimum - count} more photos: training needs {minimum}.")
    elif count < advised:
        said.append(f"Add about {advised - count} more photos: {advised} usually are enough.")
    if count == 0:
        return said
    enough = max(_AT_LEAST, round(_SOME * count))
    for kinds, words in (
        (found.turned(0, 1), "with the face turned to the left of the picture"),
        (found.turned(3, 4), "with the face turned to the right of the picture"),
        (found.light[0], "lit from the left of the picture"),
        (found.light[2], "lit from the right of the picture"),
        (sum(found.pose[0]), "with the head raised"),
        (sum(found.pose[2]), "with the head lowered"),
        (found.open_mouths, "with the mouth open, as when talking or laughing"),
        (count - found.open_mouths, "with the mouth closed"),
    ):
        if kinds < enough:
            have = f"{kinds or 'none'} of {count} {'is' if kinds == 1 else 'are'} like this"
            said.append(f"Collect photos {words}: {have}.")
    wanted = _CROP * resolution
    small = sum(face.interocular < wanted for face in faces)
    if small > count / 2:
        said.append(
            f"Add larger ones: {small} of {count} have fewer than {wanted:.0f} pixels between "
            f"the outer corners of the eyes, so a network of {resolution} px cannot be sharp."
        )
    if found.dim > count / 2:
        said.append(f"Add brighter ones: in {found.dim} of {count} the face is dark.")
    return said
