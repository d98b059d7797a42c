"""``zoo swap --watch`` and ``--open``."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.cli.conftest import Zoo
from tests.cli.swapping.test_swap import cached, face_models
from zoo.registry.local.cache import CachedNetwork

__all__ = ["cached", "face_models"]

Days = Callable[..., None]


@pytest.fixture
def happening(monkeypatch: pytest.MonkeyPatch) -> Days:
    """What happens while the folder is watched, one after the other; then comes Ctrl-C."""

    def plan(*events: Callable[[], object]) -> None:
        now = 0.0
        waiting = iter(events)

        def sleep(seconds: float) -> None:
            nonlocal now
            now += 1.5  # so that a file settles within two looks
            if int(now / 1.5) % 3 == 0:
                event = next(waiting, None)
                if event is None:
                    raise KeyboardInterrupt
                event()

        monkeypatch.setattr("zoo.cli.swapping.watch.sleep", sleep)
        monkeypatch.setattr("zoo.cli.swapping.watch.monotonic", lambda: now)

    return plan


def test_a_folder_is_kept_swapped_until_it_is_interrupted(
    zoo: Zoo, cached: CachedNetwork, portrait: Path, happening: Days
) -> None:
    folder = Path("in")
    folder.mkdir()
    shutil.copy(portrait, folder / "a.png")

    def change() -> None:
        with Pillow.open(portrait) as picture:
            picture.crop((0, 0, 250, 250)).save(folder / "a.png")

    happening(
        lambda: (folder / "broken.jpg").write_bytes(b"half a photo"),
        change,
        lambda: shutil.copy(folder / "swapped" / "a.png", folder / "again.png"),
        (folder / "broken.jpg").unlink,
    )
    ended = zoo("swap", "-i", "ada", "--watch", "in")
    assert ended.out.splitlines() == ["in/a.png -> in/swapped/a.png (1 face)"] * 2
    with Pillow.open("in/swapped/a.png") as picture:
        assert picture.size == (250, 250)
    notes = ended.err.splitlines()
    assert notes[0] == "watching in, writing to in/swapped; Ctrl-C ends it."
    assert notes[1].startswith("error: in/broken.jpg is not a photo")
    assert notes[2] == "in/again.png is an output of zoo swap and is skipped."
    assert notes[-1] == "stopped watching in: 2 done, 0 failed."
    assert ended.code == 0
    assert sorted(path.name for path in Path("in/swapped").iterdir()) == ["a.png"]


def test_what_was_done_before_is_left_alone_and_what_fails_is_counted(
    zoo: Zoo, cached: CachedNetwork, portrait: Path, happening: Days
) -> None:
    Path("in").mkdir()
    shutil.copy(portrait, "in/a.png")
    Path("in/b.png").write_bytes(b"no photo")
    for line in ("(1 face)", "(already done)"):
        happening()
        ended = zoo("swap", "-i", "ada", "--watch", "in", "-o", "out")
        assert ended.out == f"in/a.png -> out/a.png {line}\n"
        assert ended.code == 1
        assert "1 done, 1 failed" in ended.err
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "zoo-failed.csv"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--watch", "missing"), "missing is not a folder"),
        (("--watch", ".", "-o", "."), "contains the watched folder"),
        (("--watch", ".", "photo.jpg"), "omit INPUT"),
        (("--watch", ".", "--preview"), "omit --preview"),
        (("--watch", ".", "-o", "s3://bucket/out/"), "a folder on this machine"),
        ((), "Name photos, videos or folders"),
    ],
)
def test_what_does_not_go_with_watching_is_refused_first(
    zoo: Zoo, cached: CachedNetwork, words: tuple[str, ...], reason: str
) -> None:
    ended = zoo("swap", "-i", "ada", *words)
    assert ended.code == 2
    assert reason in ended.error


@pytest.fixture
def viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with a screen and a viewer, which writes down what it is asked to show."""
    program, shown = tmp_path / "bin" / "xdg-open", tmp_path / "shown"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" >> {shown}\n')
    program.chmod(0o755)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    return shown


def test_the_result_is_opened(
    zoo: Zoo, cached: CachedNetwork, portrait: Path, viewer: Path
) -> None:
    ended = zoo("swap", "-i", "ada", portrait, "-o", "out.jpg", "--open")
    assert (ended.code, ended.err) == (0, "")
    assert viewer.read_text() == f"{Path('out.jpg').absolute()}\n"


def test_where_nothing_can_open_it_that_is_said(
    zoo: Zoo, cached: CachedNetwork, portrait: Path, viewer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("swap", "-i", "ada", portrait, "-o", "out.jpg", "--open")
    (viewer.parent / "bin" / "xdg-open").write_text("#!/bin/sh\nexit 3\n")
    said = "the system has no viewer for it (xdg-open ended with code 3)"
    assert zoo(*words).err == f"out.jpg is not opened: {said}.\n"
    monkeypatch.setenv("PATH", "/nowhere")
    said = "no viewer was found, because xdg-open is not installed"
    assert zoo(*words).err == f"out.jpg is not opened: {said}.\n"
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    ended = zoo(*words)
    assert (ended.code, ended.err) == (0, "out.jpg is not opened: there is no screen here.\n")
