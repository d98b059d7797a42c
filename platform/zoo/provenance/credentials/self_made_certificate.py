"""The self-made certificate that signs outputs where the user has none of their own.

The chain is a root and a leaf (ES256, for e-mail protection, as C2PA asks). Nobody else knows this
root, so readers correctly report an untrusted issuer: the signature shows that a file was not
altered, not who made it. It names no person and no machine.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

SELF_MADE = "faceswap-zoo, self-made key"
"""The organisation that self-made certificates name."""

_VALID = timedelta(days=30 * 365)  # without a time stamp, an output outlives no certificate


def self_made_certificate() -> bytes:
    """A new leaf, its root and its key in PEM. The root's key is forgotten: it signs once."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key = ec.generate_private_key(ec.SECP256R1())
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate(root_key, root_key, is_root=True)
    leaf = _certificate(leaf_key, root_key, is_root=False)
    pem = serialization.Encoding.PEM
    key = leaf_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return leaf.public_bytes(pem) + root.public_bytes(pem) + key


def _certificate(
    key: "ec.EllipticCurvePrivateKey", signer: "ec.EllipticCurvePrivateKey", *, is_root: bool
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    names = x509.oid.NameOID

    def named(who: "ec.EllipticCurvePrivateKey", kind: str) -> "x509.Name":
        digest = x509.SubjectKeyIdentifier.from_public_key(who.public_key()).digest.hex()
        return x509.Name(
            [
                x509.NameAttribute(names.ORGANIZATION_NAME, SELF_MADE),
                x509.NameAttribute(names.COMMON_NAME, f"{kind} {digest[:16]}"),
            ]
        )

    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)  # clocks differ
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(key, "root" if is_root else "key"))
        .issuer_name(named(signer, "root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _VALID)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not is_root:
        email = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(email, critical=False)
        builder = builder.add_extension(issuer, critical=False)
    return builder.sign(signer, hashes.SHA256())
