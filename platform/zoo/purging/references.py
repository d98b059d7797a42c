"""Mentions of an identity's name in other identities' files: found as whole words and removed.

Reports of other identities, indexes and lists of failures contain the name. Such files stay,
without the name.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zoo.storage import atomic_file
from zoo.untrusted import MOST_JSON, parse_json, read_bytes

NOBODY = "(purged)"
"""In the place of the name, where something must stand."""


def word(name: str) -> re.Pattern[bytes]:
    """Finds ``name`` as a whole: not ``ada`` in ``metadata`` or ``ada-2``."""
    return re.compile(rb"(?<![A-Za-z0-9-])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9-])")


def is_of(path: str, name: str) -> bool:
    """Whether a part of ``path`` is ``name`` or ``name.*``, as all products of an identity are."""
    return any(part.split(".")[0] == name for part in path.split("/") if part)


def without(data: Any, name: str) -> Any:
    """JSON without ``name``: keys and entries of lists go, a value becomes :data:`NOBODY`."""
    if isinstance(data, dict):
        return {key: without(value, name) for key, value in data.items() if not _says(key, name)}
    if isinstance(data, list):
        return [without(value, name) for value in data if not _says(value, name)]
    return NOBODY if _says(data, name) else data


def take_out(path: Path, name: str) -> bool:
    """Takes ``name`` out of a JSON file, which keeps its form; whether it was there.

    Raises:
        OSError, ValueError: it cannot be read, or is no JSON.
        StorageError: it cannot be written.
    """
    text = read_bytes(path, MOST_JSON)
    if not word(name).search(text):
        return False
    indent = len(found[1]) if (found := re.match(rb"[{\[]\n( *)", text)) else None
    mode = path.stat().st_mode
    with atomic_file(path) as temporary:
        new = json.dumps(without(parse_json(text), name), indent=indent)
        temporary.write_text(new + "\n" * text.endswith(b"\n"), encoding="utf-8")
    path.chmod(mode)
    return True


def naming(files: Iterable[Path], name: str) -> list[Path]:
    """Those of ``files`` that say ``name``; what cannot be read does not."""
    found = []
    for path in files:
        try:
            if word(name).search(read_bytes(path, MOST_JSON)):
                found.append(path)
        except OSError:
            continue
    return found


def _says(value: object, name: str) -> bool:
    """Whether a value is the name, or a path of its products."""
    if not isinstance(value, str):
        return False
    return value == name or ("/" in value and is_of(value, name))
