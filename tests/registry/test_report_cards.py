"""Whose report card a report is, and who judged the likeness in it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.registry.conftest import SHA, register
from zoo.registry.report_cards import by_sface, judge_of, read_report, recognised_rate
from zoo.tracking import connect, experiment_id

BOTH = {"cosine": 0.5, "top1_rate": 0.9, "nearest_rate": 0.8}


@pytest.mark.parametrize(
    ("scores", "sface", "judge", "rate"),
    [(BOTH, True, "SFace", 0.9), ({"cosine": 0.5}, True, "SFace", None),
     ({"nearest_rate": 0.8}, False, "dlib", 0.8), ({}, False, "", None)],
)  # fmt: skip
def test_who_judged_the_likeness_and_how_often_it_was_recognised(
    scores: dict[str, float], sface: bool, judge: str, rate: float | None
) -> None:
    found = (by_sface(scores), judge_of(scores), recognised_rate(scores))
    assert found == (sface, judge, rate)


def test_a_report_is_the_runs_if_it_is_of_this_network_and_else_the_versions_own(
    sqlite_uri: str, tmp_path: Path
) -> None:
    client = connect(sqlite_uri)
    run = client.create_run(experiment_id(client, sqlite_uri)).info.run_id
    files = tmp_path / "files"
    (files / "extra_files").mkdir(parents=True)
    register(client, "ada")
    client.create_model_version("ada", files.as_uri(), run_id=run, tags={"sha256": SHA})
    report = tmp_path / "report.json"

    def said(of_run: Any, of_version: Any) -> dict[str, Any]:
        report.write_text(json.dumps(of_run))
        client.log_artifact(run, str(report))
        (files / "extra_files" / "report.json").write_text(json.dumps(of_version))
        return read_report(client, client.get_model_version("ada", "2"))

    ours, theirs = {"network": {"sha256": SHA}}, {"network": {"sha256": "0" * 64}}
    assert said({**ours, "of": "run"}, {**ours, "of": "version"}) == {**ours, "of": "run"}
    assert said({**theirs, "of": "run"}, {**ours, "of": "version"}) == {**ours, "of": "version"}
    for other in (theirs, {"network": SHA}, {}, [ours], "x"):
        assert said(other, other) == {}
    assert read_report(client, client.get_model_version("ada", "1")) == {}  # it has no file
