"""Photos versioned by DVC in a remote in S3: the commands of docs/storage.md, with faults."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.faulty import Fault, FaultyProxy
from tests.object_store import BUCKET, objects, s3, store

__all__ = ["s3", "store"]


def dvc(folder: Path, *commands: str) -> None:
    """Runs commands of DVC one after another in one process, which imports it once."""
    code = (
        "import sys\n"
        "from dvc.cli import main\n"
        "sys.exit(max(main(command.split()) for command in sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *commands],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_photos_go_to_the_remote_and_come_back(s3: FaultyProxy, tmp_path: Path) -> None:
    photos = tmp_path / "identities" / "carol" / "photos"
    photos.mkdir(parents=True)
    contents = {f"{number}.jpg": bytes([number]) * 1000 for number in range(4)}
    for name, content in contents.items():
        (photos / name).write_bytes(content)
    s3.next(Fault(status=500), Fault(reset=True), method="PUT")
    dvc(
        tmp_path,
        "init --no-scm --quiet",
        f"remote add --default --quiet store s3://{BUCKET}/dvc",
        "add --quiet identities/carol/photos",
        "push --quiet",
    )
    assert not s3.faults
    stored = objects()
    assert sorted(stored.values()) == sorted(
        [*contents.values(), *(text for text in stored.values() if text.startswith(b"[{"))]
    )
    shutil.rmtree(photos)
    shutil.rmtree(tmp_path / ".dvc" / "cache")
    s3.next(Fault(status=503), Fault(keep=300), method="GET", path="/dvc/")
    dvc(tmp_path, "pull --quiet")
    assert {path.name: path.read_bytes() for path in photos.iterdir()} == contents
