"""Named synthetic people: ada, bruno, and one per seed."""

from zoo.people.person import (
    Beard,
    Brows,
    Clothes,
    Eyes,
    Hair,
    Lips,
    Nose,
    Person,
    Relief,
    Skin,
    Skull,
)
from zoo.people.sampling import random_person

__all__ = ["named_person", "random_person"]


def named_person(name: str) -> Person:
    """One of the people that the demo knows.

    Raises:
        KeyError: The name is neither ``ada`` nor ``bruno``.
    """
    return _NAMED[name]


_ADA = Person(
    skull=Skull(
        width=7.2, crown=11.0, cheek_width=6.65, jaw_width=5.0, chin_width=2.0, chin=-11.0, neck=4.6
    ),
    relief=Relief(
        brow_ridge=0.2, cheekbones=1.5, cheek_fullness=1.25, sockets=0.8, chin=0.9, folds=0.6
    ),
    skin=Skin(
        melanin=0.08, blood=0.75, freckles=0.7, mottling=0.3, gloss=0.55, age=0.06, texture=11
    ),
    brows=Brows(
        height=2.15,
        thickness=0.6,
        arch=0.5,
        tilt=0.3,
        inner=1.55,
        outer=5.1,
        density=0.8,
        colour=(0.16, 0.06, 0.022),
    ),
    eyes=Eyes(
        spacing=3.25,
        half_width=1.5,
        opening=1.12,
        tilt=0.22,
        crease=0.5,
        prominence=0.3,
        iris=(0.07, 0.22, 0.13),
        lashes=0.85,
        shadow=0.25,
    ),
    nose=Nose(
        root=0.4,
        tip=-3.7,
        base=-4.55,
        projection=1.8,
        half_width=1.45,
        bridge_width=0.56,
        bridge_height=0.1,
        hump=-0.18,
        tip_size=0.72,
    ),
    lips=Lips(
        height=-6.75,
        half_width=2.45,
        upper=0.78,
        lower=1.08,
        bow=0.85,
        fullness=1.25,
        redness=0.62,
        tint=(0.56, 0.13, 0.13),
    ),
    hair=Hair(
        top=1.5,
        side=0.9,
        back=1.4,
        hairline=6.7,
        temples=0.35,
        sweep=0.9,
        window=5.9,
        length=-17.0,
        volume=0.8,
        curl=0.12,
        strands=0.9,
        part=1.6,
        colour=(0.165, 0.052, 0.018),
        gloss=0.8,
    ),
    clothes=Clothes(neckline=1.5, vee=1.5, colour=(0.04, 0.20, 0.19)),
)

_BRUNO = Person(
    skull=Skull(
        width=7.6, crown=11.2, cheek_width=6.95, jaw_width=6.25, chin_width=3.0, chin=-12.2,
        neck=6.2,
    ),
    relief=Relief(
        brow_ridge=2.3, cheekbones=0.9, cheek_fullness=0.75, sockets=1.4, chin=1.6, folds=1.3
    ),
    skin=Skin(
        melanin=0.52, blood=0.45, freckles=0.0, mottling=0.6, gloss=0.6, age=0.42, texture=23
    ),
    brows=Brows(
        height=1.65, thickness=1.05, arch=0.12, tilt=0.0, inner=1.1, outer=5.5, density=0.95,
        colour=(0.012, 0.009, 0.008),
    ),
    eyes=Eyes(
        spacing=3.05, half_width=1.36, opening=0.84, tilt=0.0, crease=0.36, prominence=-0.3,
        iris=(0.055, 0.028, 0.012), lashes=0.25,
    ),
    nose=Nose(
        root=0.8, tip=-4.6, base=-5.45, projection=2.55, half_width=1.95, bridge_width=0.85,
        bridge_height=0.55, hump=0.3, tip_size=0.98,
    ),
    lips=Lips(
        height=-7.65, half_width=2.8, upper=0.55, lower=0.85, bow=0.3, fullness=0.85, redness=0.15,
        tint=(0.3, 0.12, 0.1),
    ),
    beard=Beard(
        stubble=0.9, moustache=0.0, chin=0.0, cheeks=0.0, length=0.2,
        colour=(0.014, 0.010, 0.008),
    ),
    hair=Hair(
        top=1.5, side=0.45, back=0.7, hairline=6.6, temples=0.8, sweep=0.2, window=6.5,
        length=-1.5, volume=0.2, curl=0.35, strands=0.8, part=-2.0, colour=(0.012, 0.009, 0.008),
        gloss=0.5,
    ),
    clothes=Clothes(neckline=0.6, collar=0.35, colour=(0.10, 0.12, 0.16)),
)  # fmt: skip

_NAMED = {"ada": _ADA, "bruno": _BRUNO}
