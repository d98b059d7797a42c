"""Displacement of the distance function by the heights of the chart."""

from collections.abc import Callable
from typing import Any

from zoo.people.geometry.head import Array, base_distance, skin_distance
from zoo.people.geometry.surface import Map
from zoo.people.rendering.jit import entry_point, kernel_digest


def _build_relief(digest: str) -> Callable[..., None]:
    def fill(height: Map, x: Map, y: Map, model: Any, out: Map) -> None:
        """The base's distance at the wanted height is the relief that puts it there."""
        if len(digest) == 0:
            return
        m = model[0]
        for j in range(height.shape[0]):
            for i in range(height.shape[1]):
                d = base_distance(float(x[i]), float(y[j]), float(height[j, i]), m)
                out[j, i] = d

    return fill


def _build_snap(digest: str) -> Callable[..., None]:
    def snap(points: Array, model: Any) -> None:
        """Move points [N, 3] along z onto the skin, coming from the front."""
        if len(digest) == 0:
            return
        m = model[0]
        for i in range(points.shape[0]):
            x, y, z = points[i, 0], points[i, 1], 14.0
            for _ in range(120):
                d = skin_distance(x, y, z, m)
                if d < 0.004 or z < -8.0:
                    break
                z -= 0.6 * d
            points[i, 2] = z

    return snap


fill_relief = entry_point(_build_relief(kernel_digest()))
snap_to_skin = entry_point(_build_snap(kernel_digest()))
