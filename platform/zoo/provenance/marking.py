"""The mark that every output carries: machine-readable, and in plain words.

XMP with IPTC's ``DigitalSourceType`` is what platforms read to label synthetic media (EU AI
Act, Article 50). Standard library only: every swap waits for what this module imports.
"""

from dataclasses import dataclass

from zoo import __version__

DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)


@dataclass(frozen=True)
class Marking:
    """Which network made a picture, and on what basis its identity may be used."""

    identity: str
    version: str
    sha256: str
    basis: str

    @property
    def sentence(self) -> str:
        """For people who read the picture's properties."""
        return (
            f"Synthetic: faces in this picture were replaced by software with the identity "
            f"'{self.identity}' (network version {self.version}, sha256 {self.sha256}; "
            f"basis for using the face: {self.basis})."
        )


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
