"""``zoo verify``: words, JSON, names and exit codes."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Zoo
from tests.provenance.conftest import MARK, encoded
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.signing import sign_bytes


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = sign_bytes(encoded(), Made(MARK, encoded(seed=1), {"faces": "all"}))
    Path("whole.jpg").write_bytes(whole)
    Path("altered.jpg").write_bytes(whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:])
    Path("plain.jpg").write_bytes(encoded())


def test_a_whole_file_is_explained(zoo: Zoo, files: None) -> None:
    ended = zoo("verify", "whole.jpg")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("whole.jpg: valid\n")
    for words in (MARK.sentence, "Settings: faces all", "the key of this user on this machine"):
        assert words in ended.out


def test_altered_and_unsigned_files_are_told_and_counted_as_failed(zoo: Zoo, files: None) -> None:
    ended = zoo("verify", "whole.jpg", "altered.jpg", "plain.jpg")
    assert ended.code == 1
    assert "altered.jpg: altered\n" in ended.out
    assert "plain.jpg: no manifest\n" in ended.out
    ended = zoo("verify", "-q", "whole.jpg", "altered.jpg", "plain.jpg")
    assert (ended.code, ended.out) == (1, "altered.jpg\nplain.jpg\n")
    assert zoo("verify", "-q", "whole.jpg").out == ""


def test_json_holds_all_of_it(zoo: Zoo, files: None) -> None:
    ended = zoo("verify", "--json", "whole.jpg", "altered.jpg")
    whole, altered = json.loads(ended.out)
    assert (whole["status"], whole["by_this_user"]) == ("valid", True)
    assert whole["steps"][0]["swap"]["network_sha256"] == MARK.sha256
    assert altered["problems"] == ["assertion.dataHash.mismatch"]


def test_a_missing_file_is_named_and_the_others_are_looked_at(zoo: Zoo, files: None) -> None:
    ended = zoo("verify", "gone.jpg", "whole.jpg")
    assert ended.code == 1
    assert "gone.jpg cannot be read" in ended.error
    assert "whole.jpg: valid" in ended.out


def test_without_files_it_is_wrong_usage(zoo: Zoo) -> None:
    assert zoo("verify", "--nonsense").code == 2
