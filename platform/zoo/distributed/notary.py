"""Signatures for a cluster's workers, by the key on the driver's machine.

The key does not travel: the notary reads it where the driver does, and takes what is to be signed.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

from zoo.cluster.tasks import beside_driver
from zoo.errors import SigningError
from zoo.provenance.credentials.lending import Lender, borrow, lender, signature
from zoo.provenance.credentials.signing_key import CHAIN_VARIABLE, KEY_VARIABLE, signing_key
from zoo.provenance.credentials.verifying import TRUST_VARIABLE

_READ = (CHAIN_VARIABLE, KEY_VARIABLE, TRUST_VARIABLE, "ZOO_DATA", "XDG_DATA_HOME", "HOME")


class Notary:
    """An actor on the driver's machine.

    Args:
        environment: what says there where the key is.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        for name in _READ:
            os.environ.pop(name, None)
        os.environ.update(environment)

    def lender(self) -> Lender:
        """What may be known of the key everywhere."""
        return lender(os.environ.get(TRUST_VARIABLE))

    def sign(self, data: bytes) -> bytes:
        """Its signature."""
        return signature(signing_key(), data)


def open_notary(ray: Any) -> tuple[Any, Lender]:
    """A notary, and what may be known of its key.

    Raises:
        SigningError: there is no usable key, or the driver's is not on a machine of the cluster.
    """
    here = {name: os.environ[name] for name in _READ if name in os.environ}
    own = lender(os.environ.get(TRUST_VARIABLE))
    notary = ray.remote(Notary).options(**beside_driver(ray)).remote(here)
    try:
        found: Lender = ray.get(notary.lender.remote())
    except ray.exceptions.RayError as error:
        raise SigningError(
            "The key that signs cannot be reached from the cluster; start the swap on one of its "
            "machines, for example its head."
        ) from error
    if found.chain != own.chain:
        raise SigningError(
            "The key that signs is not on a machine of the cluster, and it does not travel; start "
            "the swap on one of its machines, for example its head."
        )
    return notary, own


def sign_through(notary: Any, known: Lender) -> None:
    """Has this process sign by the notary."""
    borrow(known, _asking(notary))


def _asking(notary: Any) -> Callable[[bytes], bytes]:
    import ray

    return lambda data: bytes(ray.get(notary.sign.remote(data)))
