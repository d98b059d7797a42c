"""The decoder process of :mod:`.apart`: ``python -m zoo.photos.decoder``.

It reads requests from standard input and writes responses to standard output (:mod:`.wire`), and
ends at the end of input. Its limits are set before it reads a byte.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from zoo.errors import PhotoError
from zoo.photos import wire
from zoo.photos.reading import Photo, decode_photo


def main() -> None:
    """Answers requests until standard input ends."""
    limits = json.loads(sys.argv[1])
    questions = os.fdopen(os.dup(0), "rb", 0)
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what libraries print is no answer
        os.dup2(nothing, standard)
    _confine(limits["bytes"])
    while question := wire.receive_question(questions):
        _allow(limits["seconds"])
        wire.send(answers, _answer(*question))


def _answer(asked: dict[str, Any], encoded: bytes) -> Photo | PhotoError:
    try:
        return decode_photo(
            encoded, Path(asked["name"]), max_pixels=asked["max_pixels"], whole=asked["whole"]
        )
    except PhotoError as error:
        return error


def _confine(most_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the photo
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write


def _allow(seconds: int) -> None:
    """Limits its processor time from now on; the system ends it afterwards."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


if __name__ == "__main__":
    main()
