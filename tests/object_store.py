"""A real S3 server (moto's, over HTTP) in a process of its own, and a proxy that breaks it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faulty import FaultyProxy, faulty_proxy
from zoo.s3.client import connect

BUCKET = "zoo"


@contextmanager
def running_store(log: Path) -> Iterator[str]:
    """Starts the server; yields its URL. What it holds is gone when it ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for all tests of a process."""
    with running_store(tmp_path_factory.mktemp("moto") / "log.txt") as url:
        yield url


@pytest.fixture
def s3(store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FaultyProxy]:
    """An empty store with the bucket ``zoo``, which this process's environment points at.

    What is yielded stands between, and breaks what it is told to.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    urllib.request.urlopen(
        urllib.request.Request(f"{store_url}/moto-api/reset", method="POST"), timeout=30
    ).close()
    with faulty_proxy(store_url) as proxy:
        environment = {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(tmp_path / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws-credentials"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        connect().create_bucket(Bucket=BUCKET)
        proxy.seen.clear()
        yield proxy


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
