"""Signatures of registered networks: made when published, checked when pulled.

The signature covers what a swap relies on: identity, the file's SHA-256, basis and resolution. This
user's own key and the roots that ``ZOO_TRUST`` names are trusted. Without ``ZOO_TRUST``, the first
key that is seen for an identity of a registry is stored, as SSH does for a host, and another one is
refused later.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from zoo.errors import RegistryError
from zoo.provenance.credentials.signing_key import known_roots, own_roots
from zoo.provenance.credentials.statements import (
    Signer,
    StatementError,
    check_statement,
    sign_statement,
)
from zoo.provenance.credentials.verifying import TRUST_VARIABLE
from zoo.settings import data_folder, without_password
from zoo.storage import write_json
from zoo.untrusted import read_json

SIGNATURE = "signature"
"""The tag that holds it."""

_PURPOSE = "network"
_FACTS = ("sha256", "basis", "resolution", "receipt")
_SHOWN = 16  # digits of a key that are enough to tell it


def signature_of(name: str, tags: Mapping[str, str]) -> str:
    """This user's signature for a version of ``name`` with these tags.

    Raises:
        SigningError, StorageError: there is no usable key.
    """
    return sign_statement(_PURPOSE, _facts(name, tags))


def is_signed(name: str, tags: Mapping[str, str]) -> bool:
    """Whether the tags have a valid signature, by any key."""
    try:
        check_statement(_PURPOSE, _facts(name, tags), tags.get(SIGNATURE, ""))
    except StatementError:
        return False
    return True


def check_signature(
    name: str,
    version: int,
    tags: Mapping[str, str],
    uri: str,
    tell: Callable[[str], object] = lambda line: None,
) -> str:
    """The key that vouches for a version, when it is one to trust.

    Args:
        name: the identity.
        version: its number, for messages.
        tags: the version's.
        uri: the registry.
        tell: is given a sentence when a key is seen for the first time and remembered.

    Raises:
        RegistryError: it is not signed, the signature does not hold, or an unknown key made it.
        SigningError: ``ZOO_TRUST`` names no certificates.
        StorageError: the key cannot be remembered.
    """
    what = f"{name} version {version}"
    if not tags.get(SIGNATURE):
        raise RegistryError(
            f"{what} is not signed, so its origin cannot be verified; whoever registered it can "
            "sign it with "
            f"`zoo registry sign {name}`, or pull it as it is with `zoo pull {name}:{version} "
            "--allow-unsigned`."
        )
    try:
        signer = check_statement(_PURPOSE, _facts(name, tags), tags[SIGNATURE])
    except StatementError as error:
        raise RegistryError(
            f"{what} is not pulled: {error}; it was changed in the registry after it was signed."
        ) from error
    bundle = os.environ.get(TRUST_VARIABLE)
    if not signer.is_of(known_roots(bundle) + own_roots()):
        if bundle:
            raise RegistryError(
                f"{what} is signed by {_words(signer)}, who is not in {bundle} (ZOO_TRUST); if "
                "you trust that key, add its root there."
            )
        _remembered(what, name, uri, signer, tell)
    return signer.key


def forget_signer(name: str, uri: str) -> None:
    """Removes the stored key of ``name`` of a registry.

    Raises:
        StorageError: it cannot be written.
    """
    known = _read(signers_path())
    if known.pop(_entry(name, uri), None):
        write_json(signers_path(), known)


def signers_path() -> Path:
    """Where the keys that were seen first are remembered."""
    return data_folder() / "signers.json"


def _remembered(
    what: str, name: str, uri: str, signer: Signer, tell: Callable[[str], object]
) -> None:
    """Passes the key that was seen for ``name`` first, and no other."""
    path = signers_path()
    known = _read(path)
    entry = _entry(name, uri)
    if entry not in known:
        write_json(path, {**known, entry: signer.key})
        tell(
            f"{what} is signed by {_words(signer)}, seen for the first time; {path} records the "
            "key for this identity."
        )
    elif known[entry] != signer.key:
        raise RegistryError(
            f"{what} is signed by {_words(signer)}, but earlier versions were signed by another "
            "key "
            f"({known[entry][:_SHOWN]}): ask whoever registers {name}; if the change is right, "
            f"delete the line {entry[:_SHOWN]}... from {path} and pull again."
        )


def _facts(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    return {"identity": name, **{key: tags.get(key, "") for key in _FACTS}}


def _entry(name: str, uri: str) -> str:
    """A digest, so that the list does not reveal whose networks were pulled."""
    return hashlib.sha256(f"{without_password(uri)} {name}".encode()).hexdigest()


def _read(path: Path) -> dict[str, str]:
    try:
        found = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RegistryError(
            f"{path}, the list of known signers, cannot be read; delete it, and the next keys "
            "are recorded."
        ) from error
    if not isinstance(found, dict):
        return {}
    return {str(key): str(value) for key, value in found.items()}


def _words(signer: Signer) -> str:
    by = f", which calls itself {signer.name!r}" if signer.name else ""
    return f"the key {signer.key[:_SHOWN]}{by}"
