"""The key that signs a user's outputs: generated at first use, or the user's own.

One file holds the self-made key with its chain of certificates, readable by its user only. Two
processes that need it at once end with one key: the file appears under its name by a hard link,
which only the first can make.
"""

import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import SigningError
from zoo.provenance.credentials.self_made_certificate import self_made_certificate
from zoo.settings import data_folder
from zoo.storage import plain_errors, private_folder
from zoo.untrusted import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

CHAIN_VARIABLE = "ZOO_SIGNING_CHAIN"
KEY_VARIABLE = "ZOO_SIGNING_KEY"
_MOST_BYTES = 1_000_000
_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\r?\n?", re.ASCII
)
_KEY = re.compile(
    rb"-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----[^-]+-----END (?P=kind)-----\r?\n?", re.ASCII
)


@dataclass(frozen=True)
class SigningKey:
    """A private key and its chain of certificates, the leaf first, all in PEM."""

    chain: bytes
    key: bytes
    algorithm: str
    """C2PA's name: ``es256``, ``ps256``, ``ed25519``, ..."""
    sign: "Callable[[bytes], bytes] | None" = None
    """Of a key that is elsewhere (:mod:`.lending`): gives its signature; ``key`` is empty."""


@dataclass(frozen=True)
class _Lent:
    key: SigningKey
    roots: bytes
    own: bytes
    serials: frozenset[str]


_lent: list[_Lent] = []


def lend(key: SigningKey, roots: bytes, own: bytes, serials: frozenset[str]) -> None:
    """Puts another user's key and the roots they know in the place of this process's."""
    _lent[:] = [_Lent(key, roots, own, serials)]


def signing_key() -> SigningKey:
    """The user's own key if ``ZOO_SIGNING_CHAIN`` and ``ZOO_SIGNING_KEY`` name one, or a self-made.

    Raises:
        SigningError: the named files, or the self-made one, hold no usable key with its chain.
        StorageError: the self-made key cannot be kept.
    """
    if _lent:
        return _lent[0].key
    chain, key = os.environ.get(CHAIN_VARIABLE), os.environ.get(KEY_VARIABLE)
    if not chain and not key:
        return self_made_key()
    if not chain or not key:
        missing = KEY_VARIABLE if chain else CHAIN_VARIABLE
        raise SigningError(
            f"{missing} is not set; your own certificate needs its chain and its key."
        )
    return _own_key(Path(chain), Path(key))


def self_made_key() -> SigningKey:
    """The key of this user on this machine; made now if there is none yet.

    Raises:
        SigningError: the file that holds it is damaged.
        StorageError: it cannot be kept.
    """
    path = self_made_path()
    content = _read_private(path)
    if content is None:
        _make(path)
        content = _read_private(path)
    chain, key = _CERTIFICATE.findall(content or b""), _KEY.search(content or b"")
    if len(chain) != 2 or key is None:
        raise SigningError(
            f"{path} is damaged and cannot sign; delete it, and the next swap creates a new key."
        )
    return SigningKey(b"".join(chain), key[0], "es256")


def self_made_path() -> Path:
    """Where the self-made key is kept."""
    return data_folder() / "signing.pem"


def known_roots(bundle: str | None) -> bytes:
    """Root certificates in PEM: of this user's self-made key, if there is one, and of ``bundle``.

    Raises:
        SigningError: the file ``bundle`` holds no certificate.
    """
    if _lent:
        return _lent[0].roots
    roots = list(_CERTIFICATE.findall(_read(self_made_path()) or b"")[1:])
    if bundle:
        named = _CERTIFICATE.findall(_read(Path(bundle)) or b"")
        if not named:
            raise SigningError(f"{bundle} (ZOO_TRUST) holds no certificate; give roots in PEM.")
        roots += named
    return b"".join(roots)


def own_roots() -> bytes:
    """What issued the certificate that ``ZOO_SIGNING_CHAIN`` names, in PEM; empty without one."""
    if _lent:
        return _lent[0].own
    own = os.environ.get(CHAIN_VARIABLE)
    chain = _CERTIFICATE.findall(_read(Path(own)) or b"") if own else []
    return b"".join(chain[1:] or chain)


def own_serials() -> frozenset[str]:
    """Serial numbers of the certificates that sign for this user on this machine."""
    from cryptography import x509

    if _lent:
        return _lent[0].serials
    places = [self_made_path()]
    if own := os.environ.get(CHAIN_VARIABLE):
        places.append(Path(own))
    leaves = [found[0] for place in places if (found := _CERTIFICATE.findall(_read(place) or b""))]
    with suppress(ValueError):
        return frozenset(str(x509.load_pem_x509_certificate(leaf).serial_number) for leaf in leaves)
    return frozenset()


def _read(path: Path) -> bytes | None:
    try:
        return read_bytes(path, _MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SigningError(
            f"{path} cannot be read: {error.strerror or error}; outputs are signed with it."
        ) from error


def _read_private(path: Path) -> bytes | None:
    """A file that should hold a private key.

    Raises:
        SigningError: it holds one that others may read or change, or it cannot be read.
    """
    content = _read(path)
    if _KEY.search(content or b""):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise SigningError(
                f"{path} holds the key that signs, and others can read or change it (mode "
                f"{mode:04o}); remove their access with `chmod 600 {path}`, and if anyone may "
                "have copied it, create or request a new key."
            )
    return content


def _make(path: Path) -> None:
    with plain_errors(path):
        private_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix=".signing-", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self_made_certificate())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was quicker: its key it is
                os.link(name, path)
        finally:
            Path(name).unlink()


def _own_key(chain: Path, key: Path) -> SigningKey:
    certificates = _CERTIFICATE.findall(_read(chain) or b"")
    found = _KEY.search(_read_private(key) or b"")
    if not certificates:
        raise SigningError(
            f"{chain} ({CHAIN_VARIABLE}) holds no certificate; give the chain in PEM, the "
            "certificate that signs first."
        )
    if found is None:
        raise SigningError(f"{key} ({KEY_VARIABLE}) holds no private key; give it in PEM.")
    try:
        algorithm = _algorithm(certificates[0], found[0])
    except (ValueError, TypeError) as error:
        raise SigningError(f"{key} with {chain} cannot sign: {error}.") from error
    return SigningKey(b"".join(certificates), found[0], algorithm)


@lru_cache(maxsize=4)
def _algorithm(certificate: bytes, key: bytes) -> str:
    """The algorithm that the key signs by, after a look whether the certificate is its own.

    Raises:
        ValueError, TypeError: it is not, has expired, or is encrypted or of an unknown kind.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    private = serialization.load_pem_private_key(key, None)
    leaf = x509.load_pem_x509_certificate(certificate)
    if leaf.public_key() != private.public_key():
        raise ValueError("the first certificate is not that of the key")
    if leaf.not_valid_after_utc < datetime.now(UTC):
        raise ValueError(f"the certificate has expired on {leaf.not_valid_after_utc:%Y-%m-%d}")
    match private:
        case ec.EllipticCurvePrivateKey():
            curves = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
            if algorithm := curves.get(private.curve.name):
                return algorithm
        case rsa.RSAPrivateKey():
            return "ps256"
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
    raise ValueError("C2PA has no algorithm for a key of this kind; use EC P-256, RSA or Ed25519")
