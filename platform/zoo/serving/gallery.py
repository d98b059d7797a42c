"""The list of identities that a server offers."""

from pydantic import BaseModel, Field

from zoo.registry.listing import Listed
from zoo.registry.local.cache import CachedNetwork, cached_aliases
from zoo.registry.references import CANDIDATE, CHAMPION


class Entry(BaseModel):
    """One identity with its best network."""

    name: str = Field(examples=["ada"])
    version: int = Field(examples=[3])
    aliases: list[str] = Field(examples=[["champion"]])
    recipe: str = Field(examples=["quick"])
    resolution: int = Field(description="Side of the face it makes, pixels.", examples=[64])
    basis: str = Field(description="Why the face may be used.", examples=["synthetic"])
    created: str = Field(description="When it was registered, UTC; empty when not known.")
    scores: dict[str, float] = Field(
        description="Measured on held-out photos; docs/evaluation.md defines them.",
        examples=[{"top1_rate": 0.97, "nearest_rate": 0.95, "landmark_difference": 3.2}],
    )
    sha256: str = Field(description="Of the network's file.")
    preview: str = Field(
        description="Address of a picture: eight photos above, their swaps below.",
        examples=["/api/identities/ada/preview?version=3"],
    )


class Gallery(BaseModel):
    """All identities, by name."""

    identities: list[Entry]
    note: str | None = Field(
        default=None, description="Problems, for example that the registry cannot be reached."
    )


def of_listed(line: Listed) -> Entry:
    """What the registry lists."""
    return Entry(
        name=line.name,
        version=line.version,
        aliases=list(line.aliases),
        recipe=line.recipe,
        resolution=line.resolution,
        basis=line.basis,
        created=line.created,
        sha256=line.sha256,
        scores=line.scores,
        preview=_address(line.name, line.version),
    )


def of_cached(networks: list[CachedNetwork]) -> list[Entry]:
    """What the cache holds, each identity's best network."""
    best: dict[str, tuple[tuple[bool, bool, int], CachedNetwork, list[str]]] = {}
    for network in networks:
        aliases = cached_aliases(network)
        rank = CHAMPION in aliases, CANDIDATE in aliases, network.version
        if network.identity not in best or rank > best[network.identity][0]:
            best[network.identity] = rank, network, aliases
    return [
        Entry(
            name=network.identity,
            version=network.version,
            aliases=aliases,
            recipe=network.recipe,
            resolution=network.resolution,
            basis=network.basis,
            created="",
            sha256=network.sha256,
            scores=dict(network.scores),
            preview=_address(network.identity, network.version),
        )
        for _, network, aliases in best.values()
    ]


def _address(name: str, version: int) -> str:
    return f"/api/identities/{name}/preview?version={version}"
