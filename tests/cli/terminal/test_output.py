"""What others wrote reaches the terminal as text, whichever way it is printed."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Zoo
from zoo.cli.terminal.output import note, print_facts, print_json, print_table, progress, spinner
from zoo.provenance.identities.identity import RECORD
from zoo.settings import Project

EVIL = "a\x1b[2J\x9b\x07\r\nerror: forged \u202e\udcff"
SHOWN = r"a\x1b[2J\x9b\x07\x0d\x0aerror: forged \u202e\xff"


def test_tables_facts_and_notes_spell_it_out(capfd: pytest.CaptureFixture[str]) -> None:
    print_table(["NAME", "MORE"], [[EVIL, [EVIL]]])
    print_facts({"evidence": EVIL})
    note(EVIL)
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        f"NAME{' ' * (len(SHOWN) - 4)}  MORE",
        f"{SHOWN}  {SHOWN}",
        f"evidence: {SHOWN}",
    ]
    assert err == f"{SHOWN}\n"


def test_json_stays_json_and_holds_it_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    print_json({"name": EVIL, "plain": "Zoë 👩‍🚀"})
    out, _ = capfd.readouterr()
    assert not set(out) & set("\x1b\x9b\x07\r\u202e")
    assert json.loads(out) == {"name": EVIL, "plain": "Zoë 👩‍🚀"}


def test_names_of_any_bytes_fail_one_by_one_in_words(
    zoo: Zoo, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (b"no\xffutf8.jpg", b"\x1b[31mred.jpg", b"two\nlines.jpg"):
        Path(os.fsdecode(name)).write_bytes(b"no photo")
    ended = zoo("verify", *sorted(Path().glob("*.jpg")))
    assert ended.code == 1
    for shown in (r"no\xffutf8.jpg: ", r"\x1b[31mred.jpg: ", r"two\x0alines.jpg: "):
        assert shown in ended.out
    assert "\x1b" not in ended.out + ended.err


def test_evidence_of_a_record_is_text(zoo: Zoo, project: Project) -> None:
    folder = project.identities / "ada"
    folder.mkdir(parents=True)
    (folder / RECORD).write_text(
        'name: ada\nbasis: consent\nadded: 2026-01-01\nevidence: "form\\e[2J 12"\n'
    )
    for shown in (zoo("identity", "show", "ada").out, zoo("identity", "list").out):
        assert r"form\x1b[2J 12" in shown
        assert "\x1b" not in shown


def test_a_name_that_looks_like_markup_is_a_bars_title(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    for shown in (progress("[/red]\x1b[2Ja.mp4", 5), spinner("[/red]\x1b[2Ja.mp4")):
        with shown:
            pass
    _, err = capfd.readouterr()
    assert "\x1b[2J" not in err
    assert r"[/red]\x1b[2Ja.mp4" in err
