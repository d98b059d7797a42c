"""What of an input's own manifests may travel on with its swap.

The chain of what was done does: actions, hashes, ingredients, and which networks were used.
Everything else is redacted as C2PA provides for: places, owners, serial numbers, and thumbnails,
which would still show the face that was there. What was signed as a part of a claim itself, such
as a title, stays.

Source: C2PA Technical Specification 2.2, Redaction of Assertions.
"""

import json
from typing import BinaryIO

from zoo.provenance.credentials.manifest import SWAP

_KEPT = ("c2pa.actions", "c2pa.hash.", "c2pa.ingredient", SWAP)
_READING = {
    "core": {"allowed_network_hosts": []},
    "verify": {"verify_after_reading": False, "remote_manifest_fetch": False},
}


def private_assertions(source: BinaryIO, kind: str) -> list[str]:
    """JUMBF addresses of what is to be redacted of the manifests in ``source``, of type ``kind``.

    Raises:
        c2pa.C2paError: its manifests are damaged.
    """
    import c2pa

    source.seek(0)
    try:
        with (
            c2pa.Context.from_dict(_READING) as context,
            c2pa.Reader(kind, source, None, context) as reader,
        ):
            manifests = json.loads(reader.detailed_json()).get("manifests")
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return []
    if not manifests:  # c2pa gives the reason in their place
        raise c2pa.C2paError("the manifests of the input are damaged")
    return [
        f"self#jumbf=/c2pa/{label}/c2pa.assertions/{assertion}"
        for label, manifest in manifests.items()
        for assertion in manifest["assertion_store"]
        if not assertion.startswith(_KEPT)
    ]
