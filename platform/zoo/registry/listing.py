"""The list of identities of a registry, in constant time.

MLflow reads a thousand models in about a second, so the list is kept in the user's cache and
brought up to date: two small questions find the models that changed since, newest first, and
whether any is missing. Whatever zoo does to a model moves its time stamp. An alias that is moved
in MLflow's own pages does not; ``refresh`` sees it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import StorageError
from zoo.registry.browse import Version, model_of
from zoo.registry.promotion.lease import is_lease
from zoo.registry.references import CANDIDATE, CHAMPION
from zoo.registry.tags import is_identity
from zoo.registry.versions import versions_of
from zoo.settings import cache_folder, without_password
from zoo.storage import atomic_file
from zoo.tracking import connect, exists, plain_registry_errors
from zoo.untrusted import read_json

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.tracking import MlflowClient

_LAYOUT = 2
_PAGE = 1000
_OVERLAP = 5_000  # ms that the clocks of two who write may differ


@dataclass(frozen=True)
class Listed:
    """An identity's best network: its champion, else its candidate, else the newest version."""

    name: str
    version: int
    newest: int
    aliases: tuple[str, ...]
    recipe: str
    resolution: int
    basis: str
    created: str
    sha256: str
    scores: dict[str, float]
    problem: str = ""
    """What is malformed in the registry's entry, in words; empty when nothing is."""


@dataclass
class _Known:
    """What is remembered: each registered model, None for one without versions."""

    models: dict[str, Listed | None]
    newest: int = 0
    changed: bool = True


def list_models(tracking_uri: str, *, refresh: bool = False) -> list[Listed]:
    """All identities with at least one version, by name; empty when there is no registry yet.

    Args:
        tracking_uri: the registry.
        refresh: read everything again.

    Raises:
        RegistryError: the registry cannot be read.
    """
    if not exists(tracking_uri):
        return []
    client = connect(tracking_uri)
    path = listing_path(tracking_uri)
    with plain_registry_errors(tracking_uri):
        known = _read(path)
        if known is None or refresh or not _update(client, known):
            known = _Known({})
            _update(client, known)
    if known.changed:
        _write(path, known)
    return [known.models[name] for name in sorted(known.models) if known.models[name]]  # type: ignore[misc]


def listing_path(uri: str) -> Path:
    """The path of the cached list of the registry at ``uri``."""
    name = hashlib.sha256(without_password(uri).encode()).hexdigest()[:16]
    return cache_folder() / "listings" / f"{name}.json"


def _update(client: "MlflowClient", known: _Known) -> bool:
    """Brings ``known`` up to date; False when it does not tell the same as the registry."""
    changed: list[RegisteredModel] = []
    leases = 0
    token = None
    size = 10 if known.models else _PAGE
    newest = known.newest
    while True:
        page = client.search_registered_models(
            max_results=size, order_by=["last_updated_timestamp DESC"], page_token=token
        )
        for model in page:
            newest = max(newest, model.last_updated_timestamp or 0)
            if is_lease(model.name):
                leases += 1
            elif (model.last_updated_timestamp or 0) >= known.newest - _OVERLAP:
                changed.append(model)
        token, size = page.token, _PAGE
        last = page[-1].last_updated_timestamp or 0 if page else 0
        if not token or (known.models and last < known.newest - _OVERLAP):
            break
    before = [known.models.get(model.name) for model in changed]
    best = _best(client, changed)
    known.changed = before != best or newest != known.newest
    known.models.update(zip((model.name for model in changed), best, strict=True))
    known.newest = newest
    return _count_is(client, len(known.models) + leases)


def _best(client: "MlflowClient", models: Sequence["RegisteredModel"]) -> list[Listed | None]:
    """What each model's line says; most need no question beyond the one that found them."""
    wanted = {model.name: _wanted(model) for model in models if is_identity(model.name)}
    at_hand: dict[str, ModelVersion] = {}
    for model in models:
        for version in model.latest_versions:
            if int(version.version) == wanted.get(model.name):
                at_hand[model.name] = version
    others = [name for name, number in wanted.items() if number and name not in at_hand]
    for version in versions_of(client, *others):
        if int(version.version) == wanted[version.name]:
            at_hand[version.name] = version
    found: list[Listed | None] = []
    for model in models:
        best = at_hand.get(model.name)
        listed = model_of(model, [best]).versions[0] if best else None
        if model.name not in wanted:
            found.append(_nameless(model.name) if model.latest_versions else None)
            continue
        found.append(_line(listed, _newest(model)) if listed else None)
    return found


def _wanted(model: "RegisteredModel") -> int:
    for alias in (CHAMPION, CANDIDATE):
        if alias in model.aliases:
            return int(model.aliases[alias])
    return _newest(model)


def _newest(model: "RegisteredModel") -> int:
    return max((int(version.version) for version in model.latest_versions), default=0)


def _line(best: Version, newest: int) -> Listed:
    return Listed(
        name=best.name,
        version=best.version,
        newest=newest,
        aliases=best.aliases,
        recipe=best.recipe,
        resolution=best.resolution,
        basis=best.basis,
        created=best.created,
        sha256=best.sha256,
        scores=dict(best.scores),
        problem=best.problem,
    )


def _nameless(name: str) -> Listed:
    """A model that somebody else registered, under a name that no identity can have."""
    problem = "its name is no identity's"
    return Listed(name, 0, 0, (), "", 0, "", "", "", {}, problem)


def _count_is(client: "MlflowClient", expected: int) -> bool:
    """Whether there are ``expected`` registered models: the last of them ends the last page."""
    from mlflow.utils.search_utils import SearchUtils

    if expected == 0:
        return not client.search_registered_models(max_results=1)
    # What a server gives as the token of a page, which it also takes for a page never asked for.
    token = SearchUtils.create_page_token(expected - 1) if expected > 1 else None  # type: ignore[no-untyped-call]
    page = client.search_registered_models(max_results=1, page_token=token)
    return len(page) == 1 and not page.token


def _read(path: Path) -> _Known | None:
    try:
        data: dict[str, Any] = read_json(path)
        if data["layout"] != _LAYOUT:
            return None
        models = {
            str(name): Listed(**{**line, "aliases": tuple(line["aliases"])}) if line else None
            for name, line in data["models"].items()
        }
        return _Known(models, int(data["newest"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _write(path: Path, known: _Known) -> None:
    models = {name: vars(line) if line else None for name, line in known.models.items()}
    text = json.dumps({"layout": _LAYOUT, "newest": known.newest, "models": models})
    try:
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except StorageError:  # a cache on a full or read-only disk is none, and no loss
        pass
