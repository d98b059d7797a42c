"""Signed statements: a few facts and a signature that identifies the signer.

For what can carry no C2PA manifest, such as a network's entry in a registry. The key is the one
that signs outputs (:mod:`.signing_key`); its certificates travel with the signature.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zoo.provenance.credentials.signing_key import signing_key
from zoo.untrusted import parse_json

if TYPE_CHECKING:
    from cryptography import x509

_MOST_CERTIFICATES = 8
_MOST_CHARACTERS = 20_000
_HASHES = {"es256": "SHA256", "es384": "SHA384", "es512": "SHA512", "ps256": "SHA256"}


class StatementError(Exception):
    """An invalid signature, with the reason."""


@dataclass(frozen=True)
class Signer:
    """Who signed: the certificates, the one of the key first, and the key's fingerprint."""

    key: str
    """SHA-256 of the public key (SubjectPublicKeyInfo), in hex."""
    name: str
    """The organisation that the certificate names; anyone can write anything there."""
    chain: "tuple[x509.Certificate, ...]"

    def is_of(self, roots: bytes) -> bool:
        """Whether the chain leads to one of the certificates in ``roots`` (PEM)."""
        from cryptography import x509

        known = x509.load_pem_x509_certificates(roots) if roots else []
        for issued, issuer in zip(self.chain, (*self.chain[1:], None), strict=True):
            for root in known:
                if issued == root or _issued(issued, root):
                    return True
            if issuer is None or not _issued(issued, issuer):
                return False
        return False


def sign_statement(purpose: str, facts: Mapping[str, str]) -> str:
    """The signature of ``facts`` by this user's key, as text.

    Args:
        purpose: what they are about, so that none is taken for a statement about other things.
        facts: what is vouched for.

    Raises:
        SigningError: there is no usable key.
        StorageError: the self-made key cannot be kept.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    key = signing_key()
    private: Any = serialization.load_pem_private_key(key.key, None)
    signature = private.sign(_message(purpose, facts), *_how(key.algorithm))
    chain = x509.load_pem_x509_certificates(key.chain)[:_MOST_CERTIFICATES]
    encoded = [certificate.public_bytes(serialization.Encoding.DER) for certificate in chain]
    return json.dumps(
        {
            "algorithm": key.algorithm,
            "signature": base64.b64encode(signature).decode(),
            "chain": [base64.b64encode(one).decode() for one in encoded],
        },
        separators=(",", ":"),
    )


def check_statement(purpose: str, facts: Mapping[str, str], signature: str) -> Signer:
    """Who vouches for ``facts``; whether that is somebody to trust is another question.

    Raises:
        StatementError: the signature does not hold, or is none.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        if len(signature) > _MOST_CHARACTERS:
            raise ValueError("it is too long")
        said = parse_json(signature)
        signed = base64.b64decode(said["signature"], validate=True)
        encoded = [base64.b64decode(one, validate=True) for one in said["chain"]]
        chain = tuple(map(x509.load_der_x509_certificate, encoded[:_MOST_CERTIFICATES]))
        leaf: Any = chain[0].public_key()
        fits = said["algorithm"] in {*_HASHES, "ed25519"} and _is_kind(leaf, said["algorithm"])
        if not fits or _expired(chain[0]):
            raise ValueError("its certificate has expired, or is of another kind of key")
        leaf.verify(signed, _message(purpose, facts), *_how(said["algorithm"]))
        return Signer(_fingerprint(leaf), _organisation(chain[0]), chain)
    except InvalidSignature as error:
        raise StatementError("its signature is not one of what it says") from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise StatementError("its signature cannot be read") from error


def _message(purpose: str, facts: Mapping[str, str]) -> bytes:
    stated = {"purpose": f"faceswap-zoo {purpose}", **facts}
    return json.dumps(stated, sort_keys=True, separators=(",", ":")).encode()


def _how(algorithm: str) -> tuple[Any, ...]:
    """What the key's ``sign`` and ``verify`` take besides the message, for one of C2PA's names."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    if algorithm == "ed25519":
        return ()
    digest = getattr(hashes, _HASHES[algorithm])()
    if algorithm == "ps256":
        salt = padding.PSS.DIGEST_LENGTH
        return padding.PSS(padding.MGF1(digest), salt), digest
    return (ec.ECDSA(digest),)


def _is_kind(public: object, algorithm: str) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm == "ed25519":
        return isinstance(public, ed25519.Ed25519PublicKey)
    if algorithm == "ps256":
        return isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048
    return isinstance(public, ec.EllipticCurvePublicKey)


def _fingerprint(public: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def _organisation(certificate: "x509.Certificate") -> str:
    from cryptography.x509.oid import NameOID

    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value)[:100] if found else ""


def _issued(issued: "x509.Certificate", issuer: "x509.Certificate") -> bool:
    """Whether ``issuer`` is an authority, today, and has signed ``issued``."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        extensions = issuer.extensions
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return not _expired(issuer)


def _expired(certificate: "x509.Certificate") -> bool:
    now = datetime.now(UTC)
    return not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
