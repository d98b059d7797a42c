"""``zoo pull`` and ``zoo rm``: networks come into the cache, and go from it and the registry."""

from typing import Annotated

import typer

from zoo.cli.terminal.options import NETWORKS, Json, Name, NetworkName, Quiet, examples
from zoo.cli.terminal.output import print_line


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command(
        rich_help_panel=NETWORKS, epilog=examples("zoo pull ada", "zoo pull ada@candidate")
    )(pull)
    app.command(rich_help_panel=NETWORKS, epilog=examples("zoo rm ada", "zoo rm ada --cached"))(rm)


def pull(
    name: NetworkName,
    allow_unsigned: Annotated[
        bool,
        typer.Option("--allow-unsigned", help="Also a network that nobody has signed."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring a network from the registry into this machine's cache.

    A swap pulls a missing network itself; pull again after a promotion elsewhere. A network is
    accepted if it is signed by this user, or by a key whose root ZOO_TRUST names; without
    ZOO_TRUST, by the first key that was seen for this identity.
    """
    from zoo.cli.terminal.output import note, print_json, spinner
    from zoo.cli.terminal.project_context import named_network, registry_uri
    from zoo.registry.local.pull import pull as pull_network

    reference = named_network(name)
    said: list[str] = []
    with spinner(f"pulling {reference}"):
        network = pull_network(
            reference, registry_uri(), allow_unsigned=allow_unsigned, tell=said.append
        )
    for line in said:
        note(line)
    if not network.signer:
        note(
            f"{network.identity} version {network.version} is not signed: its origin cannot be "
            "verified."
        )
    if as_json:
        print_json(network)
    elif quiet:
        print_line(network.identity)
    else:
        print_line(f"{network.identity} version {network.version} is in {network.path.parent}.")


def rm(
    name: Name,
    cached: Annotated[
        bool, typer.Option("--cached", help="From this machine's cache only.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove an identity's networks from the registry and the cache.

    Its runs stay in MLflow, and the files it was made from stay in the project.
    """
    from zoo.cli.terminal.output import print_json, spinner
    from zoo.cli.terminal.project_context import registry_uri, registry_uri_or_none
    from zoo.errors import UnknownIdentityError
    from zoo.provenance.identities.names import check_name, near_names
    from zoo.registry.local.cache import list_cached, remove_cached

    check_name(name)
    gone = [network.version for network in remove_cached(name, registry_uri_or_none())]
    if not cached:
        from zoo.cli.terminal.project_context import project_or_none
        from zoo.registry.browse import remove_model

        with spinner("reading the registry"):
            gone = remove_model(registry_uri(), name, project_or_none())
    elif not gone:
        names = [network.identity for network in list_cached(registry_uri_or_none())]
        raise UnknownIdentityError(f"{name} is not in the cache{near_names(name, names)}.")
    place = "cache" if cached else "registry"
    if as_json:
        print_json({"name": name, "removed_from": place, "versions": sorted(gone)})
    else:
        print_line(name if quiet else f"Removed {name} from the {place} ({_count(len(gone))}).")


def _count(number: int) -> str:
    return f"{number} version{'s' if number > 1 else ''}"
