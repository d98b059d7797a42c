"""The parameters that change from picture to picture: pose, expression, light, camera."""

from dataclasses import dataclass

import numpy as np

from zoo.people.person import Colour


@dataclass(frozen=True)
class Expression:
    """Movements of the face; 0 is at rest, 1 is strong."""

    mouth_open: float = 0.0
    smile: float = 0.0  # -1 sad .. 1 broad
    eyes_closed: float = 0.0
    brows_raised: float = 0.0  # -1 frown .. 1


@dataclass(frozen=True)
class Light:
    """A distant key light, the light of the surroundings, and a weak light from behind.

    ``azimuth`` and ``elevation`` are degrees from the camera's axis: positive azimuth is
    from the picture's right, positive elevation from above.
    """

    azimuth: float = -30.0
    elevation: float = 35.0
    key: float = 1.0
    ambient: float = 0.35
    rim: float = 0.2
    colour: Colour = (1.0, 0.95, 0.88)
    ambient_colour: Colour = (0.9, 0.97, 1.05)
    hardness: float = 0.5  # 0 overcast .. 1 bare bulb


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in front of the person."""

    distance: float = 110.0  # cm
    face_fraction: float = 0.53  # of the picture's height, chin to crown
    shift_x: float = 0.0  # of the face in the picture, fraction of its size
    shift_y: float = 0.0


@dataclass(frozen=True)
class Background:
    """What is behind the person."""

    kind: str = "gradient"  # gradient, blobs or room
    seed: int = 0


@dataclass(frozen=True)
class Scene:
    """One picture's circumstances.

    ``yaw``, ``pitch`` and ``roll`` are degrees: positive yaw turns the nose to the
    picture's right, positive pitch lifts it, positive roll turns the head clockwise in
    the picture. ``gaze`` is the direction of the eyes against the head, degrees to the
    picture's right and up.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    expression: Expression = Expression()
    gaze: tuple[float, float] = (0.0, 0.0)
    light: Light = Light()
    camera: Camera = Camera()
    background: Background = Background()


def random_scene(seed: int, *, max_yaw: float = 35.0) -> Scene:
    """A plausible portrait situation, the same for the same seed.

    Args:
        seed: Any non-negative integer.
        max_yaw: Largest turn of the head to either side in degrees.
    """
    rng = np.random.default_rng([0x5CE7E, seed])
    yaw = float(np.clip(rng.normal(0.0, 0.5), -1, 1) * max_yaw)
    warmth = rng.normal(0.0, 1.0)
    ambient_warmth = rng.normal(-0.2, 0.8)
    return Scene(
        yaw=yaw,
        pitch=float(np.clip(rng.normal(0.0, 6.0), -14, 14)),
        roll=float(np.clip(rng.normal(0.0, 5.0), -14, 14)),
        expression=_random_expression(rng),
        gaze=(
            float(np.clip(rng.normal(-0.35 * yaw, 8.0), -22, 22)),
            float(np.clip(rng.normal(0.0, 5.0), -10, 10)),
        ),
        light=Light(
            azimuth=float(np.clip(rng.normal(0.0, 38.0), -80, 80)),
            elevation=float(np.clip(rng.normal(30.0, 15.0), -5, 65)),
            key=float(rng.uniform(0.75, 1.15)),
            ambient=float(rng.uniform(0.22, 0.55)),
            rim=float(rng.uniform(0.0, 0.5)),
            colour=_warm(warmth, 0.07),
            ambient_colour=_warm(ambient_warmth, 0.08),
            hardness=float(rng.uniform(0.1, 0.9)),
        ),
        camera=Camera(
            distance=float(rng.uniform(80, 160)),
            face_fraction=float(rng.uniform(0.49, 0.59)),
            shift_x=float(rng.normal(0.0, 0.02)),
            shift_y=float(rng.normal(0.0, 0.012)),
        ),
        background=Background(
            kind=str(rng.choice(["gradient", "blobs", "room"])),
            seed=int(rng.integers(2**31)),
        ),
    )


def _random_expression(rng: np.random.Generator) -> Expression:
    speaking = rng.random() < 0.45
    closed = rng.random() < 0.04
    return Expression(
        mouth_open=float(rng.beta(1.3, 2.2)) if speaking else 0.0,
        smile=float(np.clip(rng.normal(0.35, 0.4), -0.35, 1.0)),
        eyes_closed=1.0 if closed else float(np.clip(rng.normal(0.02, 0.12), 0.0, 0.5)),
        brows_raised=float(np.clip(rng.normal(0.0, 0.4), -0.8, 1.0)),
    )


def _warm(amount: float, strength: float) -> Colour:
    """A white balanced towards orange (positive) or blue (negative)."""
    step = float(np.clip(amount, -2, 2)) * strength
    return (1.0 + step, 1.0, 1.0 - 1.3 * step)
