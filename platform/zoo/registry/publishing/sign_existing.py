"""Signs versions that were registered before networks were signed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from zoo.errors import UnknownIdentityError, ZooError
from zoo.registry.local.pull import check_stored
from zoo.registry.promotion.lease import lease
from zoo.registry.publishing.signatures import SIGNATURE, is_signed, signature_of
from zoo.registry.versions import versions_of
from zoo.tracking import connect, plain_registry_errors


@dataclass
class Signed:
    """What came of it: ``ada:3``, and reasons for those that were left as they are."""

    signed: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def sign_versions(tracking_uri: str, names: Iterable[str]) -> Signed:
    """Signs all versions of these identities whose signature is missing or does not hold.

    Each file is fetched and held against its tags first; by signing, this user vouches for it.

    Raises:
        UnknownIdentityError: one of the names has no version.
        RegistryError: the registry cannot be reached or refuses.
        SigningError, StorageError: there is no usable key.
    """
    client = connect(tracking_uri)
    found = Signed()
    for name in names:
        with plain_registry_errors(tracking_uri):
            versions = versions_of(client, name)
        if not versions:
            raise UnknownIdentityError(f"The registry has no network of '{name}' to sign.")
        for version in versions:
            label = f"{name}:{version.version}"
            if is_signed(name, version.tags):
                found.already.append(label)
                continue
            try:
                with plain_registry_errors(tracking_uri):
                    check_stored(client, version)
            except ZooError as error:
                found.refused[label] = str(error)
                continue
            signature = signature_of(name, version.tags)
            with plain_registry_errors(tracking_uri), lease(client, name):
                client.set_model_version_tag(name, str(version.version), SIGNATURE, signature)
            found.signed.append(label)
    return found
