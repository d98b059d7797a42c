"""The key that signs: one for each user, made at first use, or their own."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from tests.provenance.conftest import MARK, encoded
from zoo.errors import SigningError, StorageError
from zoo.provenance.credentials.lending import borrow, lender, signature
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.self_made_certificate import SELF_MADE
from zoo.provenance.credentials.signing import sign_bytes
from zoo.provenance.credentials.signing_key import (
    SigningKey,
    _algorithm,
    self_made_key,
    self_made_path,
    signing_key,
)
from zoo.provenance.credentials.verifying import Status, verify


@pytest.fixture(autouse=True)
def no_key_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "data"))


def test_it_is_made_once_and_only_its_user_reads_it() -> None:
    first = signing_key()
    assert stat.S_IMODE(self_made_path().stat().st_mode) == 0o600
    assert signing_key() == first
    assert [path.name for path in self_made_path().parent.iterdir()] == ["signing.pem"]


def test_its_certificates_name_no_person_and_no_machine() -> None:
    leaf, root = x509.load_pem_x509_certificates(self_made_key().chain)
    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    for certificate in (leaf, root):
        named = {part.oid._name: str(part.value) for part in certificate.subject}
        assert named.pop("organizationName") == SELF_MADE
        kind, digest = named.pop("commonName").split()
        assert kind in ("key", "root") and int(digest, 16) and not named
        assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days > 10_000
        own = {one.value.__class__.__name__: one for one in certificate.extensions}
        constraints, usage = own["BasicConstraints"], own["KeyUsage"].value
        assert constraints.critical and constraints.value.ca == (certificate is root)
        assert own["KeyUsage"].critical and usage.digital_signature == (certificate is leaf)
        assert usage.key_cert_sign == usage.crl_sign == (certificate is root)
        assert not usage.key_encipherment and not usage.key_agreement
        assert not usage.content_commitment and not usage.data_encipherment
        assert ("ExtendedKeyUsage" in own) == (certificate is leaf)
        day = datetime.now(UTC) - timedelta(days=1)  # clocks differ
        assert abs((certificate.not_valid_before_utc - day).total_seconds()) < 600


def test_two_keys_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = self_made_key()
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "other"))
    names = [x509.load_pem_x509_certificate(key.chain).subject for key in (first, self_made_key())]
    assert names[0] != names[1]


def test_processes_that_need_it_at_once_end_with_one_key() -> None:
    code = (
        "from zoo.provenance.credentials.signing_key import self_made_key\n"
        "print(self_made_key().chain.decode())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)
    ]
    chains = {process.communicate()[0] for process in processes}
    assert len(chains) == 1
    assert self_made_key().chain in chains.pop()
    assert [path.name for path in self_made_path().parent.iterdir()] == ["signing.pem"]


def test_a_damaged_file_is_named() -> None:
    self_made_key()
    self_made_path().write_bytes(self_made_path().read_bytes()[:-300])
    with pytest.raises(SigningError, match=r"signing\.pem is damaged"):
        self_made_key()


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises((StorageError, SigningError), match=r"signing\.pem"):
        self_made_key()


def test_an_own_certificate_takes_its_place(
    own_chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(own_chain[0]))
    with pytest.raises(SigningError, match="ZOO_SIGNING_KEY is not set"):
        signing_key()
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(own_chain[1]))
    assert signing_key().algorithm == "es384"
    assert not self_made_path().exists()


def test_a_key_that_is_not_the_certificates_is_refused(
    own_chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(own_chain[0]))
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(own_chain[1].with_name("root.key")))
    with pytest.raises(SigningError):
        signing_key()
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(own_chain[0]))
    with pytest.raises(SigningError, match="holds no private key"):
        signing_key()
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(own_chain[1]))
    with pytest.raises(SigningError, match="holds no certificate"):
        signing_key()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o620, 0o666])
def test_a_key_that_others_can_read_or_change_does_not_sign(
    own_chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    self_made_key()
    self_made_path().chmod(mode)
    with pytest.raises(SigningError, match=rf"signing\.pem .*{mode:04o}.*chmod 600"):
        signing_key()
    self_made_path().chmod(0o600)
    assert signing_key() == self_made_key()
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(own_chain[0]))
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(own_chain[1]))
    own_chain[1].chmod(mode)
    with pytest.raises(SigningError, match=r"key\.pem .*chmod 600"):
        signing_key()
    own_chain[1].chmod(0o640)  # a group that was made for it may read it
    assert signing_key().algorithm == "es384"


def _certified(private: Any, days: int = 1) -> tuple[bytes, bytes]:
    """A certificate that a key gives itself, and the key, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "me")])
    begins = datetime.now(UTC) - timedelta(days=2)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(private.public_key()).serial_number(7)
    builder = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=2 + days))
    kind = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = private.private_bytes(*form, serialization.NoEncryption())
    return builder.sign(private, kind).public_bytes(serialization.Encoding.PEM), key


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ec.generate_private_key(ec.SECP521R1()), "es512"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
    ],
)
def test_each_kind_of_key_signs_by_its_algorithm(private: Any, algorithm: str) -> None:
    certificate, key = _certified(private)
    assert _algorithm(certificate, key) == algorithm
    signed = signature(SigningKey(certificate, key, algorithm), b"a hash")
    public = private.public_key()
    if algorithm.startswith("es"):  # r and s, each as long as the curve's numbers
        half = len(signed) // 2
        assert half == {"es256": 32, "es384": 48, "es512": 66}[algorithm]
        numbers = (int.from_bytes(part, "big") for part in (signed[:half], signed[half:]))
        digest = getattr(hashes, algorithm.replace("es", "SHA"))()
        public.verify(encode_dss_signature(*numbers), b"a hash", ec.ECDSA(digest))
    elif algorithm == "ps256":
        sha = hashes.SHA256()
        public.verify(signed, b"a hash", padding.PSS(padding.MGF1(sha), 32), sha)
    else:
        public.verify(signed, b"a hash")


def test_who_was_lent_a_signature_signs_and_knows_as_its_lender_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, known = signing_key(), lender(None)
    assert known.roots == key.chain[key.chain.index(b"-----BEGIN", 1) :] and known.own == b""
    assert known.serials == {str(x509.load_pem_x509_certificate(key.chain).serial_number)}
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setattr("zoo.provenance.credentials.signing_key._lent", [])
    asked: list[bytes] = []
    borrow(known, lambda data: asked.append(data) or signature(key, data))  # type: ignore[func-returns-value]
    (tmp_path / "a.jpg").write_bytes(sign_bytes(encoded(), Made(MARK)))
    found = verify(tmp_path / "a.jpg")
    assert asked and (found.status, found.by_this_user) == (Status.valid, True)
    assert not (tmp_path / "elsewhere").exists()
    chain, unknown = _certified(ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(SigningError, match="A key for es256k cannot sign for a cluster"):
        signature(SigningKey(chain, unknown, "es256k"), b"")


def test_a_key_of_another_kind_or_time_or_certificate_signs_nothing() -> None:
    with pytest.raises(ValueError, match="C2PA has no algorithm"):
        _algorithm(*_certified(ec.generate_private_key(ec.SECP256K1())))
    one, two = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    with pytest.raises(ValueError, match="has expired on 20"):
        _algorithm(*_certified(one, days=-1))
    with pytest.raises(ValueError, match="not that of the key"):
        _algorithm(_certified(one)[0], _certified(two)[1])
