"""All versions of an identity, in the order people want them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient


def versions_of(client: "MlflowClient", name: str | None = None) -> list["ModelVersion"]:
    """All versions of one identity (or of all), newest first within a name."""
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client.search_model_versions(
            f"name = '{name}'" if name else None, max_results=1000, page_token=token
        )
        found.extend(page)
        token = page.token
        if not token:
            return sorted(found, key=lambda version: (version.name, -int(version.version)))
