"""The manifests of a file as steps, from the newest to the oldest: who did what, with what.

Whatever a manifest says is the words of an unknown author: bounded, and safe to print.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.provenance.credentials.manifest import SWAP

UNTRUSTED = "signingCredential.untrusted"
_MOST_STEPS = 100
_MOST_ALSO = 100
_SWAP_FACTS = ("identity", "version", "network_sha256", "basis", "input_sha256")


@dataclass(frozen=True)
class Step:
    """One manifest of the file's history."""

    software: str
    issuer: str
    key: str
    when: str | None = None
    says: tuple[str, ...] = ()
    """What was done, in the manifest's own words; C2PA's names of the actions if it has none."""
    swap: Mapping[str, Any] = field(default_factory=dict)
    """For swaps of ours: identity, version, network_sha256, basis, settings, input_sha256;
    also, a list of the same facts, where several networks were used."""
    problems: tuple[str, ...] = ()
    """C2PA's codes of what did not hold when the next step was signed."""


def steps_of(store: Mapping[str, Any]) -> Iterator[Step]:
    """From the newest manifest to the oldest, along the parents."""
    manifests = _mapping(store.get("manifests"))
    label: Any = store.get("active_manifest")
    problems: tuple[str, ...] = ()
    for _ in range(_MOST_STEPS):
        manifest = _mapping(manifests.get(label)) if isinstance(label, str) else {}
        if not manifest:
            return
        yield _step(manifest, problems)
        parents = [
            one
            for one in map(_mapping, _sequence(manifest.get("ingredients")))
            if one.get("relationship") == "parentOf"
        ]
        label = parents[0].get("active_manifest") if parents else None
        problems = _recorded_problems(parents[0]) if parents else ()


def _step(manifest: Mapping[str, Any], problems: tuple[str, ...]) -> Step:
    signature = _mapping(manifest.get("signature_info"))
    generators = [_mapping(one) for one in _sequence(manifest.get("claim_generator_info"))]
    software = " ".join(
        _text(generators[0].get(part)) for part in ("name", "version") if generators
    ).strip()
    said: list[str] = []
    codes: list[str] = []
    when = signature.get("time")
    swap: dict[str, Any] = {}
    for assertion in map(_mapping, _sequence(manifest.get("assertions"))):
        label, data = _text(assertion.get("label")), _mapping(assertion.get("data"))
        if label == SWAP:
            swap = {key: _text(data.get(key)) for key in _SWAP_FACTS if key in data}
            if "also" in data:
                swap["also"] = [
                    {key: _text(one.get(key)) for key in _SWAP_FACTS if key in one}
                    for one in map(_mapping, _sequence(data["also"])[:_MOST_ALSO])
                ]
            swap["settings"] = {
                _text(key): _text(value) for key, value in _mapping(data.get("settings")).items()
            }
        elif label.startswith("c2pa.actions"):
            for action in map(_mapping, _sequence(data.get("actions"))):
                codes.append(_text(action.get("action")))
                said.append(_text(action.get("description")))
                when = when or action.get("when")
    return Step(
        software=software or _text(manifest.get("claim_generator")),
        issuer=_text(signature.get("issuer")),
        key=_text(signature.get("common_name")),
        when=_text(when) or None,
        says=tuple(dict.fromkeys(filter(None, said))) or tuple(dict.fromkeys(codes)),
        swap=swap,
        problems=problems,
    )


def _recorded_problems(ingredient: Mapping[str, Any]) -> tuple[str, ...]:
    """What did not hold of the input when it was swapped."""
    active = _mapping(_mapping(ingredient.get("validation_results")).get("activeManifest"))
    codes = [_text(_mapping(one).get("code")) for one in _sequence(active.get("failure"))]
    return tuple(dict.fromkeys(code for code in codes if code and code != UNTRUSTED))


def serial_of(store: Mapping[str, Any]) -> str:
    """The serial number of the certificate that signed the newest manifest; may be empty."""
    manifests = _mapping(store.get("manifests"))
    active = _mapping(manifests.get(str(store.get("active_manifest"))))
    return _text(_mapping(active.get("signature_info")).get("cert_serial_number"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """One line of what an unknown author wrote, safe to print."""
    text = str(value) if isinstance(value, str | int | float) else ""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:1000]
