"""Work on a project's files, done on a node that has none of the driver's disk.

What is to be read goes along through Ray's object store, and lies on the node in a folder like the
project; what was made comes back the same way, and the driver writes it. What many errands
read goes to each node once.
"""

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.cluster.carried import CarriedFolder, carry
from zoo.cluster.tasks import ONE_CPU, Asked, ClusterPool
from zoo.errors import ZooError
from zoo.settings import Project
from zoo.storage import atomic_file, atomic_folder, plain_errors

Contents = Mapping[str, NDArray[np.uint8]]
"""Files' bytes by their names."""

_ELSEWHERE = ".elsewhere"  # in the node's folder: inputs that lie outside the project


@dataclass(frozen=True)
class Errand:
    """One product to be made.

    Attributes:
        name: whose; the product's files and folders are called ``name`` or ``name.*``.
        root: the project's folder on the driver.
        products: the folder there into which it is made.
        make: a module-level function that makes it, and returns facts.
        arguments: what it is called with. A :class:`zoo.settings.Project`, and paths in the
            project or among the inputs, mean the node's copies there; also within tuples and
            mappings.
        inputs: the files that it reads.
        shared: those of them that others read too.
    """

    name: str
    root: Path
    products: Path
    make: Callable[..., Mapping[str, Any]]
    arguments: tuple[Any, ...]
    inputs: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Made:
    """What an errand brings back: facts, seconds that it took, and files by their paths."""

    facts: Mapping[str, Any]
    seconds: float
    files: Contents


@dataclass(frozen=True)
class Failed:
    """Why there is nothing, in a sentence; with a traceback if it was nothing that we say."""

    reason: str
    details: str = ""


@dataclass(frozen=True)
class _Order:
    """An errand as it travels."""

    number: int
    errand: Errand
    own: list[Any]
    """A reference to the inputs of this errand alone, by their names in the node's folder."""
    shared: tuple[CarriedFolder, ...]
    places: Mapping[Path, str] = field(default_factory=dict)
    """Of inputs outside the project, by their paths on the driver."""
    size: int = 0


def run_errands(
    ray: Any, errands: Sequence[Errand], asked: Asked = ONE_CPU
) -> Iterator[tuple[int, Made | Failed]]:
    """The place of each errand among ``errands``, and what became of it, as they end.

    Raises:
        ClusterError: the cluster is lost.
    """
    senders = _Senders(ray)

    def orders() -> Iterator[_Order]:
        for number, errand in enumerate(errands):
            try:
                yield senders.order(number, errand)
            except OSError as error:
                unsent.append((number, Failed(f"Cannot read {error.filename}: {error.strerror}.")))

    unsent: list[tuple[int, Failed]] = []
    ended = ClusterPool(ray, asked, lambda order: order.size).map(orders(), _carrier, _lost)
    try:
        for result in ended:
            yield from unsent
            unsent.clear()
            yield result
    finally:
        ended.close()
    yield from unsent


def keep(errand: Errand, made: Made) -> None:
    """Writes what was made where it belongs, each file and folder whole or not at all.

    Raises:
        StorageError: no permission or no space.
    """
    folders: dict[str, dict[str, NDArray[np.uint8]]] = {}
    for name, content in made.files.items():
        top, _, inside = name.partition("/")
        if inside:
            folders.setdefault(top, {})[inside] = content
        else:
            with atomic_file(errand.products / top) as temporary:
                temporary.write_bytes(content.data)
    for top, files in folders.items():
        with atomic_folder(errand.products / top) as temporary:
            for inside, content in files.items():
                (temporary / inside).parent.mkdir(parents=True, exist_ok=True)
                (temporary / inside).write_bytes(content.data)


class _Senders:
    """Puts errands' inputs into the object store; those of many once."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._sent: dict[tuple[Path, ...], CarriedFolder] = {}

    def order(self, number: int, errand: Errand) -> _Order:
        places = {
            path: f"{_ELSEWHERE}/{place}/{path.name}"
            for place, path in enumerate((*errand.inputs, *errand.shared))
            if not path.is_relative_to(errand.root)
        }

        def named(paths: Sequence[Path]) -> dict[str, Path]:
            return {
                places.get(path) or path.relative_to(errand.root).as_posix(): path for path in paths
            }

        shared: tuple[CarriedFolder, ...] = ()
        if errand.shared:
            if errand.shared not in self._sent:
                self._sent[errand.shared] = carry(self._ray, named(errand.shared))
            shared = (self._sent[errand.shared],)
        own = {name: np.fromfile(path, np.uint8) for name, path in named(errand.inputs).items()}
        size = sum(content.nbytes for content in own.values())
        reference = [self._ray.put(own)] if own else []
        return _Order(number, errand, reference, shared, places, size)


def _lost(order: _Order, reason: str) -> tuple[int, Made | Failed]:
    return order.number, Failed(f"{reason} (out of memory?); run it again")


def _carrier() -> Callable[[_Order], tuple[int, Made | Failed]]:
    return lambda order: (order.number, _carry_out(order))


def _carry_out(order: _Order) -> Made | Failed:
    """On the node: unpacks, makes, and gathers what was made."""
    import ray

    errand = order.errand
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        root = Path(folder, "project")
        try:
            with plain_errors(root):
                root.mkdir()
                for shared in order.shared:
                    _link(shared.here(), root)
                if order.own:
                    _unpack(ray.get(order.own[0]), root)
                products = root / errand.products.relative_to(errand.root)
                products.mkdir(parents=True, exist_ok=True)
            begin = time.perf_counter()
            facts = errand.make(*_moved(errand.arguments, order, root))
            seconds = time.perf_counter() - begin
            return Made(dict(facts), seconds, _gather(products, errand.name))
        except ZooError as error:
            return Failed(_as_on_driver(str(error), order, root))
        except Exception as error:  # a fault of ours in one errand must not stop the others
            words = f"unexpected {type(error).__name__}: {error}"
            return Failed(_as_on_driver(words, order, root), traceback.format_exc())


def _moved(value: Any, order: _Order, root: Path) -> Any:
    """``value`` with the node's paths in place of the driver's."""
    match value:
        case Project():
            return Project(root)
        case Path() if value in order.places:
            return root / order.places[value]
        case Path() if value.is_relative_to(order.errand.root):
            return root / value.relative_to(order.errand.root)
        case tuple():
            return tuple(_moved(item, order, root) for item in value)
        case dict():
            return {key: _moved(item, order, root) for key, item in value.items()}
    return value


def _as_on_driver(words: str, order: _Order, root: Path) -> str:
    for path, place in order.places.items():
        words = words.replace(str(root / place), str(path))
    return words.replace(str(root), str(order.errand.root))


def _unpack(contents: Contents, root: Path) -> None:
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.data)


def _link(folder: Path, root: Path) -> None:
    for entry in folder.rglob("*"):
        if entry.is_file():
            place = root / entry.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(entry)


def _gather(products: Path, name: str) -> dict[str, NDArray[np.uint8]]:
    """What was made, by path within ``products``; receipts are the driver's affair."""
    found = {}
    for entry in products.iterdir():
        if entry.name.split(".")[0] == name:
            files = entry.rglob("*") if entry.is_dir() else [entry]
            for path in files:
                if path.is_file():
                    found[path.relative_to(products).as_posix()] = np.fromfile(path, np.uint8)
    return found
