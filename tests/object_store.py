"""A store for tests that use S3 over real HTTP, and the proxy that breaks it."""

import logging
import os
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests import servers
from tests.faulty import FaultyProxy, faulty_proxy
from zoo.s3.client import connect

BUCKET = servers.BUCKET


@pytest.fixture(scope="session")
def store() -> Iterator[FaultyProxy]:
    """A server for all tests of a process, and the proxy before it."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it would log each request
    with servers.s3() as url, faulty_proxy(url) as proxy:
        yield proxy


@pytest.fixture
def s3(store: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> FaultyProxy:
    """An empty store with the bucket ``zoo``, which this process's environment points at.

    What is returned stands between, and breaks what it is told to.
    """
    store.faults.clear()
    store.down_until = 0.0
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    environment = {
        "AWS_ENDPOINT_URL": store.url,
        **servers.KEYS,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nowhere/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reset = urllib.request.Request(f"{store.upstream}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=30).close()
    connect().create_bucket(Bucket=BUCKET)
    store.seen.clear()
    return store


def objects() -> dict[str, bytes]:
    """All that the bucket holds, by key."""
    client = connect()
    listed: list[Any] = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {
        entry["Key"]: client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def unfinished_uploads() -> list[Any]:
    """Multipart uploads that nobody has completed or aborted."""
    return list(connect().list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))
