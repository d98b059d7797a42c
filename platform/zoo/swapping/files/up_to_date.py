"""Whether an output is there already: it says itself what it was made from."""

from collections.abc import Mapping
from pathlib import Path

from zoo import __version__
from zoo.errors import ZooError
from zoo.provenance.credentials.manifest import Setting
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.verifying import is_of_the_known
from zoo.storage import sha256_of


def is_done(target: Path, source: Path, mark: Marking, settings: Mapping[str, Setting]) -> bool:
    """Whether ``target`` is what a swap of ``source`` would give.

    Its manifest must hold, and name this input (by SHA-256), network, identity, basis, settings
    and version of the software. An output that was altered, or of another network, is none; nor
    is one that somebody signed who is not known here: anyone can write such a manifest.
    """
    if not target.is_file():
        return False
    try:
        found = is_of_the_known(target)
        if found is None or not found.steps:
            return False
        step = found.steps[0]
        wanted = {
            "identity": mark.identity,
            "network_sha256": mark.sha256,
            "basis": mark.basis,
            "settings": {name: str(value) for name, value in settings.items()},
        }
        if step.swap.get("also", []) != [one.facts for one in mark.also]:
            return False
        if step.software != f"faceswap-zoo {__version__}":
            return False
        if any(step.swap.get(name) != value for name, value in wanted.items()):
            return False
        return step.swap.get("input_sha256") == sha256_of(source)
    except (ZooError, OSError):  # the swap itself will say what is wrong
        return False
