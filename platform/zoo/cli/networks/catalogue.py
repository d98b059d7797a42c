"""Commands on the registry: ``list``, ``show``, ``pull``, ``rm``."""

from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.terminal.options import NETWORKS, Json, Name, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line
from zoo.printable import printable

if TYPE_CHECKING:
    from zoo.registry.browse import Version
    from zoo.registry.listing import Listed

_REFERENCE = "NAME[@ALIAS|:VERSION]"
_HEADINGS = ("VERSION", "ALIASES", "RECIPE", "PIXELS", "BASIS", "NEAREST", "BY", "LANDMARKS")
"""Of what a table says of a version, see :func:`_row`."""


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command(
        "list",
        rich_help_panel=NETWORKS,
        epilog=examples("zoo list", "zoo list --cached", "zoo list --json"),
    )(list_networks)
    app.command(
        rich_help_panel=NETWORKS, epilog=examples("zoo show ada", "zoo show ada@champion --lineage")
    )(show)
    app.command(
        rich_help_panel=NETWORKS, epilog=examples("zoo pull ada", "zoo pull ada@candidate")
    )(pull)
    app.command(rich_help_panel=NETWORKS, epilog=examples("zoo rm ada", "zoo rm ada --cached"))(rm)


def list_networks(
    cached: Annotated[
        bool,
        typer.Option("--cached", help="Only the networks in the cache; the registry is not read."),
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read everything again, not only changes.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the registered networks, or with --cached those ready on this machine."""
    if cached:
        _list_cached(as_json, quiet)
        return
    from zoo.cli.terminal.output import note, print_json, print_table, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.registry.listing import list_models

    with spinner("asking the registry"):
        models = list_models(registry_uri(), refresh=refresh)
    if as_json:
        print_json(models)
    elif quiet:
        for model in models:
            print_line(model.name)
    elif models:
        print_table(
            ["NAME", *_HEADINGS],
            [[model.name, *_row(model)] for model in models],
        )
    else:
        note("No networks are registered yet; `dvc repro` trains and registers them.")
    for model in models:
        if model.problem:
            note(f"{model.name} was not registered by zoo as expected: {model.problem}.")


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The identity; with --lineage, NAME[@ALIAS|:VERSION].",
            show_default=False,
            autocompletion=known_names,
        ),
    ],
    lineage: Annotated[
        bool,
        typer.Option(
            "--lineage", help="What its network was made from, and the commands that make it again."
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show an identity's versions: recipe, scores, and who promoted them."""
    from zoo.cli.terminal.output import note, print_facts, print_json, print_table, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.provenance.identities.names import check_name
    from zoo.registry.browse import show_model

    if lineage:
        _show_lineage(name, as_json, quiet)
        return
    check_name(name)
    with spinner("asking the registry"):
        model = show_model(registry_uri(), name)
    if as_json:
        print_json(model)
        return
    if quiet:
        print_line("\n".join(f"{model.name}:{one.version}" for one in model.versions))
        return
    best = model.best
    print_facts(
        {
            "name": model.name,
            "basis": model.basis,
            "champion": version.version if (version := model.at("champion")) else "none yet",
            "made": best.created,
            "sha256": best.sha256,
            "data revision": best.data_revision,
            **{name.replace("_", " "): value for name, value in best.scores.items()},
        }
    )
    print_line()
    print_table(
        [*_HEADINGS, "CREATED"],
        [[*_row(version), version.created] for version in model.versions],
    )
    for version in model.versions:
        if version.problem:
            note(
                f"{name} version {version.version} was not registered by zoo as expected: "
                f"{version.problem}."
            )
    if model.history:
        print_line("\n" + "\n".join(printable(str(move)) for move in model.history))


def pull(
    name: Annotated[
        str,
        typer.Argument(
            metavar=_REFERENCE,
            help="Which network.",
            show_default=False,
            autocompletion=known_names,
        ),
    ],
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

        with spinner("asking the registry"):
            gone = remove_model(registry_uri(), name, project_or_none())
    elif not gone:
        names = [network.identity for network in list_cached(registry_uri_or_none())]
        raise UnknownIdentityError(f"{name} is not in the cache{near_names(name, names)}.")
    place = "cache" if cached else "registry"
    if as_json:
        print_json({"name": name, "removed_from": place, "versions": sorted(gone)})
    else:
        print_line(name if quiet else f"Removed {name} from the {place} ({_count(len(gone))}).")


def _show_lineage(name: str, as_json: bool, quiet: bool) -> None:
    from zoo.cli.terminal.output import print_facts, print_json, spinner
    from zoo.cli.terminal.project_context import registry_uri
    from zoo.registry.maintenance.lineage import lineage
    from zoo.registry.references import parse_reference

    with spinner("asking the registry"):
        found = lineage(parse_reference(name), registry_uri())
    if as_json:
        print_json(found)
        return
    if quiet:
        print_line(f"{found['name']}:{found['version']}")
        return
    photos, dvc = found["photos"], found["photos_dvc"] or {}
    perceptual, git = found["perceptual"] or {}, found["git"] or {}
    print_facts(
        {
            "network": f"{found['name']} version {found['version']}",
            "sha256": found["sha256"],
            "basis": found["basis"],
            "trained": found["trained_at"],
            "run": found["run"],
            "receipt": found["receipt"],
            "recipe": found["recipe_name"],
            "perceptual": " ".join(str(value) for value in perceptual.values()),
            "light network": found["light"],
            "descriptor network": found.get("descriptor"),
            "start network": found.get("start"),
            "content": found["content"]["sha256"],
            "aligned faces": found["faces"],
            "photos": f"{len(photos)}; DVC: {dvc['md5']}" if dvc else len(photos),
            "code": f"{found['code']} ({found['maker']})",
            "commit": git.get("commit"),
            "not committed": ", ".join(map(str, git.get("changed", ()))),
        }
    )
    print_line("\nRecipe:")
    print_facts({f"  {key}": str(value) for key, value in (found["recipe"] or {}).items()})
    print_line("\nPhotos, by SHA-256:")
    for photo, sha256 in photos.items():
        print_line(printable(f"  {sha256}  {photo}"))
    print_line("\nTo make it again, in a clone of the project:")
    for command in found["reproduce"]:
        print_line(printable(f"  {command}"))


def _list_cached(as_json: bool, quiet: bool) -> None:
    from zoo.cli.terminal.output import note, print_json, print_table
    from zoo.cli.terminal.project_context import registry_uri_or_none
    from zoo.registry.local.cache import list_cached
    from zoo.registry.local.cache_index import list_lines

    if as_json:
        print_json(list_cached(registry_uri_or_none()))
        return
    lines = list_lines(registry_uri_or_none())
    if quiet:
        for name in dict.fromkeys(line.identity for line in lines):
            print_line(name)
    elif lines:
        print_table(
            ["NAME", *_HEADINGS],
            [list(vars(line).values()) for line in lines],
        )
    else:
        note("The cache is empty; `zoo pull NAME` fills it.")


def _row(version: "Version | Listed") -> list[object]:
    from zoo.registry.report_cards import judge_of, recognised_rate

    return [
        version.version,
        version.aliases,
        version.recipe,
        version.resolution,
        version.basis,
        recognised_rate(version.scores),
        judge_of(version.scores),
        version.scores.get("landmark_difference"),
    ]


def _count(number: int) -> str:
    return f"{number} version{'s' if number > 1 else ''}"
