"""Inputs that mean no good, made anew: ``python -m tests.hostile FOLDER`` writes them.

Damaged files, files that claim what they do not hold, that are two things at once, or that have
names of their own kind. None crashes or hangs the decoders that this project uses: that such
inputs exist is why there are limits, and these are tested by harmless stand-ins
(``tests/photos/sandbox/test_decoder_processes.py``). The faults of decoders that the limits are
for, in words: a length that is trusted writes behind a buffer; a picture of few bytes decodes to
gigabytes, or for minutes; offsets that point back at themselves are followed for ever; a device
never ends.
"""

import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import OpenEXR
import pillow_heif
from PIL import Image as Pillow

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM", "HEIF")
_SUFFIX = {"JPEG": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}
_SCRIPT = b"<html><script>alert(1)</script></html>"


def corpus() -> dict[str, bytes]:
    """All of them, by file name."""
    found: dict[str, bytes] = {}
    for part in (_damaged, _claims, _doubles, _no_photos, _metadata, _modes, _videos):
        for name, content in part():
            assert name not in found, name
            found[name] = content
    return found


def odd_names() -> list[bytes]:
    """File names that file systems take and programs stumble over; of PNG photos."""
    return [
        b"-rf.png",
        b"--help.png",
        b"=HYPERLINK(1).png",
        b"@SUM(1).png",
        b"new\nline.png",
        b"\x1b[31mred\x1b[0m.png",
        b"\xff\xfe not text.png",
        "\u202egnp.exe.png".encode(),
        b" spaces . png .png",
        b"a" * 240 + b".png",
        b"[red]markup[-red].png",
        b"%s%n$(id)`id`;id.png",
    ]


def place(folder: Path) -> list[Path]:
    """Writes the corpus, with odd names and odd things, into ``folder``; returns their paths."""
    folder.mkdir(parents=True)
    for name, content in corpus().items():
        (folder / name).write_bytes(content)
    for odd in odd_names():
        with open(bytes(folder) + b"/" + odd, "wb") as file:  # noqa: PTH123
            file.write(_encoded("PNG"))
    (folder / "of-the-system.jpg").symlink_to("/etc/hostname")
    (folder / "endless.jpg").symlink_to("/dev/zero")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    (folder / "nowhere.jpg").symlink_to("/nowhere/at/all.jpg")
    os.mkfifo(folder / "fifo.jpg")
    (folder / "folder.jpg").mkdir()
    return sorted(folder.iterdir())


def _damaged() -> Iterator[tuple[str, bytes]]:
    """Cut, with changed bits, and with nothing behind the head: of each format."""
    for kind in (*_FORMATS, "EXR"):
        whole, suffix = _encoded(kind), _SUFFIX.get(kind, f".{kind.lower()}")
        yield f"cut{suffix}", whole[: len(whole) // 2]
        yield f"head{suffix}", whole[:24]
        yield f"hollow{suffix}", whole[:64] + bytes(len(whole) - 64)
        rng = np.random.default_rng(len(whole))
        flipped = bytearray(whole)
        for at in rng.integers(len(whole) // 4, len(whole), 8):
            flipped[at] ^= 1 << int(rng.integers(8))
        yield f"flipped{suffix}", bytes(flipped)


def _claims() -> Iterator[tuple[str, bytes]]:
    """Small files that say they are large."""
    for width, height in ((60_000, 60_000), (1, 2**31 - 1), (40_000, 1), (0, 0), (9_000, 9_000)):
        yield f"claims-{width}x{height}.png", png(width, height)
    yield "claims-16bit.png", png(9_000, 9_000, depth=16, colour=6)
    jpeg = bytearray(_encoded("JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    yield "claims.jpg", bytes(jpeg)
    gif = bytearray(_encoded("GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    yield "claims.gif", bytes(gif)
    bmp = bytearray(_encoded("BMP"))
    yield "claims.bmp", bytes(bmp[:18]) + struct.pack("<ii", 2**31 - 1, -(2**31)) + bytes(bmp[26:])
    tiff = struct.pack("<2sHIH", b"II", 42, 8, 3)
    for tag, value in ((256, 2**31), (257, 2**31), (273, 8)):
        tiff += struct.pack("<HHII", tag, 4, 1, value)
    yield "claims.tif", tiff + bytes(4)
    yield "claims.ppm", b"P6\n999999 999999\n255\n" + bytes(100)
    yield "no-number.ppm", b"P6\nmany 3\n255\n" + bytes(100)
    yield "black-is-white.pgm", b"P5\n8 8\n0\n" + bytes(64)
    yield "text.pgm", b"P2\n4 4\n255\n" + b"7 " * 9
    light = OpenEXR.File({}, {name: np.ones((4, 4), np.float32) for name in "RGB"})
    file = io.BytesIO()
    light.write(file)
    exr, at = file.getvalue(), file.getvalue().index(b"dataWindow\0box2i\0") + 21
    yield "claims.exr", exr[:at] + struct.pack("<4i", 0, 0, 10**6, 10**6) + exr[at + 16 :]
    yield "behind-itself.exr", exr[:at] + struct.pack("<4i", 5, 5, -5, -5) + exr[at + 16 :]
    heif = bytearray(_encoded("HEIF"))
    at = heif.index(b"ispe")
    heif[at + 8 : at + 16] = b"\x7f\xff\xff\xff" * 2
    yield "claims.heic", bytes(heif)
    large = io.BytesIO()
    Pillow.new("1", (1_000, 1_000)).save(large, "PNG")
    yield "black.png", large.getvalue()


def _doubles() -> Iterator[tuple[str, bytes]]:
    """Two things at once, or one by another's name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("../../outside.txt", b"x")
    yield "archive-behind.jpg", _encoded("JPEG") + archive.getvalue()
    yield "script-behind.png", _encoded("PNG") + _SCRIPT
    yield "script-before.png", _SCRIPT + _encoded("PNG")
    yield "script-inside.gif", _encoded("GIF", comment=b"*/=alert(1);/*")
    yield "two.jpg", _encoded("JPEG") * 2
    yield "pdf-behind.jpg", _encoded("JPEG") + b"%PDF-1.7\n"
    yield "a-png.jpg", _encoded("PNG")
    yield "a-heic.png", _encoded("HEIF")
    yield "a-gif.webp", _encoded("GIF")
    yield "a-photo.mp4", _encoded("JPEG")


def _no_photos() -> Iterator[tuple[str, bytes]]:
    yield "empty.jpg", b""
    yield "byte.png", b"\x89"
    yield "zeros.jpg", bytes(1000)
    yield "noise.jpg", np.random.default_rng(1).bytes(4000)
    yield "text.jpg", b"This is no photo.\n"
    yield "wide-text.jpg", "no photo".encode("utf-16")
    yield "drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    yield (
        "entities.png",
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg><text>&a;</text></svg>'),
    )
    yield "program.jpg", b"\x7fELF\x02\x01\x01" + bytes(100)
    yield "shell.jpg", b"#!/bin/sh\ntouch /tmp/outside\n"
    yield "object.jpg", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94."
    yield "jpeg-xl.jxl", b"\xff\x0a" + bytes(50)
    yield "postscript.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    yield "nested.jpg", b"[" * 5000
    yield "photoshop.jpg", b"8BPS\0\1" + bytes(60)


def _metadata() -> Iterator[tuple[str, bytes]]:
    yield "exif-noise.jpg", _encoded("JPEG", exif=b"Exif\0\0" + np.random.default_rng(2).bytes(500))
    circle = struct.pack("<2sHIHHHIIII", b"II", 42, 8, 1, 0x8769, 4, 1, 8, 8, 0)
    yield "exif-circle.jpg", _encoded("JPEG", exif=b"Exif\0\0" + circle)
    turned = Pillow.Exif()
    turned[0x0112] = 99
    yield "turned-99.jpg", _encoded("JPEG", exif=turned)
    yield "profile-noise.jpg", _encoded("JPEG", icc_profile=np.random.default_rng(3).bytes(900))
    head = bytearray(128)
    head[36:40] = b"acsp"
    profile = bytes(head) + struct.pack(">I4sII", 2**31, b"rTRC", 2**31, 2**31)
    yield "profile-claims.png", _encoded("PNG", icc_profile=profile)
    whole, text = _encoded("PNG"), zlib.compress(bytes(20_000_000), 9)
    chunk = png_chunk(b"zTXt", b"Comment\0\0" + text)
    yield "text-of-20-mb.png", whole[:33] + chunk + whole[33:]
    many = b"".join(png_chunk(b"tEXt", b"Comment\0%d" % number) for number in range(3000))
    yield "3000-texts.png", whole[:33] + many + whole[33:]
    jpeg = _encoded("JPEG")
    yield "500-segments.jpg", jpeg[:2] + b"\xff\xe5\x00\x06abcd" * 500 + jpeg[2:]
    yield "comment.jpg", jpeg[:2] + b"\xff\xfe\x00\x0a\x1b[2J\x00\x07\x08!" + jpeg[2:]
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 2000 + b"</a>" * 2000
    yield "nested-xmp.jpg", _encoded("JPEG", xmp=xmp)
    mpf = b"MPF\0MM\0*\0\0\0\x08\xff\xff" + bytes(40)
    segment = b"\xff\xe2" + struct.pack(">H", len(mpf) + 2) + mpf
    yield "many-pictures.jpg", jpeg[:2] + segment + jpeg[2:]
    c2pa = b"JP\0\1\0\0\0\1\xff\xff\xff\xffjumb" + bytes(60)
    segment = b"\xff\xeb" + struct.pack(">H", len(c2pa) + 2) + c2pa
    yield "manifest-claims.jpg", jpeg[:2] + segment + jpeg[2:]


def _modes() -> Iterator[tuple[str, bytes]]:
    picture = _picture()
    grey = picture.convert("L")
    yield "cmyk.jpg", _saved(picture.convert("CMYK"), "JPEG")
    yield "bits.tif", _saved(picture.convert("1"), "TIFF", compression="group4")
    yield "unseen.png", _saved(Pillow.new("RGBA", (64, 48)), "PNG")
    yield "palette.png", _saved(picture.convert("P"), "PNG", transparency=3)
    yield (
        "sixteen.png",
        _saved(Pillow.fromarray(np.arange(3072, dtype=np.uint16).reshape(48, 64)), "PNG"),
    )
    odd = np.full((48, 64), np.nan, np.float32)
    odd[::2] = np.inf
    yield "no-numbers.tif", _saved(Pillow.fromarray(odd), "TIFF")
    light = {name: odd.copy() for name in "RGB"}
    file = io.BytesIO()
    OpenEXR.File({}, light).write(file)
    yield "no-numbers.exr", file.getvalue()
    yield "dot.png", _saved(Pillow.new("RGB", (1, 1)), "PNG")
    yield "line.png", _saved(Pillow.new("RGB", (20_000, 1)), "PNG")
    yield "column.jpg", _saved(Pillow.new("RGB", (1, 20_000)), "JPEG")
    frames = [grey.point(lambda value, n=number: (value + n) % 256) for number in range(200)]
    yield "film.gif", _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield "film.webp", _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:20])
    yield "pages.tif", _saved(frames[0], "TIFF", save_all=True, append_images=frames[1:50])


def _videos() -> Iterator[tuple[str, bytes]]:
    yield "empty.mp4", b""
    yield "noise.mkv", np.random.default_rng(4).bytes(5000)
    yield "head.webm", b"\x1a\x45\xdf\xa3" + bytes(200)
    yield "head.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(100)
    yield "claims.avi", b"RIFF\xff\xff\xff\xffAVI LIST" + bytes(100)


def png(width: int, height: int, *, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of a few bytes that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0"))
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _picture() -> Pillow.Image:
    y, x = np.mgrid[:48, :64]
    return Pillow.fromarray(np.dstack([4 * x, 5 * y, 255 - 2 * (x + y)]).astype(np.uint8))


def _encoded(kind: str, **options: object) -> bytes:
    if kind == "EXR":
        values = np.asarray(_picture(), np.float32) / 255
        file = io.BytesIO()
        OpenEXR.File({}, {name: values[..., i].copy() for i, name in enumerate("RGB")}).write(file)
        return file.getvalue()
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    return _saved(_picture(), kind, **options)


def _saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


if __name__ == "__main__":
    for path in islice(place(Path(sys.argv[1])), None):
        print(path)
