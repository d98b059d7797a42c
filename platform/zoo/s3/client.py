"""One boto3 client per process and configuration, made when it is first needed."""

import os
from functools import lru_cache
from typing import Any

CONNECT_SECONDS = 10
READ_SECONDS = 30


def connect() -> Any:
    """The client for the present environment and ``~/.aws``; threads may share it.

    Raises:
        botocore.exceptions.BotoCoreError: the configuration is wrong.
        ValueError: the endpoint is no URL.
    """
    settings = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    return _client(settings, READ_SECONDS)


def endpoint() -> str:
    """The URL that requests go to, or what is known of it."""
    try:
        return str(connect().meta.endpoint_url)
    except Exception:  # the reason is told elsewhere
        return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "S3"


@lru_cache(maxsize=4)
def _client(settings: tuple[tuple[str, str], ...], read_seconds: float) -> Any:
    import botocore.session
    from boto3.session import Session
    from botocore.config import Config

    core = botocore.session.Session()
    config: dict[str, Any] = {}
    # `legacy` retries neither all connection errors nor with full jitter.
    if core.get_config_variable("retry_mode") == "legacy":
        config["retries"] = {"mode": "standard"}
    return Session(botocore_session=core).client(
        "s3",
        config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds, **config),
    )
