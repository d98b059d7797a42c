"""Finds the network file for a swap: in the cache, or pulled first."""

from collections.abc import Callable, Iterable

from zoo.errors import UnknownIdentityError
from zoo.provenance.identities.names import near_names
from zoo.registry.local import cache
from zoo.registry.references import Reference
from zoo.settings import without_password
from zoo.tracking import exists


def find_network(
    reference: Reference,
    uri: str | None,
    known: Iterable[str] = (),
    pulling: Callable[[], object] = lambda: None,
    tell: Callable[[str], object] = lambda line: None,
) -> cache.CachedNetwork:
    """The network that ``reference`` means.

    Args:
        reference: what is wanted.
        uri: the registry, or None when none is known here.
        known: names of the project's identities, for better advice.
        pulling: is called before the registry is asked, which may take a while.
        tell: is given a sentence when a key that signs is seen for the first time.

    Raises:
        UnknownIdentityError: no registry has it; names near ones.
        RegistryError: the registry cannot be reached or holds something damaged.
        StorageError: the cache cannot be written.
    """
    if (network := cache.resolve(reference, uri)) is not None:
        return network
    known = set(known)
    names = known | {network.identity for network in cache.list_cached(uri)}
    if uri is None:
        raise UnknownIdentityError(
            f"{reference} is not in the cache{near_names(reference.name, names)}, and no "
            "registry is configured; change into a project, or set MLFLOW_TRACKING_URI."
        )
    if not exists(uri):
        if reference.name in known:
            raise _untrained(reference)
        near = near_names(reference.name, names - {reference.name})
        raise UnknownIdentityError(
            f"No identity '{reference}' here{near}; `zoo identity add` and `dvc repro` create one."
        )
    pulling()
    # Not before the cache has been asked: these need seconds.
    from zoo.registry.browse import names_like
    from zoo.registry.local.pull import pull

    try:
        return pull(reference, uri, tell=tell)
    except UnknownIdentityError as error:
        registered = names_like(uri, reference.name)
        if reference.name in registered:  # but not its alias or version
            raise
        if reference.name in known:
            raise _untrained(reference) from error
        raise UnknownIdentityError(
            f"No identity '{reference.name}' in the registry at {without_password(uri)}"
            f"{near_names(reference.name, names | registered)}."
        ) from error


def _untrained(reference: Reference) -> UnknownIdentityError:
    return UnknownIdentityError(
        f"{reference.name} is an identity of this project without a registered network yet; "
        "train and register it with `dvc repro`."
    )
