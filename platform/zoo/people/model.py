"""The scene as one record: geometry and materials.

Compiled code gets a single pointer: no reference counts, and fixed sizes of the maps.
"""

import numpy as np

from zoo.people.hair import HAIR
from zoo.people.head import CHART_SHAPE, HEAD, PROFILE_ROWS
from zoo.people.look import LOOK
from zoo.people.noise import SIZE
from zoo.people.surface import TORSO

MODEL = np.dtype(
    [
        ("head", HEAD),
        ("hair", HAIR),
        ("torso", TORSO),
        ("look", LOOK),
        ("table", np.float64, (PROFILE_ROWS, 3)),  # outline of the face
        ("relief", np.float32, CHART_SHAPE),
        ("window", np.float32, CHART_SHAPE),
        ("tile", np.float32, (SIZE, SIZE)),
        ("paint", np.float32, (*CHART_SHAPE, 6)),
    ]
)
