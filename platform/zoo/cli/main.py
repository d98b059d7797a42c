"""The command ``zoo``.

Exit codes: 0 done, 1 some inputs failed (each named on stderr), 2 wrong usage.
"""

import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from zoo import __version__
from zoo.cli import bench, doctor, evaluate, export, identities, promote, serve, train, verify
from zoo.cli.networks import listing, pull, registry, show
from zoo.cli.swapping import swap
from zoo.errors import ZooError
from zoo.printable import printable

app = typer.Typer(
    name="zoo",
    help="Train, register and use one fast face-swap network per identity.",
    epilog="Exit codes: 0 done, 1 some inputs failed (each named), 2 wrong usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GROUPS = (
    swap, serve, verify, identities, train, evaluate, listing, show, pull, export, promote,
    registry, doctor, bench
)  # fmt: skip
for group in GROUPS:
    group.register(app)


def main() -> None:
    """Runs the command line; every error that people can meet is one line and an exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except ZooError as error:
        print(f"error: {_line(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("ZOO_TRACEBACK"):
            raise
        reason = _line(f"{type(error).__name__}: {error}")
        print(
            f"error: unexpected {reason} (a bug in faceswap-zoo; ZOO_TRACEBACK=1 shows where)",
            file=sys.stderr,
        )
        sys.exit(1)


def _line(message: str) -> str:
    """In one line, and without what a terminal obeys."""
    return printable(" ".join(message.splitlines()))


def _stop(number: int, frame: FrameType | None) -> None:
    """Ends the process as an exception would, so that temporary files are removed."""
    raise SystemExit(128 + number)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"faceswap-zoo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


if __name__ == "__main__":
    main()
