"""The parameters that make one person.

Lengths are centimetres in head coordinates: the origin lies between the eyes' corners
inside the head, x to the subject's left (the right of a frontal picture), y up, z out of
the face. Averages follow common anthropometry: 22.5 cm from chin to crown with the eyes
half way, 13.6 cm across the cheekbones, 6.3 cm between the pupils. Colours are linear RGB
reflectances in 0..1.
"""

from dataclasses import dataclass, replace

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Skull:
    """Outline of head, jaw and neck."""

    width: float = 7.5  # half the breadth of the cranium
    crown: float = 11.2  # top of the head above the eyes
    depth: float = 9.5  # half the length of the cranium
    cheek_width: float = 6.85  # half the breadth at the cheekbones
    jaw_width: float = 5.6  # half the breadth at the angles of the jaw
    chin_width: float = 2.5
    chin: float = -11.5  # height of the lowest point of the chin
    neck: float = 5.4  # radius


@dataclass(frozen=True)
class Relief:
    """How strongly bones and flesh of the face stand out; 0 is none, 1 is average."""

    brow_ridge: float = 1.0
    cheekbones: float = 1.0
    cheek_fullness: float = 1.0
    sockets: float = 1.0
    chin: float = 1.0
    folds: float = 1.0  # from the nose to the corners of the mouth


@dataclass(frozen=True)
class Skin:
    """Colour and surface of the skin."""

    melanin: float = 0.25  # 0 very fair .. 1 very dark
    blood: float = 0.5  # 0 pale .. 1 ruddy
    freckles: float = 0.0  # 0..1
    mottling: float = 0.5  # 0..1
    gloss: float = 0.5  # 0 dry .. 1 shiny
    age: float = 0.2  # 0 about twenty .. 1 about eighty
    texture: int = 0  # seed of spots and noise


@dataclass(frozen=True)
class Brows:
    """Eyebrows."""

    height: float = 2.0  # above the pupil
    thickness: float = 0.8
    arch: float = 0.3
    tilt: float = 0.1  # outer end above the inner end
    inner: float = 1.35  # distance of the inner end from the middle
    outer: float = 5.4
    density: float = 0.8  # 0..1
    colour: Colour = (0.05, 0.03, 0.02)


@dataclass(frozen=True)
class Eyes:
    """Eyes and lids."""

    spacing: float = 3.15  # half the distance between the pupils
    half_width: float = 1.43
    opening: float = 1.02  # distance between the lids
    tilt: float = 0.12  # outer corner above the inner corner
    crease: float = 0.5  # height of the fold above the upper lid
    prominence: float = 0.0  # how far the eyeball stands out
    iris: Colour = (0.10, 0.06, 0.03)
    lashes: float = 0.5  # 0..1, with make-up
    shadow: float = 0.0  # 0..1, coloured lids


@dataclass(frozen=True)
class Nose:
    """The nose."""

    root: float = 0.7  # height of the deepest point of the bridge
    tip: float = -4.1  # height of the tip
    base: float = -5.1  # height where the nose meets the lip
    projection: float = 2.1
    half_width: float = 1.7  # at the wings
    bridge_width: float = 0.72
    bridge_height: float = 0.3
    hump: float = 0.0
    tip_size: float = 0.85


@dataclass(frozen=True)
class Lips:
    """The mouth at rest."""

    height: float = -7.2  # of the line between the lips
    half_width: float = 2.55
    upper: float = 0.75
    lower: float = 0.95
    bow: float = 0.5  # 0 flat .. 1 strong cupid's bow
    fullness: float = 1.0
    redness: float = 0.5  # 0 skin .. 1 lipstick
    tint: Colour = (0.55, 0.18, 0.16)


@dataclass(frozen=True)
class Beard:
    """Facial hair; every amount in 0..1."""

    stubble: float = 0.0
    moustache: float = 0.0
    chin: float = 0.0
    cheeks: float = 0.0
    length: float = 0.4  # cm
    colour: Colour = (0.04, 0.025, 0.015)


@dataclass(frozen=True)
class Hair:
    """Hair of the head."""

    present: bool = True
    top: float = 1.2  # thickness
    side: float = 0.6
    back: float = 1.0
    hairline: float = 6.3  # height of its middle
    temples: float = 0.5  # how far it recedes at the temples
    sweep: float = 0.0  # slope of the fringe
    window: float = 6.2  # half the width of the face that stays free
    length: float = -3.0  # height of the lower end
    volume: float = 0.5  # how far hanging hair spreads
    curl: float = 0.0  # 0..1
    strands: float = 0.5  # depth of the locks
    part: float = 2.0  # x of the parting
    pulled_back: bool = False
    bun: float = 0.0  # radius; 0 is none
    bun_height: float = 8.0
    colour: Colour = (0.05, 0.03, 0.02)
    gloss: float = 0.6


@dataclass(frozen=True)
class Ears:
    """Ears."""

    size: float = 1.0
    angle: float = 0.35  # radians away from the head


@dataclass(frozen=True)
class Glasses:
    """Glasses; thickness 0 means none."""

    thickness: float = 0.0
    half_width: float = 2.55
    half_height: float = 2.0
    roundness: float = 0.6  # 0 rectangular .. 1 oval
    colour: Colour = (0.02, 0.02, 0.02)
    tint: float = 0.0


@dataclass(frozen=True)
class Clothes:
    """What covers the shoulders."""

    neckline: float = 1.0  # 0 high collar, 1 round, 2 wide
    vee: float = 0.0  # depth of a V
    collar: float = 0.0  # thickness of a collar
    colour: Colour = (0.1, 0.15, 0.3)
    second: Colour = (0.6, 0.6, 0.6)
    stripes: float = 0.0  # period in cm; 0 is plain


@dataclass(frozen=True)
class Person:
    """Everything that stays the same about a person from picture to picture."""

    skull: Skull = Skull()
    relief: Relief = Relief()
    skin: Skin = Skin()
    brows: Brows = Brows()
    eyes: Eyes = Eyes()
    nose: Nose = Nose()
    lips: Lips = Lips()
    beard: Beard = Beard()
    hair: Hair = Hair()
    ears: Ears = Ears()
    glasses: Glasses = Glasses()
    clothes: Clothes = Clothes()


def with_face_of(body: Person, face: Person) -> Person:
    """The true swap: the face of one person on the head of another.

    Skin, relief, brows, eyes, nose, lips and beard come from ``face``; skull, hair, ears,
    glasses and clothes stay those of ``body``, because a face swap keeps the outline of
    the head that it is painted on. Skin is one organ: neck and ears take its colour too.
    """
    return replace(
        body,
        relief=face.relief,
        skin=face.skin,
        brows=face.brows,
        eyes=face.eyes,
        nose=face.nose,
        lips=face.lips,
        beard=face.beard,
    )
