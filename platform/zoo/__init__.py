"""faceswap-zoo: train, register and use one fast face-swap network per identity.

The public interface, of which each name is loaded when it is first used::

    from zoo import Marking, SwapNetwork, find_network, parse_reference, swap_file

    found = find_network(parse_reference("ada"), None)
    mark = Marking(found.identity, found.version, found.sha256, found.basis)
    swap_file(Path("in.jpg"), Path("out.jpg"), SwapNetwork(found.path, used_as=mark), mark=mark)

Everything else may change from version to version. docs/architecture.md lists the packages from the
ground floor up; each imports only packages below it (``tests/test_floors.py`` checks this).
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.errors import ZooError as ZooError
    from zoo.evaluation.run import evaluate_identity as evaluate_identity
    from zoo.exporting.export import export as export
    from zoo.people import named_person as named_person
    from zoo.people import render as render
    from zoo.photos.reading import read_photo as read_photo
    from zoo.photos.writing import write_photo as write_photo
    from zoo.provenance.credentials.marking import Marking as Marking
    from zoo.provenance.credentials.verifying import verify as verify
    from zoo.registry.local.network_resolution import find_network as find_network
    from zoo.registry.local.pull import pull as pull
    from zoo.registry.promotion.gate import promote as promote
    from zoo.registry.publishing.publish import publish as publish
    from zoo.registry.references import parse_reference as parse_reference
    from zoo.settings import Project as Project
    from zoo.settings import find_project as find_project
    from zoo.swapping.network import SwapNetwork as SwapNetwork
    from zoo.swapping.options import SwapOptions as SwapOptions
    from zoo.swapping.photo import swap_file as swap_file
    from zoo.swapping.photo import swap_image as swap_image
    from zoo.swapping.video.file import swap_video as swap_video
    from zoo.training.stage import train_identities as train_identities

# ONNX Runtime (1.29 and newer) would send what it runs to its makers, and keep a number for this
# machine in the user's cache. It looks at this when it is imported, whoever imports it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.2.0"

_PUBLIC = {
    "Marking": "provenance.credentials.marking",
    "Project": "settings",
    "SwapNetwork": "swapping.network",
    "SwapOptions": "swapping.options",
    "ZooError": "errors",
    "evaluate_identity": "evaluation.run",
    "export": "exporting.export",
    "find_network": "registry.local.network_resolution",
    "find_project": "settings",
    "named_person": "people",
    "parse_reference": "registry.references",
    "promote": "registry.promotion.gate",
    "publish": "registry.publishing.publish",
    "pull": "registry.local.pull",
    "read_photo": "photos.reading",
    "render": "people",
    "swap_file": "swapping.photo",
    "swap_image": "swapping.photo",
    "swap_video": "swapping.video.file",
    "train_identities": "training.stage",
    "verify": "provenance.credentials.verifying",
    "write_photo": "photos.writing",
}
"""Each public name, and the module that holds it."""

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 (each is a string)


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for (PEP 562): ``import zoo`` stays fast."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    value = getattr(import_module(f"zoo.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
