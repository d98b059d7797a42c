"""Pictures whose colours are known everywhere, so that what was read can be compared."""

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def picture() -> NDArray[np.uint8]:
    """Smooth colours [48, 64, 3], different in each corner."""
    y, x = np.mgrid[:48, :64]
    red, green = 4 * x, 5 * y
    return np.stack([red, green, 255 - (red + green) // 2], axis=-1).astype(np.uint8)
