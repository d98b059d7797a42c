"""``zoo list``, ``show``, ``pull``, ``promote``, ``rm``."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable

from tests.cli.conftest import Zoo
from tests.registry.conftest import Trained
from zoo.registry.listing import list_models
from zoo.registry.publishing.signatures import SIGNATURE
from zoo.settings import Project
from zoo.tracking import connect

Make = Callable[..., Trained]


def test_a_network_from_candidate_to_champion_to_gone(
    zoo: Zoo, project: Project, uri: str, trained: Make
) -> None:
    trained().publish(uri)
    trained("bruno", nearest_rate=0.5).publish(uri)

    assert zoo("list", "-q").out == "ada\nbruno\n"
    listed = zoo("list").out.splitlines()
    assert listed[0].split()[:3] == ["NAME", "VERSION", "ALIASES"]
    assert listed[1].split() == [
        "ada",
        "1",
        "candidate",
        "quick",
        "64",
        "synthetic",
        "0.95",
        "dlib",
        "4",
    ]

    done = zoo("promote", "ada")
    judged = "likeness measured by dlib's descriptor, the weaker recogniser"
    assert (done.code, done.out) == (0, f"Version 1 of ada is champion now; {judged}.\n")
    assert zoo("promote", "ada").out == "Version 1 of ada is champion already.\n"
    refused = zoo("promote", "bruno")
    assert refused.code == 1
    assert "nearest_rate is 0.5; the minimum is 0.9" in refused.error
    assert "--reason" in zoo("promote", "bruno", "--force").error
    forced = zoo("promote", "bruno", "--force", "--reason", "a demonstration", "--json")
    assert json.loads(forced.out)["forced"] is True

    shown = zoo("show", "bruno")
    assert "forced (a demonstration)" in shown.out
    assert "candidate, champion" in shown.out
    detail = json.loads(zoo("show", "ada", "--json").out)
    assert detail["versions"][0]["aliases"] == ["candidate", "champion"]
    assert detail["versions"][0]["scores"]["nearest_rate"] == 0.95
    listed = json.loads(zoo("list", "--json").out)[0]
    newest = detail["versions"][0]
    assert {key: newest[key] for key in listed.keys() & newest.keys()} == {
        key: listed[key] for key in listed.keys() & newest.keys()
    }

    assert zoo("list", "--cached", "-q").out == ""
    pulled = zoo("pull", "ada")
    assert pulled.code == 0
    assert "ada version 1 is in" in pulled.out
    assert json.loads(zoo("pull", "ada@candidate", "--json").out)["version"] == 1
    (cached,) = json.loads(zoo("list", "--cached", "--json").out)
    assert (cached["identity"], cached["version"], cached["basis"]) == ("ada", 1, "synthetic")
    assert zoo("list", "--cached").out.splitlines()[1].split()[:4] == [
        "ada",
        "1",
        "candidate,",
        "champion",
    ]

    assert zoo("rm", "ada", "--cached").out == "Removed ada from the cache (1 version).\n"
    assert "not in the cache" in zoo("rm", "ada", "--cached").error
    assert zoo("rm", "ada").out == "Removed ada from the registry (1 version).\n"
    assert zoo("list", "-q").out == "bruno\n"


def test_a_network_that_nobody_signed_is_pulled_when_asked_and_signed_when_vouched_for(
    zoo: Zoo, project: Project, uri: str, trained: Make
) -> None:
    trained().publish(uri)
    connect(uri).delete_model_version_tag("ada", "1", SIGNATURE)
    assert "zoo registry sign ada" in zoo("pull", "ada").error
    allowed = zoo("pull", "ada", "--allow-unsigned")
    assert allowed.code == 0
    assert "ada version 1 is not signed: its origin cannot be verified" in allowed.err
    assert "or use --all" in zoo("registry", "sign").error
    assert zoo("registry", "sign", "--all").out == "Signed ada:1.\n"
    assert "Nothing to sign; 1 versions are signed" in zoo("registry", "sign", "ada").err
    pulled = zoo("pull", "ada")
    assert (pulled.code, pulled.err) == (0, "")


def test_unknown_names_are_wrong_usage_with_near_ones(
    zoo: Zoo, project: Project, uri: str, trained: Make
) -> None:
    trained().publish(uri)
    for command in ("show", "pull", "promote", "rm"):
        ended = zoo(command, "adda")
        assert (ended.code, ended.out) == (2, "")
        assert "did you mean ada" in ended.error
        assert "not a valid name" in zoo(command, "A d a").error
    assert "it has 1" in zoo("pull", "ada:4").error


def test_a_rollback_a_fresh_list_and_what_would_be_collected(
    zoo: Zoo, project: Project, uri: str, trained: Make
) -> None:
    for factor in (1.0, 0.5):
        trained(factor=factor).publish(uri)
        assert zoo("promote", "ada").code == 0
    assert zoo("list", "--refresh", "-q").out == "ada\n"
    back = zoo("promote", "ada", "--rollback", "--reason", "it smears glasses")
    assert back.out == "Version 1 of ada is champion now; it replaces version 2.\n"
    assert "moved from version 2 to 1: it smears glasses" in zoo("show", "ada").out
    assert "--rollback" in zoo("promote", "ada", "--rollback", "--force").error
    found = json.loads(zoo("registry", "gc", "--keep", "0", "--json").out)
    assert found == {"removed": False, "bytes": 0, "items": []}
    assert "Would remove 0 items" in zoo("registry", "gc").err


def test_a_server_says_where_it_is_and_ends_when_asked(project: Project) -> None:
    command = [sys.executable, "-m", "zoo.cli.main", "registry", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        served, export = process.stdout.readline(), process.stdout.readline()
        address = served.split()[-1]
        assert f"sqlite:///{project.root / 'mlflow.db'} is served at http://127.0.0.1:" in served
        assert export == f"export MLFLOW_TRACKING_URI={address}\n"
        assert list_models(address) == []
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_an_empty_registry_is_no_error(zoo: Zoo, project: Project) -> None:
    ended = zoo("list")
    assert (ended.code, ended.out) == (0, "")
    assert "dvc repro" in ended.err
    assert json.loads(zoo("list", "--json").out) == []
    assert "zoo pull" in zoo("list", "--cached").err


def test_without_a_registry_nothing_is_made(zoo: Zoo, project: Project) -> None:
    (project.root / "mlflow.db").unlink()
    assert zoo("list").code == 0
    ended = zoo("show", "ada")
    assert ended.code == 1
    assert "No registry at" in ended.error
    assert not (project.root / "mlflow.db").exists()
