"""Inspects a network file before it is run, and reads its metadata.

A network file is untrusted: it may be damaged, huge, or something else altogether, and its graph
may ask for any amount of memory and time. What it may have is the operators of
:data:`.shape_rules.RULES`, weights in the file itself, one face in and one out, and a cost that is
known beforehand.
"""

import errno
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import AssetError
from zoo.provenance.credentials.marking import Marking
from zoo.swapping.network_files.graph import FLOAT, Graph, Port, read_graph
from zoo.swapping.network_files.other_formats import refusal
from zoo.swapping.network_files.protobuf import MalformedError
from zoo.swapping.network_files.shapes import Cost, cost_of
from zoo.untrusted import read_bytes

INPUT, OUTPUT = "photo", "swapped"
MAX_BYTES = 512 * 2**20
MIN_RESOLUTION, MAX_RESOLUTION = 16, 2048
MAX_ELEMENTS = 2**28
"""Held at once for one face, 1 GiB; a network of the paper's layout at 256 px holds 2^25.2."""

MAX_OPERATIONS = 2**40
"""For one face: seconds to a minute of one core; that network needs 2^35.5."""


@dataclass(frozen=True)
class Inspected:
    """A network file that may be run.

    Attributes:
        encoded: its bytes.
        graph: what it holds.
        resolution: S, the side in pixels of the faces it takes.
        identity: whose face it makes, by its own words; empty when it does not say.
        basis: on what basis that face may be used, likewise.
    """

    encoded: bytes
    graph: Graph
    resolution: int
    identity: str
    basis: str

    def cost(self, faces: int) -> Cost:
        """What a run with so many faces costs.

        Raises:
            AssetError: more than so many times one face's, or it gives something else.
        """
        side = self.resolution
        given = faces, 3, side, side
        try:
            cost = cost_of(self.graph, {INPUT: given})
            if cost.peak > faces * MAX_ELEMENTS or cost.operations > faces * MAX_OPERATIONS:
                raise MalformedError(
                    f"of {faces} faces it asks for {_short(cost.peak)} numbers at once and "
                    f"{_short(cost.operations)} operations"
                )
            if cost.shapes.get(OUTPUT) != given:
                raise MalformedError(f"of faces {given} it gives {cost.shapes.get(OUTPUT)}")
        except MalformedError as error:
            raise AssetError(f"The network is refused: {error}.") from error
        return cost


def inspect_network(
    path: Path, used_as: Marking | None = None, name: str | None = None
) -> Inspected:
    """Reads a network file and checks all that can be checked without running it.

    Args:
        path: an ONNX file.
        used_as: whose face it is asked for as, and on what basis; what the file says of itself
            must agree. None where nobody's in particular is asked for.
        name: what errors call it; its path unless told otherwise.

    Raises:
        AssetError: it is missing, damaged, too large, no swap network, or someone else's.
    """
    known_as = name or str(path)
    try:
        return _inspected(path, used_as, known_as)
    except AssetError as error:
        if (words := refusal(path, known_as)) is not None:
            raise AssetError(words) from error
        raise


def _inspected(path: Path, used_as: Marking | None, name: str) -> Inspected:
    try:
        encoded = read_bytes(path, MAX_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise AssetError(
                f"{name} is larger than {MAX_BYTES >> 20} MB; no swap network is that large."
            ) from error
        raise AssetError(f"{name} cannot be read: {error.strerror or error}.") from error
    try:
        graph = read_graph(memoryview(encoded))
    except MalformedError as error:
        raise AssetError(
            f"{name} is damaged or not a network file ({error}); pull it again with `zoo pull`."
        ) from error
    side = _resolution(name, graph)
    says = graph.metadata
    found = Inspected(encoded, graph, side, says.get("identity", ""), says.get("basis", ""))
    try:
        found.cost(1)
    except AssetError as error:
        reason = str(error.__cause__)
        raise AssetError(f"{name} is not a swap network, and is not run: {reason}.") from error
    if used_as is not None:
        check_own_words(name, found, used_as.identity, used_as.basis)
    return found


def check_own_words(name: Path | str, found: Inspected, identity: str, basis: str) -> None:
    """Checks the metadata of a network file against the requested identity and basis.

    Raises:
        AssetError: it is another identity's, or was made on another basis.
    """
    if found.identity and found.identity != identity:
        raise AssetError(
            f"{name} is the network of {found.identity[:63]!r}, not of {identity!r}, and is not "
            "used. Whoever registered it must register the right one."
        )
    if found.basis and found.basis != basis:
        raise AssetError(
            f"{name} says that the basis for using {identity}'s face is {found.basis[:63]!r}, not "
            f"'{basis}'; it is not used. Train it again with `zoo train {identity}`, so that "
            "record and network match."
        )


def _resolution(name: str, graph: Graph) -> int:
    inputs, outputs = graph.inputs, graph.outputs
    if len(inputs) == len(outputs) == 1 and len(inputs[0].shape) == len(outputs[0].shape) == 4:
        given, made = inputs[0], outputs[0]
        faces, channels, height, width = given.shape
        fits = (
            (given.name, made.name, given.kind, made.kind) == (INPUT, OUTPUT, FLOAT, FLOAT)
            and isinstance(faces, str)
            and channels == 3
            and height == width
            and isinstance(height, int)
            and MIN_RESOLUTION <= height <= MAX_RESOLUTION
            and INPUT not in graph.tensors
        )
        if fits and all(
            isinstance(one, str) or one == side
            for one, side in zip(made.shape[1:], given.shape[1:], strict=True)
        ):
            return int(height)
    raise AssetError(
        f"{name} is not a swap network: it takes {_words(inputs)} and gives {_words(outputs)}, not "
        f"'{INPUT}' and '{OUTPUT}', float32 [N, 3, S, S]."
    )


def _short(number: int) -> str:
    return f"{number:.2g}" if number < 10**15 else "more than a million billion"


def _words(ports: list[Port]) -> str:
    shown = (f"{port.name[:40]!r} {list(port.shape)[:8]}" for port in ports[:4])
    return ", ".join(shown) or "nothing"
