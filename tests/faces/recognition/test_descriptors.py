from collections.abc import Sequence

import numpy as np

from tests.faces.conftest import Portrait
from zoo.faces.recognition.descriptors import descriptor


def test_one_persons_descriptors_lie_nearer_than_anothers(portraits: Sequence[Portrait]) -> None:
    ada, ada_again, bruno = (descriptor(p.render.image, p.face) for p in portraits[:3])
    assert ada.shape == (128,)
    assert ada.dtype == np.float32
    assert np.linalg.norm(ada - ada_again) < np.linalg.norm(ada - bruno)


def test_an_image_that_is_a_view_is_described_the_same(portrait: Portrait) -> None:
    image = portrait.render.image
    view = np.asfortranarray(image)
    assert np.array_equal(descriptor(image, portrait.face), descriptor(view, portrait.face))
