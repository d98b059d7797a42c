"""Decodes untrusted photos in separate processes with limits of memory and time.

Decoders are third-party C code. If a photo crashes one, or exhausts its memory or time, only that
process ends, and the caller receives an error message. The processes are reused, because starting
one takes as long as decoding ten photos, and replaced after a number of photos, so that data left
in memory does not stay.

A process is limited in memory (``RLIMIT_AS``) and processor time (``RLIMIT_CPU``), can write no
file, and receives only Python's module path from its parent's environment. It is not a sandbox: it
runs as the same user and may read that user's files.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from zoo.errors import PhotoError
from zoo.photos.limits import BYTES_PER_PIXEL
from zoo.photos.reading import Photo
from zoo.photos.sandbox import message_protocol

MAX_BYTES = 2 * 2**30
"""Of a process's address space."""

SECONDS = 10
"""Of processor time that one photo may take."""

_PROGRAM = ("-m", "zoo.photos.sandbox.decoder")
_SECONDS_TO_WAIT = 60.0  # for these, on a busy machine
_SECONDS_TO_DIE = 1.0
_PHOTOS = 1000  # that a process decodes before a new one takes its place
_PIPE = 2**20  # bytes; a photo goes through in fewer turns
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Decoders:
    """As many processes as photos are to be decoded at once; safe to use from threads.

    Called as :func:`zoo.photos.reading.decode_photo` is, it does the same.
    """

    def __init__(self, count: int, *, max_bytes: int = MAX_BYTES, seconds: int = SECONDS) -> None:
        self._limits = (max_bytes, seconds)
        self._idle: queue.LifoQueue[_Decoder] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(_Decoder(*self._limits))

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes that are idle."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().end()

    def __call__(
        self, encoded: bytes, path: Path, *, max_pixels: int, whole: bool = False
    ) -> Photo:
        """The photo in ``encoded``.

        Raises:
            PhotoError: as ``decode_photo``, or its decoding took too much time or memory, or
                ended its process.
        """
        decoder = self._idle.get()
        try:
            answer = decoder.ask(encoded, path, max_pixels, whole)
        finally:
            if decoder.asked >= _PHOTOS or not decoder.lives:
                decoder.end()
                decoder = _Decoder(*self._limits)
            self._idle.put(decoder)
        if isinstance(answer, PhotoError):
            raise answer
        return answer


class _Decoder:
    """One process."""

    def __init__(self, max_bytes: int, seconds: int) -> None:
        self._seconds = seconds
        self.asked = 0
        self.lives = True
        self._process = subprocess.Popen(
            [sys.executable, *_PROGRAM, json.dumps({"bytes": max_bytes, "seconds": seconds})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
            cwd="/",
        )
        _widen(self._process)

    def ask(self, encoded: bytes, path: Path, max_pixels: int, whole: bool) -> Photo | PhotoError:
        """The process's response, or an error message if it sends none."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        self.asked += 1
        late = threading.Event()

        def too_late() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(_SECONDS_TO_WAIT, too_late)
        timer.daemon = True
        timer.start()
        try:
            asked = {"name": str(path), "max_pixels": max_pixels, "whole": whole}
            message_protocol.send_question(process.stdin, asked, encoded)
            # The picture, its transparency, and as much again as it may have decoded, with curves.
            most = max_pixels * (4 + 2 * BYTES_PER_PIXEL) + 10_000_000
            return message_protocol.receive(process.stdout, path, most)
        except (message_protocol.WireError, OSError):
            self.lives = False
            try:
                code = process.wait(_SECONDS_TO_DIE)
            except subprocess.TimeoutExpired:  # it says what it should not
                code = 0
            code = -signal.SIGXCPU if late.is_set() else code
            return PhotoError(self._epitaph(path, code))
        finally:
            timer.cancel()

    def end(self) -> None:
        """Ends it, whatever it does."""
        process = self._process
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _epitaph(self, path: Path, code: int) -> str:
        again = "save it again as JPEG or PNG."
        if code == -signal.SIGXCPU:
            return f"{path} took more than {self._seconds} s to decode; {again}"
        if code == -signal.SIGKILL:  # by the system, which has no more
            return f"{path} needs more memory than is available; make it smaller first."
        return f"{path} crashed its decoder, as a damaged photo can; {again}"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    modules = os.pathsep.join(os.path.abspath(place) for place in sys.path)  # noqa: PTH100
    return {**kept, **_ONE_THREAD, "PYTHONPATH": modules, "PYTHONDONTWRITEBYTECODE": "1"}


def _widen(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ImportError, AttributeError, OSError):  # Linux alone has it, up to a limit
        from fcntl import F_SETPIPE_SZ, fcntl

        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            fcntl(pipe.fileno(), F_SETPIPE_SZ, _PIPE)
