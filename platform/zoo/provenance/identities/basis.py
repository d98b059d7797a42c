"""The basis for using a face; standard library only, because every swap checks it."""

from enum import StrEnum

from zoo.errors import BasisError


class Basis(StrEnum):
    """Why a face may be used. Consent and licence name their evidence."""

    consent = "consent"
    licence = "licence"
    research = "research"
    synthetic = "synthetic"


NEEDS_EVIDENCE = frozenset({Basis.consent, Basis.licence})


def check_basis(basis: object, network: str) -> Basis:
    """``basis`` as one, when it is.

    Args:
        basis: what a record, a tag or a card says.
        network: whose, for the sentence: ``"ada version 3"``.

    Raises:
        BasisError: it is none, so the face is not used.
    """
    if isinstance(basis, str) and basis in set(Basis):
        return Basis(basis)
    raise BasisError(
        f"{network} has no recorded basis for using the face, so it is not used; record the "
        "basis in the project's identity.yaml and register it again with `dvc repro register`."
    )
