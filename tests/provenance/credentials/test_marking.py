"""The mark: well-formed XMP that says the picture is synthetic, to machines and in words."""

import subprocess
import sys
from xml.etree import ElementTree

from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking, xmp

NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "iptc": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}


def test_machines_read_that_it_is_synthetic() -> None:
    packet = xmp(Marking("ada", "3", "ab" * 32, "synthetic"))
    assert packet.startswith("<?xpacket begin=")
    tree = ElementTree.fromstring(packet)
    kind = tree.find(".//iptc:DigitalSourceType", NAMES)
    assert kind is not None
    assert kind.text == DIGITAL_SOURCE_TYPE
    assert DIGITAL_SOURCE_TYPE.endswith("/compositeWithTrainedAlgorithmicMedia")


def test_people_read_whose_face_it_is_and_on_what_basis() -> None:
    words = ElementTree.fromstring(xmp(Marking("ada", "3", "ab" * 32, "consent"))).find(
        ".//dc:description/rdf:Alt/rdf:li", NAMES
    )
    assert words is not None
    for part in ("Synthetic", "'ada'", "version 3", "ab" * 32, "consent"):
        assert part in str(words.text)


def test_what_comes_from_the_registry_cannot_break_out() -> None:
    packet = xmp(Marking("ada", "1", "0", "</rdf:li> & <script>"))
    text = "".join(ElementTree.fromstring(packet).itertext())
    assert "</rdf:li> & <script>" in text


def test_marking_needs_the_standard_library_only() -> None:
    code = (
        "import sys, zoo.provenance.credentials.marking, zoo.provenance.identities.names;"
        "print([m for m in ('pydantic', 'yaml', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
