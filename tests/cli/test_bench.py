"""``zoo bench``: the time of each step, and of each execution provider that really ran."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Zoo
from tests.cli.swapping.test_swap import cached, face_models
from tests.registry.conftest import Trained
from zoo.registry.local.cache import CachedNetwork

__all__ = ["cached", "face_models"]
Make = Callable[..., Trained]


def test_each_step_and_provider_is_timed(zoo: Zoo, cached: CachedNetwork, portrait: Path) -> None:
    ended = zoo("bench", "--photo", portrait, "--runs", "3", "--json")
    found = json.loads(ended.out)
    assert (found["identity"], found["runs"], found["width"]) == ("ada", 3, 256)
    steps = {step["name"]: step for step in found["steps"]}
    assert list(steps) == ["reading", "detection", "alignment", "network",
                           "segmentation", "compositing", "writing", "signing"]  # fmt: skip
    assert all(0 < step["p50"] <= step["p95"] for step in steps.values())
    assert found["frames_per_second"] == pytest.approx(1000 / found["swap"]["p50"], rel=0.01)
    assert found["whole"]["p50"] > found["swap"]["p50"]
    providers = {(one["asked"], one["ran"]) for one in found["providers"]}
    assert ("CPUExecutionProvider", "CPUExecutionProvider") in providers
    assert "P95 MS" in zoo("bench", "-i", "ada:3", "--photo", portrait, "--runs", "1").out


def test_what_cannot_be_timed_is_one_sentence(
    zoo: Zoo, cached: CachedNetwork, meadow: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "shows no face" in zoo("bench", "--photo", meadow, "--runs", "1").error
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "empty"))
    ended = zoo("bench")
    assert (ended.code, "zoo pull" in ended.error) == (2, True)
