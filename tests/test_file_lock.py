import subprocess
import sys
from pathlib import Path

import pytest

from zoo.file_lock import LockedError, file_lock, is_locked


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_one_process_holds_a_lock_and_a_killed_one_leaves_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    if kind == "folder":
        path.mkdir()
    assert not is_locked(path)
    code = (
        "import sys; from pathlib import Path; from zoo.file_lock import file_lock\n"
        "with file_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        assert is_locked(path)
        with pytest.raises(LockedError, match="lock is locked"), file_lock(path, wait=False):
            pass
        other.kill()
    with file_lock(path):
        assert is_locked(path)
    assert not is_locked(path)
