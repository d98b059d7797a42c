"""Export as DFM: the model file of DeepFaceLive and facefusion for one person's face.

A DFM file is ONNX under another name. Input ``in_face:0`` [1, H, H, 3], BGR in 0..1, is the face
in the host's crop (:mod:`.host_crop`); outputs, in this order, are ``out_face_mask:0``
[1, H, H, 1], where the photo's face may be replaced, ``out_celeb_face:0`` [1, H, H, 3], the
swapped face, and ``out_celeb_face_mask:0`` [1, H, H, 1], where it shows a face. A host takes the
smaller of the masks, softens it, matches colours and pastes.

So the graph resamples the host's crop to ours, runs the network, resamples back, gives the face the
crop's light (:mod:`zoo.faces.compositing.colour_transfer`; here in RGB, and without contrast), and
composites the result over its input. The first mask holds the pixels that the shipped segmentation
classifies as skin, so that hair, glasses and hands stay in front as in a swap of ours.

Source: modelhub/DFLive/DFMModel.py of DeepFaceLive; processors/modules/deep_swapper of facefusion.

Resampling is a matrix, so that any program that runs ONNX can do it: rows and columns apart, a
picture is resampled by two multiplications with constant matrices, which every provider of ONNX
Runtime has; sampling at given places (GridSample) not all have.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper

from zoo.errors import AssetError
from zoo.exporting.host_crop import SCALE, SHIFT, to_host
from zoo.faces.compositing.colour_transfer import LIGHT
from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.masks.face_mask import mask_outline
from zoo.faces.masks.segmentation import SKIN, WEIGHTS, expectation
from zoo.photos.image import Plane

IN, MASK, FACE, FACE_MASK = (
    "in_face:0", "out_face_mask:0", "out_celeb_face:0", "out_celeb_face_mask:0",
)  # fmt: skip
OPSET, IR = 18, 8
"""ONNX Runtime has had both since 1.14 (2023), which is older than what hosts bring."""

_TIMES = 2  # ours: hosts soften masks by pixels of theirs, and of larger crops take less away
_RIM = 3  # pixels of the host's crop over which the swapped face fades where our crop ends
_FINE = 8  # the mask's outline is drawn so many times larger, then averaged


def dfm_side(resolution: int) -> int:
    """The side H of the host's crop; no axis of ours has fewer pixels in it than in our own."""
    return _TIMES * resolution


def dfm(network: onnx.ModelProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """``network`` as a DFM file.

    Args:
        network: of ours: photo [N, 3, S, S] → swapped, RGB in 0..1, in float32 or in 8 bits.
        metadata: is added to what it says of itself.

    Raises:
        AssetError: it has operators that hosts may not know.
    """
    size = network.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    side = dfm_side(size)
    segmentation = onnx.load(WEIGHTS)
    seen = segmentation.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    graph = _Graph()

    photo = graph.add("Transpose", IN, perm=[0, 3, 1, 2])
    photo = graph.add("Gather", photo, graph.constant("swapped_channels", [2, 1, 0]), axis=1)
    photo = graph.clipped(photo)

    crop = graph.clipped(graph.resampled(photo, "to_ours", side, size, to_ours=True))
    small = crop
    if seen != size:
        small = graph.clipped(graph.resampled(photo, "to_seen", side, seen, to_ours=True))
    classes = graph.merge(segmentation, "segmentation/", small)
    skin = graph.add("Gather", classes, graph.constant("skin", [SKIN]), axis=1)
    skin = graph.expected(skin)
    skin = graph.clipped(graph.resampled(skin, "seen_to_theirs", seen, side, to_ours=False))
    outline = _outline(side)
    mask = graph.add("Mul", skin, graph.constant("outline_first", outline[None, None]))
    graph.add("Transpose", mask, perm=[0, 2, 3, 1], to=MASK)
    graph.add("Identity", graph.constant("outline", outline[None, ..., None]), to=FACE_MASK)

    swapped = graph.merge(network, "network/", crop)
    back = graph.resampled(swapped, "to_theirs", size, side, to_ours=False)
    lit = graph.agreed(back, photo, mask, _blur(side))
    shown = graph.constant("shown", _shown(side)[None, None])
    face = graph.clipped(graph.mixed(photo, lit, shown))
    face = graph.add("Gather", face, graph.constant("channels_back", [2, 1, 0]), axis=1)
    graph.add("Transpose", face, perm=[0, 2, 3, 1], to=FACE)

    words = {one.key: one.value for one in network.metadata_props}
    return graph.model(side, {**words, **metadata})


def _shown(side: int) -> Plane:
    """[H, H]: 1 where our crop is, 0 beyond, soft between."""
    axes = []
    for scale, shift in zip(SCALE, SHIFT, strict=True):
        unit = (np.arange(side) + 0.5) / side * scale + shift
        inside = np.minimum(unit, 1 - unit) / scale * side / _RIM
        axes.append(inside.clip(0, 1))
    across, down = axes
    return np.asarray(down[:, None] * across, np.float32)


def _outline(side: int) -> Plane:
    """[H, H]: 1 inside the outline of the reference face with its forehead, else 0."""
    drawn = np.zeros((side * _FINE, side * _FINE), np.uint8)
    points = to_host(mask_outline(REFERENCE)) * side * _FINE - 0.5
    cv2.fillConvexPoly(drawn, np.rint(points).astype(np.int32), 255)
    small = cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255), np.float32)


def _blur(side: int) -> Plane:
    """[H, H]: the low-pass Gaussian along one axis, as in our swaps."""
    corners = to_host(REFERENCE[[36, 45]])
    sigma = LIGHT * float(corners[1, 0] - corners[0, 0]) * side
    place = np.arange(side, dtype=np.float64)
    kernel = np.exp(-0.5 * np.square((place[:, None] - place) / sigma))
    return np.asarray(kernel / kernel.sum(axis=1).max(), np.float32)


class _Graph:
    """A graph under construction; each method adds a node and returns the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._tensors: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, to: str | None = None, **attributes: Any) -> str:
        made = to or f"host/{operator}_{len(self._nodes)}"
        node = helper.make_node(operator, list(inputs), [made], name=made, **attributes)
        self._nodes.append(node)
        return made

    def constant(self, name: str, values: list[int] | NDArray[np.float32]) -> str:
        array = np.array(values, np.int64 if isinstance(values, list) else np.float32)
        self._tensors.append(numpy_helper.from_array(array, f"host/{name}"))
        return f"host/{name}"

    def clipped(self, picture: str) -> str:
        if not any(one.name == "host/zero" for one in self._tensors):
            self.constant("zero", np.array(0, np.float32))
            self.constant("one", np.array(1, np.float32))
        return self.add("Clip", picture, "host/zero", "host/one")

    def mixed(self, below: str, above: str, opacity: str) -> str:
        """``above`` over ``below``."""
        more = self.add("Mul", self.add("Sub", above, below), opacity)
        return self.add("Add", below, more)

    def resampled(self, picture: str, name: str, given: int, made: int, *, to_ours: bool) -> str:
        """Rows and columns from the host's crop to ours, or back."""
        matrices = []
        for scale, shift in zip(SCALE, SHIFT, strict=True):
            way = (1 / scale, -shift / scale) if to_ours else (scale, shift)
            matrices.append(resampling(given, made, *way))
        across, down = matrices
        columns = self.constant(f"{name}_across", np.ascontiguousarray(across.T))
        rows = self.constant(f"{name}_down", down)
        return self.add("MatMul", rows, self.add("MatMul", picture, columns))

    def agreed(self, swapped: str, photo: str, mask: str, blur: Plane) -> str:
        """``swapped`` in the photo's light: its slow part inside the mask becomes the photo's."""
        along = self.constant("blur", blur)
        least = self.constant("least", np.array(1e-3, np.float32))

        def blurred(picture: str) -> str:
            rows = self.add("MatMul", along, picture)
            return self.add("MatMul", rows, self.add("Transpose", along, perm=[1, 0]))

        weight = self.add("Max", blurred(mask), least)
        missing = self.add("Mul", self.add("Sub", photo, swapped), mask)
        return self.add("Add", swapped, self.add("Div", blurred(missing), weight))

    def expected(self, skin: str) -> str:
        """As :func:`zoo.faces.masks.segmentation.skin` raises the odds on the face."""
        gain = expectation()[None, None]
        more = self.add("Mul", skin, self.constant("expected_more", gain - 1))
        most = self.add("Mul", skin, self.constant("expected", gain))
        return self.add("Div", most, self.add("Add", more, "host/one"))

    def merge(self, model: onnx.ModelProto, prefix: str, given: str) -> str:
        """Another network's nodes with ``given`` as its input; its output."""
        inner = compose.add_prefix_graph(model.graph, prefix)
        (port,), (made,) = inner.input, inner.output
        for node in inner.node:
            node.input[:] = [given if name == port.name else name for name in node.input]
            kept = [one for one in node.attribute if (one.name, one.i) != ("saturate", 1)]
            del node.attribute[:]
            node.attribute.extend(kept)
        self._nodes += inner.node
        self._tensors += inner.initializer
        return str(made.name)

    def model(self, side: int, metadata: Mapping[str, str]) -> onnx.ModelProto:
        def port(name: str, channels: int) -> onnx.ValueInfoProto:
            shape = [1, side, side, channels]
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self._nodes,
            "dfm",
            [port(IN, 3)],
            [port(MASK, 1), port(FACE, 3), port(FACE_MASK, 1)],
            self._tensors,
        )
        model = helper.make_model(
            graph,
            producer_name="faceswap-zoo",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR,
        )
        helper.set_model_props(model, dict(metadata))
        model.doc_string = metadata.get("notice", "")
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            reason = " ".join(str(error).split())[:200]
            raise AssetError(
                f"The network cannot be exported as DFM: it uses operators that ONNX {OPSET} lacks "
                f"({reason})."
            ) from error
        return model


_A = -0.5  # of the cubic kernel: Catmull-Rom, which keeps straight lines straight


def resampling(given: int, made: int, scale: float, shift: float) -> NDArray[np.float32]:
    """The matrix [made, given] that resamples an axis of ``given`` pixels to ``made``.

    The place u of what is made, 0 to 1 over all its pixels, shows the place
    ``scale`` · u + ``shift`` of what is given. Cubic; where pixels are skipped the kernel is
    widened, so that they are averaged; beyond the border its last pixel is repeated.
    """
    places = ((np.arange(made) + 0.5) / made * scale + shift) * given - 0.5
    step = max(1.0, abs(scale) * given / made)
    reach = int(np.ceil(2 * step)) + 1
    near = np.floor(places).astype(int)[:, None] + np.arange(-reach, reach + 1)
    weights = _cubic((near - places[:, None]) / step)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((made, given))
    rows = np.broadcast_to(np.arange(made)[:, None], near.shape)
    np.add.at(matrix, (rows, near.clip(0, given - 1)), weights)
    return matrix.astype(np.float32)


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys 1981, *Cubic convolution interpolation for digital image processing*."""
    x = np.abs(x)
    inner = ((_A + 2) * x - (_A + 3)) * x * x + 1
    outer = ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
