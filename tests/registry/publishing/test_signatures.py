"""Who vouches for a network: signed when registered, checked when pulled."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.networks_on_disk import write_network
from tests.registry.conftest import Trained
from zoo.errors import RegistryError, UnknownIdentityError
from zoo.provenance.credentials.signing_key import known_roots
from zoo.provenance.credentials.statements import (
    StatementError,
    check_statement,
    sign_statement,
)
from zoo.registry.local import cache
from zoo.registry.local.network_resolution import find_network
from zoo.registry.local.pull import pull
from zoo.registry.publishing.sign_existing import sign_versions
from zoo.registry.publishing.signatures import SIGNATURE, signers_path
from zoo.registry.references import Reference, parse_reference
from zoo.storage import sha256_of
from zoo.tracking import connect

Make = Callable[..., Trained]
User = Callable[[str], str]
ADA = Reference("ada")


def own_key() -> str:
    facts = {"of": "nobody"}
    return check_statement("test", facts, sign_statement("test", facts)).key


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """Becomes another user, who has a key, and a cache, of their own; gives the key."""

    def become(name: str) -> str:
        monkeypatch.setenv("ZOO_DATA", str(tmp_path / name / "data"))
        monkeypatch.setenv("ZOO_CACHE", str(tmp_path / name / "cache"))
        return own_key()

    return become


def test_a_network_is_signed_when_it_is_registered_and_known_when_it_is_pulled(
    trained: Make, uri: str
) -> None:
    trained().publish(uri)
    found = find_network(ADA, uri)
    assert found.signer == own_key()
    assert not signers_path().exists()  # one's own key needs no remembering
    again = cache.resolve(ADA, uri)
    assert again is not None and again.signer == own_key()


def test_registering_again_keeps_a_signature_and_adds_one_that_is_missing(
    trained: Make, sqlite_uri: str
) -> None:
    trained().publish(sqlite_uri)
    client = connect(sqlite_uri)
    first = client.get_model_version("ada", "1").tags[SIGNATURE]
    trained().publish(sqlite_uri)
    assert client.get_model_version("ada", "1").tags[SIGNATURE] == first
    client.delete_model_version_tag("ada", "1", SIGNATURE)
    trained().publish(sqlite_uri)
    assert pull(ADA, sqlite_uri).signer == own_key()


def test_a_network_that_is_replaced_in_the_registry_with_its_tags_is_refused(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    (stored,) = (tmp_path / "project" / "mlartifacts").rglob("model.onnx")
    write_network(stored, 0.25, identity="ada")
    connect(sqlite_uri).set_model_version_tag("ada", "1", "sha256", sha256_of(stored))
    with pytest.raises(RegistryError, match="ada version 1 is not pulled: its signature is not"):
        pull(ADA, sqlite_uri)
    with pytest.raises(RegistryError, match="after it was signed"):
        pull(ADA, sqlite_uri, allow_unsigned=True)
    assert cache.list_cached() == []


def test_the_signature_of_one_identity_is_none_of_another(trained: Make, sqlite_uri: str) -> None:
    trained().publish(sqlite_uri)
    trained("bruno").publish(sqlite_uri)
    client = connect(sqlite_uri)
    tags = client.get_model_version("bruno", "1").tags
    for key in ("sha256", "receipt", SIGNATURE):
        client.set_model_version_tag("ada", "1", key, tags[key])
    with pytest.raises(RegistryError, match="changed in the registry"):
        pull(ADA, sqlite_uri)


def test_a_stranger_is_remembered_and_another_one_later_refused(
    trained: Make, sqlite_uri: str, user: User
) -> None:
    alice = user("alice")
    trained().publish(sqlite_uri)
    user("carol")
    said: list[str] = []
    assert pull(ADA, sqlite_uri, tell=said.append).signer == alice
    assert pull(ADA, sqlite_uri, tell=said.append).signer == alice
    (line,) = said
    assert f"signed by the key {alice[:16]}" in line and "for the first time" in line
    mallory = user("mallory")
    trained(factor=0.5).publish(sqlite_uri)
    trained("bruno").publish(sqlite_uri)
    user("carol")
    words = f"the key {mallory[:16]}.* another key .{alice[:16]}.*ask whoever registers ada"
    with pytest.raises(RegistryError, match=words):
        pull(parse_reference("ada@candidate"), sqlite_uri)
    assert pull(parse_reference("ada:1"), sqlite_uri).version == 1
    assert pull(Reference("bruno"), sqlite_uri).signer == mallory
    assert all(len(entry) == 64 for entry in json.loads(signers_path().read_text()))  # no names


def test_with_zoo_trust_only_its_roots_and_oneself_are_trusted(
    trained: Make, sqlite_uri: str, user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = user("alice")
    (tmp_path / "alice.pem").write_bytes(known_roots(None))
    trained().publish(sqlite_uri)
    user("bob")
    trained("bruno").publish(sqlite_uri)
    user("carol")
    monkeypatch.setenv("ZOO_TRUST", str(tmp_path / "alice.pem"))
    assert pull(ADA, sqlite_uri).signer == alice
    with pytest.raises(RegistryError, match=r"who is not in .*alice\.pem \(ZOO_TRUST\)"):
        pull(Reference("bruno"), sqlite_uri)
    assert not signers_path().exists()
    trained("carl").publish(sqlite_uri)
    assert pull(Reference("carl"), sqlite_uri).signer == own_key()


def test_a_network_from_before_signing_is_refused_taken_when_allowed_and_signed_later(
    trained: Make, sqlite_uri: str
) -> None:
    trained().publish(sqlite_uri)
    client = connect(sqlite_uri)
    client.delete_model_version_tag("ada", "1", SIGNATURE)
    with pytest.raises(RegistryError, match=r"not signed.*zoo registry sign ada.*--allow-unsigned"):
        find_network(ADA, sqlite_uri)
    assert pull(ADA, sqlite_uri, allow_unsigned=True).signer == ""
    assert find_network(ADA, sqlite_uri).signer == ""  # it is in the cache, and says so
    with pytest.raises(RegistryError, match="not signed"):
        pull(ADA, sqlite_uri)
    done = sign_versions(sqlite_uri, ["ada"])
    assert (done.signed, done.already, done.refused) == (["ada:1"], [], {})
    assert sign_versions(sqlite_uri, ["ada"]).already == ["ada:1"]
    assert pull(ADA, sqlite_uri).signer == own_key()
    assert find_network(ADA, sqlite_uri).signer == own_key()
    with pytest.raises(UnknownIdentityError):
        sign_versions(sqlite_uri, ["adda"])


def test_what_is_not_the_network_of_its_tags_is_not_signed(
    trained: Make, sqlite_uri: str, tmp_path: Path
) -> None:
    trained().publish(sqlite_uri)
    client = connect(sqlite_uri)
    client.delete_model_version_tag("ada", "1", SIGNATURE)
    (stored,) = (tmp_path / "project" / "mlartifacts").rglob("model.onnx")
    write_network(stored, 0.25, identity="bruno")
    client.set_model_version_tag("ada", "1", "sha256", sha256_of(stored))
    done = sign_versions(sqlite_uri, ["ada"])
    assert done.signed == []
    assert "of 'bruno', not of 'ada'" in done.refused["ada:1"]
    assert SIGNATURE not in client.get_model_version("ada", "1").tags


@pytest.mark.parametrize(
    "signature",
    [
        "", "{", "[]", "[" * 30_000, '{"chain": [], "signature": "", "algorithm": "es256"}',
        '{"chain": ["AAAA"], "signature": "AAAA", "algorithm": "es256"}', '{"chain": 3}',
    ],
)  # fmt: skip
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(StatementError, match="cannot be read"):
        check_statement("network", {"a": "b"}, signature)


def test_a_chain_with_somebody_elses_root_in_it_leads_nowhere(user: User) -> None:
    user("mallory")
    forged = json.loads(sign_statement("network", {"a": "b"}))
    user("alice")
    roots = known_roots(None)
    alices = json.loads(sign_statement("network", {"a": "b"}))["chain"]
    for chain in ([forged["chain"][0], alices[1]], [forged["chain"][0], *alices]):
        said = json.dumps({**forged, "chain": chain})
        assert not check_statement("network", {"a": "b"}, said).is_of(roots)
    with pytest.raises(StatementError):
        check_statement("network", {"a": "b"}, json.dumps({**forged, "chain": alices}))


def test_a_statement_of_another_purpose_or_algorithm_does_not_hold() -> None:
    facts = {"identity": "ada", "sha256": "0" * 64}
    signature = sign_statement("network", facts)
    assert check_statement("network", facts, signature).is_of(known_roots(None))
    assert not check_statement("network", facts, signature).is_of(b"")
    for purpose, said in (("photo", facts), ("network", {**facts, "identity": "bruno"})):
        with pytest.raises(StatementError, match="not one of what it says"):
            check_statement(purpose, said, signature)
    for algorithm in ("ed25519", "ps256", "none"):
        with pytest.raises(StatementError):
            check_statement("network", facts, signature.replace("es256", algorithm))


@pytest.mark.parametrize("kind", ["rsa:2048", "ed25519", "ec"])
def test_ones_own_certificate_signs_networks_and_a_leaf_is_no_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    new = ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"] if kind == "ec" else [kind]
    names = (tmp_path / "chain.pem", tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", *new, "-nodes", "-days", "30", "-subj",
               "/O=Studio/CN=s", "-addext", "basicConstraints=critical,CA:false",
               "-out", str(names[0]), "-keyout", str(names[1])]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    names[1].chmod(0o600)
    other = sign_statement("network", {"a": "b"})
    monkeypatch.setenv("ZOO_SIGNING_CHAIN", str(names[0]))
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(names[1]))
    signer = check_statement("network", {"a": "b"}, sign_statement("network", {"a": "b"}))
    assert (signer.name, signer.key) == ("Studio", own_key())
    assert signer.is_of(names[0].read_bytes())
    assert not check_statement("network", {"a": "b"}, other).is_of(names[0].read_bytes())
