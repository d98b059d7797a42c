"""Verifies the provenance of a file.

The file and its manifest are untrusted: c2pa checks hashes and signatures in memory-safe code, no
server is contacted, and text of the manifest is only displayed.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from zoo.errors import PhotoError
from zoo.provenance.credentials.manifest_history import UNTRUSTED, Step, serial_of, steps_of
from zoo.provenance.credentials.media_types import HEAD, media_type
from zoo.provenance.credentials.signing import SETTINGS, sidecar
from zoo.provenance.credentials.signing_key import known_roots, own_roots, own_serials
from zoo.untrusted import opened, parse_json, read_bytes

TRUST_VARIABLE = "ZOO_TRUST"
"""Names a PEM file of root certificates whose holders are known."""

_SOURCE_TYPE = re.compile(rb"digitalsourcetype/(\w{1,60})")
_SYNTHETIC = frozenset(
    (b"compositeWithTrainedAlgorithmicMedia", b"trainedAlgorithmicMedia", b"compositeSynthetic",
     b"algorithmicMedia")
)  # fmt: skip
_LOOKED_AT = 64 * 2**20  # bytes, for the IPTC mark
_CHUNK = 2**20
MAX_BYTES = 200 * 2**30
"""Of a photo or video that is looked at; hours of one in the best quality have fewer."""

_MOST_SIDECAR = 64 * 2**20


class Status(StrEnum):
    """What came of it; the first two are fine."""

    valid = "valid"
    unknown_issuer = "valid, issuer not known"
    altered = "altered"
    invalid = "not valid"
    only_metadata = "only IPTC metadata"
    no_manifest = "no manifest"


FINE = frozenset((Status.valid, Status.unknown_issuer))


@dataclass(frozen=True)
class Finding:
    """The provenance of a file, the newest step first."""

    file: str
    status: Status
    explanation: str
    by_this_user: bool = False
    steps: tuple[Step, ...] = ()
    problems: tuple[str, ...] = ()
    """C2PA's codes of what does not hold."""


def verify(path: Path) -> Finding:
    """Reads and checks the manifest in ``path``, or in the sidecar beside it.

    Raises:
        PhotoError: there is no such file, it is no regular file, too large or cannot be read.
        SigningError: ``ZOO_TRUST`` names no certificates.
    """
    return _verified(path, known_roots(os.environ.get(TRUST_VARIABLE)))


def is_of_the_known(path: Path) -> Finding | None:
    """The provenance of ``path``, if the signer is this user or has a known root.

    Anyone can make a key and sign with it whatever they like; this asks who it was.

    Raises:
        PhotoError, SigningError: see :func:`verify`.
    """
    found = verify(path)
    if found.status is Status.unknown_issuer and (roots := own_roots()):
        # A user's own certificate is known to them, whether ZOO_TRUST names its root or not;
        # others that its root has signed are not.
        found = _verified(path, roots)
        return found if found.status is Status.valid and found.by_this_user else None
    return found if found.status is Status.valid else None


def _verified(path: Path, roots: bytes) -> Finding:
    try:
        with opened(path, MAX_BYTES) as file:
            kind = media_type(file.read(HEAD))
        store = _manifests(path, kind, roots)
        if store is None:
            return _unsigned(path)
    except IsADirectoryError as error:
        raise PhotoError(f"{path} is a folder; give files, such as {path}/*.") from error
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _Damaged as error:
        return Finding(
            str(path),
            Status.altered,
            f"It carries a manifest that is damaged ({error}) and cannot be read.",
        )
    return _finding(path, store)


class _Damaged(Exception):
    """A manifest that cannot even be read."""


def _manifests(path: Path, kind: str, roots: bytes) -> dict[str, Any] | None:
    """All manifests with the results of checking them, or None when there are none."""
    import c2pa

    trust = {"user_anchors": roots.decode() or None}
    with c2pa.Context.from_dict({**SETTINGS, "trust": trust}) as context:
        for manifest in (None, *_sidecars(path)):
            try:
                with (
                    opened(path, MAX_BYTES) as file,
                    c2pa.Reader(kind, file, manifest, context) as reader,
                ):
                    store = parse_json(reader.json())
                    return store if isinstance(store, dict) else None
            except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
                continue
            except c2pa.C2paError as error:
                reason = " ".join(str(error).split()).removeprefix("Other: ").rstrip(".")
                raise _Damaged(reason) from error
            except ValueError as error:
                raise _Damaged("it cannot be read") from error
    return None


def _sidecars(path: Path) -> Iterator[bytes]:
    """Manifests beside the file, by our name for them and by c2patool's."""
    for place in (sidecar(path), path.with_suffix(".c2pa")):
        if place != path and place.is_file():
            with suppress(OSError):  # too large to be one
                yield read_bytes(place, _MOST_SIDECAR)


def _finding(path: Path, store: Mapping[str, Any]) -> Finding:
    codes = tuple(str(entry.get("code", "")) for entry in store.get("validation_status") or ())
    problems = tuple(dict.fromkeys(code for code in codes if code != UNTRUSTED))
    steps = tuple(steps_of(store))
    state = store.get("validation_state")
    if any(code.endswith(".mismatch") or code.endswith(".missing") for code in problems):
        status, words = Status.altered, "It was altered after it was signed"
        if any("dataHash" in code or "bmffHash" in code for code in problems):
            words += ": its content is no longer what the manifest describes."
        else:
            words += ": its manifest is no longer what was signed."
    elif state not in ("Valid", "Trusted"):
        status = Status.invalid
        words = f"Its signature is not valid ({', '.join(problems) or 'no reason given'})."
    elif state == "Trusted":
        status, words = Status.valid, "It has not been altered since it was signed."
    else:
        status = Status.unknown_issuer
        words = (
            "It has not been altered since it was signed, but the signer is not known: anyone "
            "can make such a key."
        )
    own = state == "Trusted" and serial_of(store) in own_serials()
    return Finding(str(path), status, words, own, steps, problems)


def _unsigned(path: Path) -> Finding:
    if (kind := _iptc_mark(path)) is None:
        return Finding(
            str(path),
            Status.no_manifest,
            "It has no record of how it was made, which does not mean that it is genuine.",
        )
    return Finding(
        str(path),
        Status.only_metadata,
        f"Its metadata says that it is synthetic ({kind}), but the signed manifest is gone, so "
        "it cannot be told whether it was altered.",
    )


def _iptc_mark(path: Path) -> str | None:
    """The IPTC digital source type that says synthetic, if one is near the file's beginning."""
    kept = b""
    with opened(path, MAX_BYTES) as file:
        for _ in range(0, _LOOKED_AT, _CHUNK):
            chunk = file.read(_CHUNK)
            for found in _SOURCE_TYPE.finditer(kept + chunk):
                if found[1] in _SYNTHETIC:
                    return found[1].decode()
            if not chunk:
                return None
            kept = chunk[-100:]
    return None
