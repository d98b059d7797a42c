"""Media type of a file from its first bytes; names and servers may be wrong."""

HEAD = 32
"""Bytes that :func:`media_type` looks at."""

UNKNOWN = "application/octet-stream"
CARRIERS = frozenset(
    ("image/jpeg", "image/png", "image/webp", "image/tiff", "image/avif", "video/mp4",
     "video/quicktime")
)  # fmt: skip
"""Formats into which a manifest is written; all others get a sidecar."""

_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"qt  ": "video/quicktime",
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
        "image/heic",
    ),
}


def media_type(head: bytes) -> str:
    """The media type of a file that begins with ``head``, or :data:`UNKNOWN`."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "image/tiff"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "image/jxl"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return UNKNOWN
