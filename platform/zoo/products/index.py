"""The index of a folder of products: one digest per identity.

Later stages have it as their dependency in ``dvc.yaml``: DVC looks at every file of a dependency
five times in a run, which takes seconds for thousands of files and nothing for one.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from zoo.products import receipts
from zoo.products.digests import Digests
from zoo.storage import atomic_file

INDEX = "INDEX.json"
"""In a folder of products: a name that no identity can have."""


def write_index(products: Path, known: Digests, *sources: Path) -> None:
    """Writes one digest per identity of all its files in ``products``, receipts left out.

    Args:
        products: the folder of a stage's products.
        known: digests of the project.
        sources: folders whose files the identities' digests tell of too.
    """
    files: dict[str, dict[str, str]] = {}
    for folder in (products, *sources):
        for name, path in _files_in(folder):
            if not path.name.endswith("receipt.json"):
                address = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                files.setdefault(name, {})[address] = known.of(path)
    index = {name: receipts.digest(found) for name, found in sorted(files.items())}
    text = json.dumps(index, indent=0) + "\n"
    path = products / INDEX
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def name_of(entry: Path) -> str:
    """``ada.report.json`` → ``ada``; names are slugs, without dots. Temporary files have none."""
    return entry.name.split(".")[0]


def _files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of an identity, with the identity's name."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        name = name_of(entry)
        if not name or entry.name == INDEX:
            continue
        if entry.is_dir():
            for root, _, files in os.walk(entry):
                yield from ((name, Path(root, file)) for file in files)
        else:
            yield name, entry
