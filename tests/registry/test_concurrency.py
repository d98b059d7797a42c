"""Two processes at one identity: nothing is lost, nothing exists twice."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.registry.conftest import Trained
from zoo.registry.browse import show_model
from zoo.registry.listing import list_models
from zoo.registry.promotion.lease import lease
from zoo.tracking import connect

Make = Callable[..., Trained]

PUBLISH = """
import sys, time
from datetime import date
from pathlib import Path
import mlflow.onnx
from zoo.products import receipts
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity
from zoo.registry.promotion.gate import GateSettings, promote
from zoo.registry.publishing.publish import publish

model, report, uri, signs = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
gate = GateSettings(
    minimum_nearest_rate=0.5,
    maximum_landmark_difference=10,
    minimum_light_correlation=0,
    tolerance=0.02,
)
identity = Identity(name="ada", basis=Basis.synthetic, person="ada", added=date(2026, 1, 1))
(signs / model.parents[1].name).touch()
while len(list(signs.iterdir())) < 2:
    time.sleep(0.01)
version = publish("ada", model, report, receipts.read(model), identity, uri)
promote("ada", uri, gate, version=version, strict=False)
print(version)
"""


def publish_both(uri: str, made: list[Trained], signs: Path) -> list[int]:
    """Each in a process of its own, at the same time; the versions they got."""
    signs.mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(one.model), str(one.report), uri, str(signs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for one in made
    ]
    versions = []
    for process in processes:
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        versions.append(int(out))
    return versions


def test_two_networks_published_at_once_are_two_versions_with_the_better_one_champion(
    trained: Make, uri: str, tmp_path: Path
) -> None:
    good = trained(folder="one", factor=0.5, landmark_difference=3.0)
    poor = trained(folder="two", factor=0.25, landmark_difference=4.0)
    versions = publish_both(uri, [good, poor], tmp_path / "signs")
    assert sorted(versions) == [1, 2]
    model = show_model(uri, "ada")
    assert sorted(version.version for version in model.versions) == [1, 2]
    champions = [version.version for version in model.versions if "champion" in version.aliases]
    candidates = [version for version in model.versions if "candidate" in version.aliases]
    assert champions == [versions[0]]
    assert len(candidates) == 1
    moves = [(move.alias, move.before, move.after) for move in model.history]
    for alias in ("champion", "candidate"):
        chain = [(before, after) for moved, before, after in moves if moved == alias]
        assert chain[0][0] is None
        assert all(chain[i][1] == chain[i + 1][0] for i in range(len(chain) - 1))


def test_one_network_published_twice_at_once_is_one_version(
    trained: Make, uri: str, tmp_path: Path
) -> None:
    same = [trained(folder=folder) for folder in ("one", "two")]
    assert publish_both(uri, same, tmp_path / "signs") == [1, 1]
    model = show_model(uri, "ada")
    assert len(model.versions) == 1
    assert model.versions[0].aliases == ("candidate", "champion")


def test_a_lease_of_the_living_is_waited_for_and_one_of_the_dead_is_broken(uri: str) -> None:
    client = connect(uri)
    held = Event()

    def hold() -> None:
        with lease(client, "ada"):
            held.set()
            time.sleep(0.5)

    with ThreadPoolExecutor() as pool:
        other = pool.submit(hold)
        assert held.wait(60)
        begin = time.monotonic()
        with lease(client, "bruno"):
            pass
        with lease(client, "ada"):
            assert time.monotonic() - begin >= 0.4
        other.result()

    dead = json.dumps({"who": "nobody@nowhere", "process": 1, "token": "dead"})
    client.create_registered_model("ada.lease", tags={"holder": dead})
    begin = time.monotonic()
    with lease(client, "ada", wait_seconds=0.3):
        assert time.monotonic() - begin >= 0.3
    assert list_models(uri) == []
    assert not client.search_registered_models()
