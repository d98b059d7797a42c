"""The API against its own description: what that allows is answered, what it forbids is refused.

Schemathesis makes requests from ``/openapi.json``, well formed and not; each answer must be one
that is described there, and none a fault of ours (500).
"""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from tests.serving.web.conftest import HERE, ask, network

__all__ = ["network"]
HOST = HERE.removeprefix("http://")


def test_requests_by_chance_are_answered_as_the_description_says(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    app = ask(network).app
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Host": HOST})
    operations = [found.ok() for found in schema.get_all_operations()]
    asked: dict[str, set[int]] = {}

    @settings(
        max_examples=3,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def each(operation: Any, data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from((GenerationMode.POSITIVE, GenerationMode.NEGATIVE)))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        answer = case.call(headers={"Host": HOST})
        asked.setdefault(operation.label, set()).add(answer.status_code)
        assert answer.status_code < 500, (operation.label, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"]
            assert answer.json()["detail"].endswith(".")

    for operation in operations:
        each(operation)
    assert len(asked) == len(operations)
    assert {200, 422} <= set().union(*asked.values())
