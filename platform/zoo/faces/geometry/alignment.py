"""Aligning a face to the frontal reference, and the way back.

The method's patches are compared at the same location, so the same place must show the same
part of every face (Korshunova et al. 2017, section 2): an affine map takes the photo's
landmarks to the reference's, by least squares. Nothing is ever mirrored.

The jaw counts half. On 1,996 real faces, for the half turned away most, eyes, nose and mouth
then stand on average 0.024 of the crop from the reference's and no face is stretched by more
than about a fifth. With all 68 points equal it is 0.031, the eyes and mouth of a turned head
missing their places; without the jaw 0.022, but turned faces get broad (a quarter and more)
and leave the crop. A similarity in place of the affine map is worse by a tenth everywhere.

Unit coordinates are those of the crop's area: (0, 0) is the left top corner of its first
pixel, and pixel i of S has its centre at (i + 0.5) / S. So crops of all sizes show exactly
the same, and a crop reduced by averaging equals one aligned at the smaller size.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import AnyArray, Image, Matrix, Plane, Points

_WEIGHTS = np.where(np.arange(68) < 17, 0.5, 1.0)[:, None]

_BY_LINEAR = 1 / 6
"""Pixels squared, the variance of the blur that linear interpolation is, on average over all places
between two pixels."""

_BY_AVERAGING = 1 / 12
"""Likewise of the mean over one pixel."""

_DENSE, _DENSEST = 1.15, 2.5
"""Crop pixels per photo pixel from which linear interpolation is as good as cubic, and at most."""


@dataclass(frozen=True)
class Aligned:
    """A face in its crop."""

    image: Image  # [S, S, 3]
    landmarks: Points  # unit coordinates
    matrix: Matrix  # photo pixels → unit coordinates

    @property
    def pitch(self) -> float:
        """Pixels of the photo per pixel of the crop, over both axes."""
        return 1 / (_scale(self.matrix) * int(self.image.shape[0]))


def alignment_matrix(landmarks: Points) -> Matrix:
    """The least-squares affine map [2, 3] from photo pixels to unit coordinates."""
    homogeneous = np.column_stack([landmarks, np.ones(len(landmarks))]).astype(np.float64)
    goal = REFERENCE.astype(np.float64)
    solution, *_ = np.linalg.lstsq(_WEIGHTS * homogeneous, _WEIGHTS * goal, rcond=None)
    return np.asarray(solution.T, np.float64)


def align(image: Image, landmarks: Points, size: int) -> Aligned:
    """The crop [size, size, 3] of the face with these landmarks (in pixels of ``image``).

    Beyond the photo's border its outermost pixels are repeated. Where the photo has more
    pixels than the crop they are averaged, not skipped.
    """
    matrix = alignment_matrix(landmarks)
    crop = _warp_in(image, matrix, size)
    return Aligned(crop, apply(matrix, landmarks), matrix)


def apply(matrix: Matrix, points: Points) -> Points:
    """``points`` [..., 2] under an affine map."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def invert(matrix: Matrix) -> Matrix:
    """The affine map of the way back."""
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def warp_back(crop: AnyArray, matrix: Matrix, shape: tuple[int, ...]) -> AnyArray:
    """Puts a crop [S, S] or [S, S, C] back where it came from, in a photo of ``shape`` [H, W, ...].

    Outside the crop the result is 0.
    """
    height, width = shape[:2]
    back = np.zeros((height, width, *crop.shape[2:]), crop.dtype)
    corners = apply(invert(matrix), np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32))
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (width, height))
    if left >= right or top >= bottom:
        return back
    part = (int(left), int(top), int(right), int(bottom))
    there = _shifted(matrix, part[0], part[1])
    inside = covered(matrix, part)
    warped = unwarped(crop, there, inside.shape)
    back[top:bottom, left:right] = warped * inside.reshape(inside.shape + (1,) * (crop.ndim - 2))
    return back


def unwarped(crop: AnyArray, matrix: Matrix, shape: tuple[int, ...]) -> AnyArray:
    """The crop [S, S] or [S, S, C] in a photo of ``shape`` [H, W, ...].

    Outside the crop its outermost pixels are repeated.
    """
    crop = _fitting(crop, matrix)
    way = cv2.INTER_CUBIC if crop.dtype == np.uint8 else cv2.INTER_LINEAR
    return _warp_out(crop, matrix, shape, way)


def unwarped_finely(crop: Plane, matrix: Matrix, shape: tuple[int, ...]) -> Plane:
    """As :func:`unwarped`, of float32 [S, S, C], C up to 4, as sharp as a photo would show it.

    The last step is linear interpolation. A crop that has hardly more pixels than its place in the
    photo is drawn at twice its size before, by cubic interpolation: a third of the time of a cubic
    warp. What the linear one blurs more than the larger pixels of the photo would, the Laplacian
    takes back before, and otherwise adds.
    """
    drawn = _reduced(crop, round(_DENSEST / _scale(matrix)))
    density = _scale(matrix) * drawn.shape[0]  # crop pixels per photo pixel, along one axis
    doubled = density < _DENSE
    blur = max(0, density**2 - 1) * _BY_AVERAGING - _BY_LINEAR / (4 if doubled else 1)
    drawn = cv2.scaleAdd(cv2.Laplacian(drawn, -1), blur / 2, drawn)
    if doubled:
        double = (2 * drawn.shape[1], 2 * drawn.shape[0])
        drawn = cv2.resize(drawn, double, interpolation=cv2.INTER_CUBIC)
    return np.asarray(_warp_out(drawn, matrix, shape, cv2.INTER_LINEAR), np.float32)


def shown_of_photo(matrix: Matrix, size: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels [size, size] of a crop show the photo of ``shape`` [H, W, ...].

    Those beyond its border repeat its outermost pixels.
    """
    back = invert(_to_pixels(matrix, size))
    back[:, 2] += 0.5
    return covered(back / np.array([[shape[1]], [shape[0]]]), (0, 0, size, size))


def covered(matrix: Matrix, part: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Which pixels [H, W] of a part (left, top, right, bottom) of the photo the crop shows."""
    left, top, right, bottom = part
    x, y = np.arange(left, right), np.arange(top, bottom)[:, None]
    inside = np.ones((bottom - top, right - left), np.bool_)
    for row in matrix:
        unit = row[0] * x + (row[1] * y + row[2])
        inside &= (unit > 0) & (unit < 1)
    return inside


def _fitting(crop: AnyArray, matrix: Matrix) -> AnyArray:
    """A crop with more pixels than the face has, averaged down."""
    return _reduced(crop, round(1 / _scale(matrix)))


def _reduced(crop: AnyArray, size: int) -> AnyArray:
    """A crop with at most so many pixels a side, averaged."""
    size = max(1, size)
    if size >= crop.shape[0]:
        return crop
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def _warp_out(crop: AnyArray, matrix: Matrix, shape: tuple[int, ...], way: int) -> AnyArray:
    """From the crop into a photo of ``shape`` [H, W, ...]."""
    back = invert(_to_pixels(matrix, crop.shape[0]))
    return cv2.warpAffine(crop, back, shape[1::-1], flags=way, borderMode=cv2.BORDER_REPLICATE)


def _warp_in(image: Image, matrix: Matrix, size: int) -> Image:
    """Warps at twice the size, from a photo averaged down to about that, then averages."""
    scale = _scale(matrix) * size  # crop pixels per photo pixel
    if scale >= 1:
        return _warp(image, _to_pixels(matrix, size), size)
    region, matrix = _around(image, matrix)
    if 2 * scale < 1:
        height, width = region.shape[:2]
        small = (max(1, round(width * 2 * scale)), max(1, round(height * 2 * scale)))
        region = cv2.resize(region, small, interpolation=cv2.INTER_AREA).astype(np.uint8)
        zoom = np.diag([width / small[0], height / small[1], 1.0])
        centre = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
        matrix = matrix @ (centre @ zoom @ np.linalg.inv(centre))
    double = _warp(region, _to_pixels(matrix, 2 * size), 2 * size)
    return cv2.resize(double, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _warp(image: Image, matrix: Matrix, size: int) -> Image:
    return cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)


def _around(image: Image, matrix: Matrix) -> tuple[Image, Matrix]:
    """The part of the photo that the crop shows, and the matrix from its pixels."""
    corners = apply(invert(matrix), np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32))
    height, width = image.shape[:2]
    margin = 0.02 * float(np.ptp(corners, axis=0).max()) + 4
    left, top = np.floor(corners.min(axis=0) - margin).astype(int)
    right, bottom = np.ceil(corners.max(axis=0) + margin).astype(int)
    left, right = min(max(left, 0), width - 1), min(max(right, 1), width)
    top, bottom = min(max(top, 0), height - 1), min(max(bottom, 1), height)
    return image[top:bottom, left:right], _shifted(matrix, left, top)


def _scale(matrix: Matrix) -> float:
    """Unit lengths per photo pixel, over both axes."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _shifted(matrix: Matrix, left: int, top: int) -> Matrix:
    """The same map from the pixels of a part of the photo that starts at (left, top)."""
    return np.column_stack([matrix[:, :2], matrix @ (left, top, 1)])


def _to_pixels(matrix: Matrix, size: int) -> Matrix:
    """From photo pixels to crop pixels, with centres at integers."""
    pixels = matrix * size
    pixels[:, 2] -= 0.5
    return pixels
