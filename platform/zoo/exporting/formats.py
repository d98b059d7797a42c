"""The files that a network is exported as, and what each says of itself.

The terms travel in the file, since it leaves the program that keeps its record. Nothing heavy is
imported: every help names the formats.
"""

from dataclasses import dataclass
from enum import StrEnum

from zoo import __version__
from zoo.provenance.identities.basis import Basis


class Format(StrEnum):
    """What for; also the file's suffix."""

    dfm = "dfm"
    """DeepFaceLive and facefusion: from the host's crop to a swapped crop with masks."""
    onnx = "onnx"
    """As it is: from an aligned face to an aligned face."""
    safetensors = "safetensors"
    """The weights alone."""


_LICENCES = {
    Basis.consent: "for the purposes and by the people that {name} has consented to",
    Basis.licence: "within the licence for {name}'s face that its record names",
    Basis.research: "for research",
    Basis.synthetic: "by anyone; {name} is a synthetic person",
}

NOTICE = (
    "Programs that run this file neither sign nor label their output: state yourself, wherever "
    "it is shown, that it is synthetic."
)


@dataclass(frozen=True)
class Terms:
    """Which network it is, and on what basis its face may be used."""

    identity: str
    version: int
    sha256: str
    basis: Basis

    @property
    def licence(self) -> str:
        """The permitted use, in words."""
        use = _LICENCES[self.basis].format(name=self.identity)
        return (
            f"May be used {use} (basis: {self.basis}). Passing the file on grants no further "
            "rights to the face. The code that made it is MIT (faceswap-zoo)."
        )

    def metadata(self) -> dict[str, str]:
        """The metadata of the file."""
        return {
            "identity": self.identity,
            "version": str(self.version),
            "basis": self.basis.value,
            "licence": self.licence,
            "network_sha256": self.sha256,
            "exported_by": f"faceswap-zoo {__version__}",
            "notice": NOTICE,
        }
