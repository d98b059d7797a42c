"""Receipts: the inputs of each product, so that it is made only once.

A stage asks :func:`is_fresh` before it makes a product and calls :func:`write` after.
Values are what identifies an input: a SHA-256, a parameter, the maker's version.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.storage import write_json
from zoo.untrusted import read_json

Made = Mapping[str, Any]


def receipt_path(product: Path) -> Path:
    """``models/ada`` → ``models/ada/receipt.json``; ``ada.safetensors`` → ``ada.receipt.json``."""
    return product / "receipt.json" if product.is_dir() else product.with_suffix(".receipt.json")


def is_fresh(product: Path, made_from: Made) -> bool:
    """Whether ``product`` exists and its receipt matches ``made_from`` exactly."""
    return product.exists() and read(product).get("made_from") == json.loads(_canonical(made_from))


def write(product: Path, made_from: Made, **facts: Any) -> None:
    """Writes the receipt of ``product``; ``facts`` (durations, counts) do not affect freshness."""
    made = json.loads(_canonical(made_from))
    write_json(receipt_path(product), {"digest": digest(made), "made_from": made, **facts})


def read(product: Path) -> dict[str, Any]:
    """The receipt of ``product``, or an empty mapping when there is none or it is damaged."""
    try:
        receipt = read_json(receipt_path(product))
    except (OSError, ValueError):
        return {}
    if not isinstance(receipt, dict) or not isinstance(receipt.get("made_from", {}), dict):
        return {}
    return receipt


def changes(before: Made, now: Made) -> list[str]:
    """The names of the inputs that differ, in the order of ``now``."""
    after = json.loads(_canonical(now))
    return [key for key in [*now, *before.keys() - now.keys()] if before.get(key) != after.get(key)]


def digest(made_from: Made) -> str:
    """SHA-256 of the canonical JSON of ``made_from``, in hex."""
    return hashlib.sha256(_canonical(made_from).encode()).hexdigest()


def _canonical(made_from: Made) -> str:
    return json.dumps(made_from, sort_keys=True, separators=(",", ":"))
