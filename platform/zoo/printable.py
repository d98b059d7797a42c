"""Escapes untrusted text for display: file names, evidence, tags, reasons.

A name may contain terminal control sequences (clear the screen, set the title), a line feed that
imitates another line, characters that reverse the order of letters, or bytes that are not text.
"""

import re

# C0, DEL and C1 controls; lines' and paragraphs' ends; overriding of direction; bytes of no text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_INVISIBLE = re.compile(r"[\s\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
                        r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
                        r"\U000e0000-\U000e0fff]")  # fmt: skip


def printable(text: str, keep: str = "") -> str:
    r"""``text`` with terminal control characters escaped, as in ``\x1b``.

    Args:
        text: any.
        keep: characters that stay, such as a line feed between lines of ours.
    """
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else spelled(found[0]), text)


def visible(text: str) -> str:
    """What of ``text`` can be seen: without spaces, marks of direction, joiners and controls."""
    return _INVISIBLE.sub("", _UNSAFE.sub("", text))


def spelled(letter: str) -> str:
    r"""One character as Python would write it; a byte of a name that is no text as ``\xff``."""
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
