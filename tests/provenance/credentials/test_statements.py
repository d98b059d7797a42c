"""Statements hold for what they say, from who signed them, while the certificates do."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from zoo.provenance.credentials import statements
from zoo.provenance.credentials.self_made_certificate import SELF_MADE
from zoo.provenance.credentials.signing_key import known_roots
from zoo.provenance.credentials.statements import StatementError, check_statement, sign_statement

FACTS = {"name": "ada", "sha256": "ab" * 32}


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "data"))


def at(monkeypatch: pytest.MonkeyPatch, when: datetime) -> None:
    monkeypatch.setattr(statements, "datetime", SimpleNamespace(now=lambda zone: when))


def test_a_statement_holds_for_its_purpose_and_facts_alone() -> None:
    signed = sign_statement("network", FACTS)
    signer = check_statement("network", dict(reversed(FACTS.items())), signed)
    assert (signer.name, len(signer.key), len(signer.chain)) == (SELF_MADE, 64, 2)
    assert signer.is_of(known_roots(None)) and not signer.is_of(b"")
    for purpose, facts in (
        ("export", FACTS),
        ("network", FACTS | {"name": "eve"}),
        ("network", {}),
    ):
        with pytest.raises(StatementError, match="not one of what it says"):
            check_statement(purpose, facts, signed)


def test_outside_their_time_certificates_vouch_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = sign_statement("network", FACTS)
    signer = check_statement("network", FACTS, signed)
    leaf, root = signer.chain
    day = timedelta(days=1)
    for when in (leaf.not_valid_after_utc + day, leaf.not_valid_before_utc - day):
        at(monkeypatch, when)
        with pytest.raises(StatementError, match="cannot be read"):
            check_statement("network", FACTS, signed)
        assert not statements._issued(leaf, root)
    at(monkeypatch, datetime.now(UTC))
    assert statements._issued(leaf, root) and not statements._issued(root, leaf)
    assert check_statement("network", FACTS, signed) == signer


def test_another_users_root_vouches_for_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = check_statement("network", FACTS, sign_statement("network", FACTS))
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "other"))
    other = check_statement("network", FACTS, sign_statement("network", FACTS))
    assert other.key != signer.key and other.is_of(known_roots(None))
    assert not signer.is_of(known_roots(None))
    swapped = statements.Signer(other.key, other.name, (other.chain[0], signer.chain[1]))
    roots = b"".join(one.public_bytes(Encoding.PEM) for one in signer.chain[1:])
    assert signer.is_of(roots) and not swapped.is_of(roots)


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "es384"},
        {"algorithm": "ed25519"},
        {"algorithm": "none"},
        {"chain": []},
        {"chain": "text"},
        {"chain": ["AAAA"]},
        {"signature": "%%%"},
        {"signature": None},
    ],
)
def test_what_is_no_signature_is_refused(change: dict[str, object]) -> None:
    said = json.loads(sign_statement("network", FACTS)) | change
    with pytest.raises(StatementError):
        check_statement("network", FACTS, json.dumps(said))
    for text in ("", "[]", "[" * 50_000, "x" * 20_001):
        with pytest.raises(StatementError, match="cannot be read"):
            check_statement("network", FACTS, text)


def test_a_certificate_whose_names_are_no_text_is_refused() -> None:
    """The fuzzer's: names are read when they are asked for, long after the certificate was."""
    said = json.loads(sign_statement("network", FACTS))
    leaf = bytearray(base64.b64decode(said["chain"][0]))
    leaf[leaf.rindex(SELF_MADE.encode())] = 0xA5  # within UTF-8 it begins nothing
    said["chain"][0] = base64.b64encode(leaf).decode()
    with pytest.raises(StatementError, match="cannot be read"):
        check_statement("network", FACTS, json.dumps(said))
