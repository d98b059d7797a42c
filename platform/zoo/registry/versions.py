"""Finds versions of an identity with as few registry requests as possible."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

_PAGE = 1000
_NAMES = 100  # in one question


def versions_of(client: "MlflowClient", *names: str) -> list["ModelVersion"]:
    """All versions of the identities ``names``, newest first within a name."""
    found: list[ModelVersion] = []
    for start in range(0, len(names), _NAMES):
        listed = ", ".join(f"'{name}'" for name in names[start : start + _NAMES])
        found.extend(_search(client, f"name IN ({listed})"))
    return sorted(found, key=lambda version: (version.name, -int(version.version)))


def versions_with(
    client: "MlflowClient", name: str, tags: Mapping[str, str]
) -> list["ModelVersion"]:
    """The versions of ``name`` that have all these tags, oldest first."""
    conditions = [f"name = '{name}'", *(f"tags.{key} = '{value}'" for key, value in tags.items())]
    found = _search(client, " AND ".join(conditions))
    return sorted(found, key=lambda version: int(version.version))


def aliases_of(client: "MlflowClient", name: str) -> dict[str, int]:
    """The aliases of ``name`` and the versions they point at."""
    aliases = client.get_registered_model(name).aliases
    return {str(alias): int(version) for alias, version in aliases.items()}


def _search(client: "MlflowClient", condition: str) -> Iterator["ModelVersion"]:
    token = None
    while True:
        page = client.search_model_versions(condition, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
