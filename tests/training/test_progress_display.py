"""What a person sees while many identities train."""

import io

import pytest
from rich.console import Console

from zoo.training.progress_display import ProgressDisplay

ROW = {"step": 4.0, "content": 0.5, "style": 0.25}


def test_a_terminal_shows_what_trains_now_and_how_many_are_done() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, height=20)
    with ProgressDisplay(300, 10, console) as display:
        for number in range(3):
            display.started(f"person-{number}")
        display.progress("person-1", ROW)
        display.ended("person-0", "trained in 2 s")
        display.ended("person-2", "failed: its machine is gone", failed=True)
        display._bars.refresh()
        shown = stream.getvalue().rsplit("all ", 1)[1]
    assert "5/10" in shown and "content 0.500  style 0.250" in shown
    assert "2/300" in shown and "1 train, 297 wait, 1 failed" in shown
    assert "person-0" not in shown  # no bar of its own any more


def test_elsewhere_there_are_plain_lines_and_not_too_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ProgressDisplay(2, 10) as display:
        display.started("ada")
        for _ in range(5):
            display.progress("ada", ROW)
        display.stopped("ada", "its machine is gone; resumes from its last checkpoint in 2 s")
        display.progress("ada", ROW)  # a report that was under way
        display.started("ada")
        display.ended("ada", "trained in 3 s")
    assert capsys.readouterr().err.splitlines() == [
        "ada: 5/10  content 0.500  style 0.250",
        "ada: its machine is gone; resumes from its last checkpoint in 2 s",
        "ada: trained in 3 s (1 of 2)",
    ]
