"""All that a ray can meet and what it looks like, as one record.

Compiled code gets a single pointer: no reference counts, and fixed sizes of the maps.
"""

import numpy as np

from zoo.people.geometry.hair import HAIR
from zoo.people.geometry.head import CHART_SHAPE, HEAD, PROFILE_ROWS
from zoo.people.geometry.surface import TORSO
from zoo.people.rendering.materials import LOOK
from zoo.people.rendering.noise import SIZE

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
