"""Checks of the servers: DVC's remote, the registry, S3, Ray; each with a time limit."""

import configparser
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from zoo.cli.diagnostics.check import Check, State
from zoo.settings import Project, without_password

_CONNECT = 5.0  # seconds for a server to answer


def dvc_remote(project: Project) -> Check:
    """The default remote of ``.dvc/config`` and ``.dvc/config.local``."""
    config = configparser.ConfigParser()
    folder = project.root / ".dvc"
    config.read([folder / "config", folder / "config.local"])
    name = config.get("core", "remote", fallback="")
    # DVC writes ['remote "name"'], quotes and all.
    url = config.get(f"'remote \"{name}\"'", "url", fallback="")
    if not url:
        return Check("dvc remote", State.NOTE, "none; photos stay on this machine",
                     "dvc remote add --default NAME URL, to share them")  # fmt: skip
    if url.startswith("s3://"):
        return bucket("dvc remote", url, f"{name}: {url}")
    if url.startswith(("http://", "https://")):
        return server("dvc remote", url, ".dvc/config")
    if "://" in url:
        return Check("dvc remote", State.NOTE, f"{name}: {url} (not tried)", "dvc status --cloud")
    path = (folder / url).resolve()
    if path.is_dir():
        return Check("dvc remote", State.OK, f"{name}: {path}")
    return Check("dvc remote", State.BROKEN, f"{name}: {path} is not a folder",
                 f"Mount or make it, or: dvc remote modify {name} url URL")  # fmt: skip


def registry(project: Project | None) -> Check:
    """The database or server that MLflow keeps the networks in."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith(("http://", "https://")):
        return server("registry", f"{uri.rstrip('/')}/health", "MLFLOW_TRACKING_URI")
    if uri.startswith("postgresql"):
        parts = urlsplit(uri)
        return _socket("registry", parts.hostname or "localhost", parts.port or 5432,
                       "MLFLOW_TRACKING_URI")  # fmt: skip
    if not uri and project is None:
        return Check("registry", State.NOTE, "none is configured; swaps use the cache",
                     "Change into a project, or set MLFLOW_TRACKING_URI.")  # fmt: skip
    if not uri and project:
        uri = f"sqlite:///{project.root / 'mlflow.db'}"
    path = Path(uri.removeprefix("sqlite:///"))
    if path.is_file():
        return Check("registry", State.OK, f"{path}, {path.stat().st_size / 1e6:.1f} MB")
    return Check("registry", State.NOTE, f"{path} is not there yet", "dvc repro makes it.")


def ray() -> Check:
    """The cluster, when one is named."""
    address = os.environ["RAY_ADDRESS"]
    if address == "auto":
        return Check("ray", State.NOTE, "RAY_ADDRESS=auto (not tried)", "ray status")
    parts = urlsplit(address if "://" in address else f"//{address}")
    return _socket("ray", parts.hostname or "", parts.port or 10001, "RAY_ADDRESS")


def server(name: str, url: str, variable: str) -> Check:
    """Any response shows that the server exists, including a refusal."""
    shown = without_password(url)
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= 500:
            return Check(name, State.BROKEN, f"{shown} answers with HTTP {error.code}",
                         "Look at that server's log.")  # fmt: skip
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Check(name, State.BROKEN, f"{shown} does not answer ({reason})",
                     f"Start that server, or correct or unset {variable}.")  # fmt: skip
    return Check(name, State.OK, f"{shown} answers")


def bucket(name: str, address: str, shown: str) -> Check:
    """Whether an ``s3://`` address can be listed with the present credentials.

    Raises:
        StorageError: it cannot; says why.
    """
    from zoo.s3.address import S3Address
    from zoo.s3.client import SHORT_RETRY_SECONDS
    from zoo.s3.transfer import listing

    next(iter(listing(S3Address.parse(address.rstrip("/") + "/"), SHORT_RETRY_SECONDS)), None)
    return Check(name, State.OK, f"{shown} answers")


def _socket(name: str, host: str, port: int, variable: str) -> Check:
    try:
        with socket.create_connection((host, port), _CONNECT):
            pass
    except OSError as error:
        reason = error.strerror or error
        return Check(name, State.BROKEN, f"{host}:{port} does not answer ({reason})",
                     f"Start that server, or correct or unset {variable}.")  # fmt: skip
    return Check(name, State.OK, f"{host}:{port} answers")
