"""The synthetic-media mark of every output: machine-readable and as a sentence.

XMP with IPTC's ``DigitalSourceType`` is what platforms read to label synthetic media (EU AI
Act, Article 50). Standard library only: every swap waits for what this module imports.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from zoo import __version__

DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)


@dataclass(frozen=True)
class Marking:
    """Which network made a picture, and on what basis its identity may be used.

    Attributes:
        identity: whose face it makes.
        version: of the network.
        sha256: of its file.
        basis: on which the face may be used.
        also: the same of further networks, whose faces are in the picture too.
    """

    identity: str
    version: str
    sha256: str
    basis: str
    also: "tuple[Marking, ...]" = ()

    @property
    def facts(self) -> dict[str, str]:
        """The facts of this network in a manifest."""
        return {
            "identity": self.identity,
            "version": self.version,
            "network_sha256": self.sha256,
            "basis": self.basis,
        }

    @property
    def sentence(self) -> str:
        """For people who read the picture's properties."""
        each = " and ".join(
            f"'{one.identity}' (network version {one.version}, sha256 {one.sha256}; "
            f"basis for using the face: {one.basis})"
            for one in (self, *self.also)
        )
        word = "identities" if self.also else "identity"
        return f"Synthetic: faces in this picture were replaced by software with the {word} {each}."


def together(marks: Sequence[Marking]) -> Marking:
    """One mark for a picture that several networks made; the order of ``marks`` is kept."""
    return replace(marks[0], also=tuple(marks[1:]))


def of_networks(marking: Marking, used: Collection[int]) -> Marking:
    """The mark of a picture that only some of the networks made.

    Args:
        marking: of all that might have.
        used: the numbers of those that did, at least one: 0 is ``marking``'s own, 1 the first of
            ``also``.
    """
    marks = (replace(marking, also=()), *marking.also)
    return together([marks[number] for number in sorted(set(used))])


def xmp(marking: Marking) -> str:
    """The XMP packet to write into a picture."""
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <xmp:CreatorTool>faceswap-zoo {__version__}</xmp:CreatorTool>
   <Iptc4xmpExt:DigitalSourceType>{DIGITAL_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>
   <dc:description><rdf:Alt>
    <rdf:li xml:lang="x-default">{_escaped(marking.sentence)}</rdf:li>
   </rdf:Alt></dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
