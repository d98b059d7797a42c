"""Random sampling of people."""

import numpy as np

from zoo.people.person import (
    Beard,
    Brows,
    Clothes,
    Colour,
    Ears,
    Eyes,
    Glasses,
    Hair,
    Lips,
    Nose,
    Person,
    Relief,
    Skin,
    Skull,
)

_HAIR_COLOURS: tuple[Colour, ...] = (
    (0.010, 0.008, 0.007),
    (0.025, 0.015, 0.010),
    (0.060, 0.032, 0.017),
    (0.11, 0.055, 0.026),
    (0.20, 0.11, 0.05),
    (0.36, 0.23, 0.11),
    (0.50, 0.36, 0.19),
    (0.20, 0.055, 0.018),
)
_IRISES: tuple[Colour, ...] = (
    (0.045, 0.022, 0.010),
    (0.09, 0.045, 0.018),
    (0.15, 0.095, 0.035),
    (0.10, 0.16, 0.07),
    (0.08, 0.17, 0.24),
    (0.11, 0.24, 0.38),
    (0.20, 0.25, 0.28),
)


def random_person(seed: int) -> Person:
    """Somebody, the same for the same seed; sex, age and colouring go together loosely.

    Args:
        seed: Any non-negative integer.
    """
    rng = np.random.default_rng([0xFACE, seed])
    woman = bool(rng.random() < 0.5)
    age = float(rng.beta(1.2, 2.2))
    melanin = float(rng.uniform(0.0, 0.95))
    darkest = 2 if melanin > 0.55 else 4
    colour = _HAIR_COLOURS[
        int(rng.integers(0, darkest)) if melanin > 0.3 else int(rng.integers(0, len(_HAIR_COLOURS)))
    ]
    grey = float(np.clip((age - 0.5) * 2.2 + rng.normal(0, 0.25), 0, 1))
    head_colour = _mix(colour, (0.34, 0.335, 0.33), grey)
    beard_colour = _mix(colour, (0.25, 0.245, 0.24), min(1.0, grey * 1.1))
    return Person(
        skull=_skull(rng, woman),
        relief=_relief(rng, woman),
        skin=Skin(
            melanin=melanin,
            blood=float(rng.uniform(0.1, 0.9)),
            freckles=float(rng.random() ** 2) if melanin < 0.3 and rng.random() < 0.4 else 0.0,
            mottling=float(rng.uniform(0.1, 0.9)),
            gloss=float(rng.uniform(0.1, 0.9)),
            age=age,
            texture=int(rng.integers(2**31)),
        ),
        brows=_brows(rng, woman, _mix(colour, (0.3, 0.3, 0.3), 0.6 * grey)),
        eyes=_eyes(rng, woman, melanin),
        nose=_nose(rng, woman),
        lips=_lips(rng, woman, melanin),
        beard=Beard() if woman else _beard(rng, beard_colour),
        hair=_hair(rng, woman, age, head_colour, melanin),
        ears=Ears(size=float(rng.normal(1.0, 0.07)), angle=float(rng.uniform(0.15, 0.6))),
        glasses=_glasses(rng),
        clothes=_clothes(rng, woman),
    )


def _mix(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2]))


def _around(rng: np.random.Generator, mean: float, spread: float, limit: float = 2.0) -> float:
    """A normal variate cut at ``limit`` standard deviations."""
    return float(mean + spread * np.clip(rng.normal(), -limit, limit))


def _skull(rng: np.random.Generator, woman: bool) -> Skull:
    cheek = _around(rng, 6.7 if woman else 6.9, 0.3)
    return Skull(
        width=_around(rng, 0.75 + cheek * 0.97, 0.18),
        crown=_around(rng, 11.2, 0.35),
        depth=_around(rng, 9.5, 0.3),
        cheek_width=cheek,
        jaw_width=_around(rng, 5.15 if woman else 5.85, 0.4),
        chin_width=_around(rng, 2.1 if woman else 2.7, 0.35),
        chin=_around(rng, -11.2 if woman else -11.8, 0.5),
        neck=_around(rng, 4.8 if woman else 5.9, 0.35),
    )


def _relief(rng: np.random.Generator, woman: bool) -> Relief:
    return Relief(
        brow_ridge=max(0.0, _around(rng, 0.4 if woman else 1.6, 0.5)),
        cheekbones=_around(rng, 1.0, 0.5),
        cheek_fullness=_around(rng, 1.0, 0.5),
        sockets=_around(rng, 1.0, 0.35),
        chin=_around(rng, 0.8 if woman else 1.2, 0.5),
        folds=_around(rng, 1.0, 0.3),
    )


def _brows(rng: np.random.Generator, woman: bool, colour: Colour) -> Brows:
    return Brows(
        height=_around(rng, 2.1 if woman else 1.85, 0.2),
        thickness=max(0.35, _around(rng, 0.62 if woman else 0.9, 0.17)),
        arch=max(0.0, _around(rng, 0.4 if woman else 0.2, 0.15)),
        tilt=_around(rng, 0.2 if woman else 0.1, 0.15),
        inner=_around(rng, 1.4, 0.2),
        outer=_around(rng, 5.3, 0.2),
        density=float(rng.uniform(0.6, 1.0)),
        colour=_mix(colour, (0.0, 0.0, 0.0), 0.25),
    )


def _eyes(rng: np.random.Generator, woman: bool, melanin: float) -> Eyes:
    brown = melanin > 0.4 or rng.random() < 0.35
    iris = _IRISES[
        int(rng.integers(0, 2 if melanin > 0.55 else 3) if brown else rng.integers(2, 7))
    ]
    made_up = woman and rng.random() < 0.6
    return Eyes(
        spacing=_around(rng, 3.15, 0.14),
        half_width=_around(rng, 1.43, 0.07),
        opening=_around(rng, 1.08 if woman else 0.97, 0.13),
        tilt=_around(rng, 0.14, 0.12),
        crease=_around(rng, 0.45, 0.12),
        prominence=_around(rng, 0.0, 0.35),
        iris=iris,
        lashes=float(rng.uniform(0.5, 1.0)) if made_up else float(rng.uniform(0.05, 0.45)),
        shadow=float(rng.uniform(0.1, 0.7)) if made_up else 0.0,
    )


def _nose(rng: np.random.Generator, woman: bool) -> Nose:
    length = _around(rng, 4.85 if woman else 5.15, 0.35)
    return Nose(
        root=_around(rng, 0.6, 0.2),
        tip=-length + _around(rng, 0.95, 0.15),
        base=-length,
        projection=_around(rng, 1.95 if woman else 2.25, 0.28),
        half_width=_around(rng, 1.6 if woman else 1.8, 0.18),
        bridge_width=_around(rng, 0.66 if woman else 0.75, 0.09),
        bridge_height=_around(rng, 0.2 if woman else 0.35, 0.2),
        hump=_around(rng, -0.05 if woman else 0.08, 0.16),
        tip_size=_around(rng, 0.8 if woman else 0.88, 0.09),
    )


def _lips(rng: np.random.Generator, woman: bool, melanin: float) -> Lips:
    made_up = woman and rng.random() < 0.5
    tints: tuple[Colour, ...] = (
        (0.50, 0.08, 0.09),
        (0.52, 0.16, 0.18),
        (0.36, 0.07, 0.12),
        (0.55, 0.22, 0.17),
    )
    return Lips(
        height=_around(rng, -7.1 if woman else -7.4, 0.22),
        half_width=_around(rng, 2.5 if woman else 2.65, 0.18),
        upper=max(0.35, _around(rng, 0.68 + 0.25 * melanin, 0.14)),
        lower=max(0.5, _around(rng, 0.9 + 0.2 * melanin, 0.15)),
        bow=float(rng.uniform(0.2, 0.9)),
        fullness=_around(rng, 1.0 + 0.3 * melanin, 0.2),
        redness=float(rng.uniform(0.45, 0.9)) if made_up else float(rng.uniform(0.0, 0.25)),
        tint=tints[int(rng.integers(len(tints)))],
    )


def _beard(rng: np.random.Generator, colour: Colour) -> Beard:
    style = rng.random()
    stubble = float(rng.uniform(0.0, 0.9))
    if style < 0.55:
        return Beard(stubble=stubble, colour=colour)
    length = float(rng.uniform(0.2, 0.7))
    if style < 0.65:
        return Beard(stubble, moustache=0.95, length=length, colour=colour)
    if style < 0.78:
        return Beard(stubble, moustache=0.9, chin=0.95, length=length, colour=colour)
    return Beard(stubble, moustache=0.9, chin=0.95, cheeks=0.9, length=length, colour=colour)


def _hair(
    rng: np.random.Generator, woman: bool, age: float, colour: Colour, melanin: float
) -> Hair:
    styles = (
        ("long", "fringe", "bob", "bun", "curly", "short")
        if woman
        else ("short", "crop", "receding", "bald", "curly", "quiff", "short")
    )
    style = str(rng.choice(styles))
    if style == "bald" and age < 0.25:
        style = "crop"
    base: dict[str, float | bool] = {
        "top": rng.uniform(0.9, 1.7),
        "side": rng.uniform(0.3, 0.7),
        "back": rng.uniform(0.5, 1.2),
        "hairline": rng.uniform(5.9, 6.8),
        "temples": rng.uniform(0.2, 0.9),
        "sweep": rng.normal(0, 0.4),
        "window": rng.uniform(6.1, 6.6),
        "length": rng.uniform(-3.5, -0.5),
        "curl": max(0.0, rng.normal(0.0, 0.3)) + (0.3 if melanin > 0.7 else 0.0),
        "strands": rng.uniform(0.4, 1.1),
        "part": rng.normal(0, 2.2),
        "volume": rng.uniform(0.2, 1.0),
        "gloss": rng.uniform(0.2, 0.9),
    }
    changes: dict[str, dict[str, float | bool]] = {
        "short": {"pulled_back": bool(rng.random() < 0.5)},
        "crop": {"top": 0.45, "side": 0.22, "back": 0.3, "strands": 0.25},
        "receding": {"hairline": 7.4, "temples": 1.9, "top": 0.7, "pulled_back": True},
        "bald": {"present": False},
        "curly": {
            "curl": rng.uniform(0.8, 1.3), "top": rng.uniform(1.6, 3.2),
            "side": rng.uniform(0.8, 2.2), "back": 1.8, "length": rng.uniform(-5.5, -2.0),
        },
        "quiff": {
            "top": rng.uniform(1.9, 2.6), "side": 0.35, "sweep": rng.normal(0, 0.8),
            "pulled_back": True,
        },
        "long": {
            "length": rng.uniform(-21, -12), "side": rng.uniform(0.6, 1.2),
            "window": rng.uniform(5.7, 6.3),
        },
        "fringe": {
            "hairline": rng.uniform(3.3, 4.6), "length": rng.uniform(-18, -5),
            "side": rng.uniform(0.7, 1.2), "temples": 0.0, "window": rng.uniform(5.7, 6.2),
            "sweep": rng.normal(0, 0.7),
        },
        "bob": {
            "length": rng.uniform(-11, -6), "side": rng.uniform(0.8, 1.4),
            "window": rng.uniform(5.6, 6.2),
        },
        "bun": {
            "pulled_back": True, "bun": rng.uniform(1.8, 3.0), "top": 0.6, "side": 0.3,
            "bun_height": rng.uniform(6.0, 12.0), "curl": 0.0, "strands": 0.5,
        },
    }  # fmt: skip
    base.update(changes[style])
    values = {key: float(value) for key, value in base.items() if not isinstance(value, bool)}
    return Hair(
        present=bool(base.get("present", True)),
        pulled_back=bool(base.get("pulled_back", False)),
        colour=colour,
        **values,
    )


def _glasses(rng: np.random.Generator) -> Glasses:
    if rng.random() > 0.16:
        return Glasses()
    dark = rng.random() < 0.7
    return Glasses(
        thickness=float(rng.uniform(0.14, 0.3)),
        half_width=float(rng.uniform(2.3, 2.65)),
        half_height=float(rng.uniform(1.45, 2.0)),
        roundness=float(rng.uniform(0.3, 1.0)),
        colour=(0.02, 0.018, 0.016) if dark else (0.25, 0.12, 0.05),
        tint=float(rng.uniform(0.0, 0.06)),
    )


def _clothes(rng: np.random.Generator, woman: bool) -> Clothes:
    style = rng.random()
    return Clothes(
        neckline=float(rng.uniform(0.5, 2.4 if woman else 1.2)),
        vee=float(rng.uniform(1.5, 4.0)) if style < 0.3 else 0.0,
        collar=float(rng.uniform(0.25, 0.6)) if style > 0.5 else 0.0,
        colour=_cloth_colour(rng),
        second=_cloth_colour(rng),
        stripes=float(rng.uniform(1.0, 3.0)) if rng.random() < 0.15 else 0.0,
    )


def _cloth_colour(rng: np.random.Generator) -> Colour:
    value = float(np.exp(rng.uniform(np.log(0.02), np.log(0.65))))
    red, green, blue = (float(v) for v in np.exp(rng.normal(0, 0.42, 3)))
    top = max(red, green, blue)
    return (value * red / top, value * green / top, value * blue / top)
