"""What an output's manifest tells about whether it is up to date."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pillow

from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking, of_networks, together
from zoo.provenance.credentials.signing import sign_file
from zoo.swapping.files.outputs import is_done
from zoo.swapping.options import FaceSelection, SwapOptions, settings_of

ADA = Marking("ada", "3", "ab" * 32, "synthetic")
NEWER = replace(ADA, version="4", sha256="cd" * 32)
BRUNO = Marking("bruno", "1", "ef" * 32, "consent")
LEFT_AND_RIGHT = SwapOptions((FaceSelection("left", 0), FaceSelection("right", 1)))


@pytest.mark.parametrize("used", [{0, 1}, {0}, {1}])
@pytest.mark.parametrize("other", [NEWER, BRUNO])
def test_networks_that_exchange_their_people_are_another_swap(
    tmp_path: Path, used: set[int], other: Marking
) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    for place in (source, target):
        Pillow.new("RGB", (8, 8)).save(place)
    mark, exchanged = together([ADA, other]), together([other, ADA])
    made = Made(of_networks(mark, used), source, settings_of(LEFT_AND_RIGHT, mark))
    sign_file(target, target, made)
    assert is_done(target, source, mark, settings_of(LEFT_AND_RIGHT, mark))
    assert not is_done(target, source, exchanged, settings_of(LEFT_AND_RIGHT, exchanged))
