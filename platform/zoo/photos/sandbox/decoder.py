"""The process that decodes photos: ``python -m zoo.photos.sandbox.decoder``.

:mod:`.decoder_processes` starts it. It reads questions from standard input, answers on standard
output (:mod:`.message_protocol`), and ends when there are no more. Its limits are set before it
reads a byte.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from zoo.errors import PhotoError
from zoo.photos.reading import Photo, decode_photo
from zoo.photos.sandbox import message_protocol


def main() -> None:
    """Answers requests until standard input ends."""
    limits = json.loads(sys.argv[1])
    questions = os.fdopen(os.dup(0), "rb", 0)
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what libraries print is no answer
        os.dup2(nothing, standard)
    _confine(limits["bytes"])
    while question := message_protocol.receive_question(questions):
        _allow(limits["seconds"])
        message_protocol.send(answers, _answer(*question))


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
