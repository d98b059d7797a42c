"""HEIF: the photo format of phones (HEIC) and cameras (HIF).

libheif decodes it, through pillow-heif, which is imported only when such a file comes, so that
no other photo waits for it. It turns and mirrors the pixels as the container says (``irot``,
``imir``). The orientation in EXIF repeats that and must not be obeyed too (ISO/IEC 23008-12,
section 6.5.10); pillow-heif sets it to 1.
"""

FORMAT = "HEIF"
"""Pillow's name."""

SUFFIXES = frozenset((".heic", ".heif", ".hif"))

BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
"""Major brands of files that :func:`ready` lets Pillow open."""


def is_heif(encoded: bytes) -> bool:
    """Whether the file says that it is HEIF; AVIF, a sister of it, says otherwise."""
    return encoded[4:8] == b"ftyp" and encoded[8:12] in BRANDS


def ready() -> None:
    """Teaches Pillow to open HEIF; afterwards it reads the size without decoding a pixel."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
