"""``zoo serve`` and ``zoo live``: the zoo over HTTP, and the camera."""

import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli.terminal.options import PICTURES, Json, Quiet, examples, known_names
from zoo.cli.terminal.output import print_line

if TYPE_CHECKING:
    from zoo.serving.options import Options

TOKEN = "ZOO_TOKEN"
_WORKERS_OF_A_CLUSTER = 2

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all networks.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def register(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command(
        rich_help_panel=PICTURES,
        epilog=examples(
            "zoo serve",
            "zoo serve --host 0.0.0.0 --port 8443 --cert cert.pem --key key.pem",
            "zoo serve --workers 4 --networks 16",
            "zoo serve --cluster --workers 8",
        ),
    )(serve)
    app.command(
        rich_help_panel=PICTURES,
        no_args_is_help=True,
        epilog=examples("zoo live --identity ada", "zoo live --identity ada --no-browser"),
    )(live)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar=TOKEN,
            help="Clients must send it. By default none on loopback; elsewhere one is generated.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name of the server, besides --host.", metavar="HOST"),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(help="Certificate (PEM) for https.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="The certificate's key (PEM).", show_default=False)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes that swap; one for four cores by default, two on a cluster."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Photos at once in each, and its CPUs on a cluster; 1 there by default, here as "
            "many as fill the cores.",
        ),
    ] = None,
    networks: Annotated[int, typer.Option(min=1, help="Networks that each keeps in memory.")] = 8,
    max_mb: Annotated[int, typer.Option("--max-mb", min=1, help="Largest upload, megabytes.")] = 25,
    rate: Annotated[
        float, typer.Option(min=0, help="Requests per second of one client; 0 for no limit.")
    ] = 20.0,
    cluster: Annotated[
        bool,
        typer.Option("--cluster", help="Workers on the Ray cluster that RAY_ADDRESS names."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Serve a web page, a REST interface, and live video.

    Only this machine can reach it, unless --host names another address. Ctrl-C stops it.
    """
    import secrets

    from zoo.cli.terminal.project_context import registry_uri_or_none
    from zoo.cores import available_cores
    from zoo.errors import UsageError
    from zoo.local_ray import cluster_address
    from zoo.serving.options import Options, is_loopback

    if cluster and cluster_address() is None:
        raise UsageError("--cluster serves on the Ray cluster that RAY_ADDRESS names; set it.")
    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    cores = available_cores()
    processes = workers or (_WORKERS_OF_A_CLUSTER if cluster else max(1, cores // 4))
    at_once = threads or (1 if cluster else max(2, cores // processes))
    options = Options(
        host=host,
        port=port,
        token=token or None,
        names=tuple(name or ()),
        certificate=str(cert.resolve()) if cert else None,
        key=str(key.resolve()) if key else None,
        registry=registry_uri_or_none(),
        networks=networks,
        workers=processes,
        threads=at_once,
        max_bytes=max_mb * 1_000_000,
        rate=rate,
        cluster=cluster,
    )
    _run(options, as_json, quiet)


def live(
    identity: Annotated[
        str,
        typer.Option(
            "--identity",
            "-i",
            metavar="NAME",
            help="The identity to begin with.",
            autocompletion=known_names,
        ),
    ],
    port: Port = 8000,
    browser: Annotated[
        bool, typer.Option(help="Open the page; else only print its address.")
    ] = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Open the camera with an identity's face, in the browser.

    Uses the server on that port if there is one, otherwise starts one for this machine only.
    """
    from zoo.cli.terminal.project_context import registry_uri_or_none
    from zoo.provenance.identities.names import check_name
    from zoo.serving.options import Options

    check_name(identity)
    page = f"/#identity={identity}&mode=camera"
    if _is_ours(port):
        address = f"http://127.0.0.1:{port}"
        _tell(address, page, None, as_json, quiet)
        if browser:
            _open(address + page)
        return
    options = Options(port=port, registry=registry_uri_or_none(), threads=2)
    _run(options, as_json, quiet, page, browser)


def _run(
    options: "Options", as_json: bool, quiet: bool, page: str = "", browser: bool = False
) -> None:
    from zoo.cli.terminal.output import note, spinner
    from zoo.serving.server import serving

    with suppress(KeyboardInterrupt), ExitStack() as running:
        with spinner("starting the server"):
            server = running.enter_context(serving(options))
        _tell(server.address, page, options.token, as_json, quiet)
        if not (as_json or quiet):
            note("Ctrl-C ends it.")
        if browser:
            _open(server.address + page)
        server.wait()


def _tell(address: str, page: str, token: str | None, as_json: bool, quiet: bool) -> None:
    from zoo.cli.terminal.output import note, print_json

    if as_json:
        print_json({"address": address, "page": address + page, "token": token})
    else:
        print_line(address + page if quiet else f"The server is ready at {address + page}")
        if token:
            note(f"Its token: {token}")


def _open(page: str) -> None:
    import webbrowser

    from zoo.cli.terminal.output import note

    if not webbrowser.open(page):
        note("No browser was found here; open the address yourself.")


def _is_ours(port: int) -> bool:
    import urllib.request

    health = f"http://127.0.0.1:{port}/health"
    with suppress(OSError, ValueError), urllib.request.urlopen(health, timeout=2) as answer:
        return bool(json.load(answer).get("software") == "faceswap-zoo")
    return False
