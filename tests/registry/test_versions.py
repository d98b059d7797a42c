"""Versions are found with few questions, in the order that callers rely on."""

from typing import Any

import pytest

from zoo.registry import versions
from zoo.registry.versions import aliases_of, versions_of, versions_with
from zoo.tracking import connect


def test_versions_are_asked_for_many_names_at_a_time_and_page_by_page(
    plain_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = connect(plain_uri)
    assert versions._NAMES == 100 and versions._PAGE == 1000
    monkeypatch.setattr(versions, "_NAMES", 2)
    monkeypatch.setattr(versions, "_PAGE", 5)
    asked: list[tuple[str, int]] = []
    ask = client.search_model_versions

    def noted(condition: str, max_results: int, page_token: str | None) -> Any:
        asked.append((condition, max_results))
        return ask(condition, max_results=max_results, page_token=page_token)

    monkeypatch.setattr(client, "search_model_versions", noted)
    found = versions_of(client, "eve", "bea", "ada", "none", "carl")
    assert [(one.name, int(one.version)) for one in found] == [
        *(("ada", number) for number in range(12, 0, -1)),
        ("bea", 2), ("bea", 1), ("carl", 1), ("eve", 2), ("eve", 1),
    ]  # fmt: skip
    assert asked == [
        ("name IN ('eve', 'bea')", 5),
        *[("name IN ('ada', 'none')", 5)] * 3,
        ("name IN ('carl')", 5),
    ]
    assert versions_of(client) == []


def test_versions_with_tags_are_those_that_have_all_of_them_oldest_first(plain_uri: str) -> None:
    client = connect(plain_uri)
    sha256 = client.get_model_version("ada", "1").tags["sha256"]
    found = versions_with(client, "ada", {"sha256": sha256})
    assert [int(one.version) for one in found] == list(range(1, 13))
    both = versions_with(client, "ada", {"sha256": sha256, "receipt": "r"})
    assert [int(one.version) for one in both] == [2]
    assert versions_with(client, "bea", {"sha256": sha256, "receipt": "r"}) == []


def test_aliases_are_the_versions_they_point_at(plain_uri: str) -> None:
    client = connect(plain_uri)
    assert aliases_of(client, "ada") == {"champion": 2, "candidate": 2, "old": 1}
    assert aliases_of(client, "carl") == {}
