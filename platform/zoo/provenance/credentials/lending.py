"""Signing in processes of other machines by a key that never leaves its own.

What signs an output is a hash of it, a few hundred bytes: they go to where the key is, and the
signature comes back. A process that was lent a signature counts as its lender's, too, when it
asks who has signed what it finds.
"""

from collections.abc import Callable
from dataclasses import dataclass

from zoo.errors import SigningError
from zoo.provenance.credentials.signing_key import (
    SigningKey,
    known_roots,
    lend,
    own_roots,
    own_serials,
    signing_key,
)


@dataclass(frozen=True)
class Lender:
    """What may be known of a key everywhere.

    Attributes:
        chain: its certificates, the leaf first, in PEM.
        algorithm: C2PA's name.
        roots: of all whom its user knows, in PEM.
        own: roots of the user's own certificate, likewise.
        serials: of the certificates that sign for its user.
    """

    chain: bytes
    algorithm: str
    roots: bytes
    own: bytes
    serials: frozenset[str]


def lender(bundle: str | None) -> Lender:
    """This user's.

    Args:
        bundle: the file that ``ZOO_TRUST`` names.

    Raises:
        SigningError: there is no usable key.
        StorageError: the self-made key cannot be kept.
    """
    key = signing_key()
    return Lender(key.chain, key.algorithm, known_roots(bundle), own_roots(), own_serials())


def borrow(lender: Lender, sign: Callable[[bytes], bytes]) -> None:
    """From now on this process signs by ``sign``, and knows whom the lender knows."""
    key = SigningKey(lender.chain, b"", lender.algorithm, sign)
    lend(key, lender.roots, lender.own, lender.serials)


def signature(key: SigningKey, data: bytes) -> bytes:
    """What ``key`` says of ``data``, as C2PA has it (RFC 9053: r and s, not DER).

    Raises:
        SigningError: its algorithm is unknown.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    private = serialization.load_pem_private_key(key.key, None)
    digests = {"es256": hashes.SHA256(), "es384": hashes.SHA384(), "es512": hashes.SHA512()}
    if isinstance(private, ec.EllipticCurvePrivateKey) and key.algorithm in digests:
        size = -(-private.key_size // 8)
        signed = private.sign(data, ec.ECDSA(digests[key.algorithm]))
        return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signed))
    if isinstance(private, rsa.RSAPrivateKey):
        sha256 = hashes.SHA256()
        return private.sign(data, padding.PSS(padding.MGF1(sha256), sha256.digest_size), sha256)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    raise SigningError(f"A key for {key.algorithm} cannot sign for a cluster.")
