import io

import pytest

from zoo.provenance.credentials.marking import Marking, together
from zoo.provenance.credentials.media_types import media_type
from zoo.provenance.credentials.signing import _Nowhere


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"RIFF....WEBP", "image/webp"),
        (b"RIFF....AVI ", "application/octet-stream"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x1cftypavis", "image/avif"),
        (b"\0\0\0\x1cftypqt  ", "video/quicktime"),
        (b"\0\0\0\x1cftypheic", "image/heic"),
        *(
            (b"\0\0\0\x1cftyp" + brand, "image/heic")
            for brand in b"mif1 msf1 heix heim heis hevc hevx hevm hevs".split()
        ),
        (b"\xff\x0a\0", "image/jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0", "image/jxl"),
        (b"\0\0\0\x1cftypisom", "video/mp4"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_file_is_known_by_how_it_begins(head: bytes, kind: str) -> None:
    assert media_type(head) == kind


def test_several_networks_make_one_mark_in_their_order() -> None:
    ada, bruno, cleo = (
        Marking(name, str(number), str(number) * 64, "synthetic")
        for number, name in enumerate(("ada", "bruno", "cleo"))
    )
    mark = together([ada, bruno, cleo])
    assert (mark.identity, mark.version, mark.also) == ("ada", "0", (bruno, cleo))
    assert together([bruno]) == bruno


def test_what_is_written_to_nowhere_is_counted_as_a_file_would() -> None:
    file, like = _Nowhere(), io.BytesIO()
    for each in (file, like):
        assert each.write(b"12345678") == 8
        assert each.seek(-3, 2) == each.tell() == 5
        assert each.write(b"abcdef") == 6
        assert each.seek(2, 0) == 2 and each.seek(3, 1) == 5
        assert each.seek(0, 2) == 11
        each.seek(4)
        assert each.truncate() == 4
        assert each.seek(0, 2) == 4
        assert each.writable() and each.seekable()
