"""A colour profile made by hand, for reading what no library here can write."""

import struct


def linear_srgb_profile() -> bytes:
    """sRGB's primaries with linear light: value v means the light v, so 0.5 shows as 188."""
    xyz = {
        b"rXYZ": (0.4360, 0.2225, 0.0139),
        b"gXYZ": (0.3851, 0.7169, 0.0971),
        b"bXYZ": (0.1431, 0.0606, 0.7141),
        b"wtpt": (0.9642, 1.0, 0.8249),
    }
    tags = {name: b"XYZ \0\0\0\0" + b"".join(map(_fixed, value)) for name, value in xyz.items()}
    linear = b"curv\0\0\0\0" + struct.pack(">I", 0)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), linear)
    text = b"linear\0"
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags[b"cprt"] = b"text\0\0\0\0none\0"
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += b"".join(map(_fixed, xyz[b"wtpt"])) + bytes(48)
    return head + table + body


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))
