"""What S3 refuses, and why, in one sentence that says what to do."""

import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faulty import Fault, FaultyProxy
from tests.object_store import BUCKET
from zoo.errors import OutageError, StorageError, UsageError, ZooError
from zoo.s3 import transfer
from zoo.s3.address import S3Address
from zoo.s3.client import connect

HERE = S3Address(BUCKET, "a/photo.jpg")

Act = Callable[[Path], object]
ACTS: dict[str, Act] = {
    "upload": lambda path: transfer.upload(path, HERE, retry_seconds=0),
    "download": lambda path: transfer.download(HERE, path.with_name("down"), retry_seconds=0),
    "listing": lambda path: transfer.listing(HERE, retry_seconds=0),
}


@pytest.fixture(params=ACTS)
def act(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Tries one kind of access and returns the sentence it fails with."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"photo")

    def run() -> str:
        with pytest.raises(StorageError) as failed:
            ACTS[request.param](path)
        sentence = str(failed.value)
        assert sentence.endswith(".") and "\n" not in sentence
        assert "secret" not in sentence.replace("secret access key", "")
        return sentence

    return run


def answer(s3: FaultyProxy, status: int, code: str, message: str = "", rest: str = "") -> None:
    """The next requests are refused in S3's own words."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>{rest}</Error>"
    )
    for method in ("GET", "PUT"):  # HEAD is how boto3 asks for the right region
        s3.next(*[Fault(status=status, body=body)] * 9, method=method)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "InvalidAccessKeyId", r"does not know the access key.*AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", r"does not belong to its access key"),
        (400, "ExpiredToken", r"have expired; renew them"),
        (403, "AccessDenied", r"may not access s3://zoo/a/photo\.jpg/?; ask"),
        (403, "RequestTimeTooSkewed", r"clock differs.*timedatectl"),
        (507, "XMinioStorageFull", r"is full; free some space"),
        (400, "Strange", r"refuses s3://zoo/a/photo\.jpg"),
    ],
)
def test_refusals(
    s3: FaultyProxy, act: Callable[[], str], status: int, code: str, words: str
) -> None:
    answer(s3, status, code)
    assert re.search(words, act())


def test_a_wrong_region_is_named_with_the_right_one(
    s3: FaultyProxy, act: Callable[[], str]
) -> None:
    message = (
        "The authorization header is malformed; the region 'us-east-1' is wrong; "
        "expecting 'eu-central-1'"
    )
    answer(s3, 400, "AuthorizationHeaderMalformed", message)
    sentence = act()
    assert "is wrong: it is eu-central-1; set AWS_DEFAULT_REGION" in sentence
    s3.faults.clear()
    answer(s3, 301, "PermanentRedirect", "Use another endpoint.")
    assert "'zoo' is in another region" in act()


def test_a_store_that_cannot_answer_now_is_an_outage(s3: FaultyProxy) -> None:
    answer(s3, 503, "SlowDown", "Please reduce your request rate.")
    with pytest.raises(OutageError, match=r"HTTP 503, SlowDown.*later"):
        transfer.listing(HERE, retry_seconds=0)


@pytest.mark.parametrize(
    "entry", ["<Key>a.jpg</Key>", "<Size>1</Size>", "<Key>a.jpg</Key><Size>many</Size>"]
)
def test_a_listing_without_what_s3_says_of_each_object(s3: FaultyProxy, entry: str) -> None:
    s3.next(Fault(status=200, body=f"<R><Contents>{entry}</Contents></R>"), method="GET")
    with pytest.raises(StorageError, match=r"s3://zoo/a/photo.jpg/ is not an answer of S3 \(.*AWS"):
        transfer.listing(HERE, retry_seconds=0)


def test_an_object_without_its_version(s3: FaultyProxy, tmp_path: Path) -> None:
    s3.next(Fault(status=200, body="photo"), method="GET")
    with pytest.raises(StorageError, match=r"is not an answer of S3 \(KeyError: 'ETag'\)"):
        transfer.download(HERE, tmp_path / "down", retry_seconds=0)
    assert not any(tmp_path.iterdir())


def test_no_credentials(
    s3: FaultyProxy, act: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "No credentials for s3://zoo/a/photo.jpg" in act()
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert "(The config profile (work) could not be found)" in act()


def test_an_endpoint_that_is_no_url(
    s3: FaultyProxy, act: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "minio:9000")
    assert "Invalid endpoint: minio:9000" in act()


def test_a_bucket_whose_name_cannot_be(s3: FaultyProxy) -> None:
    with pytest.raises(StorageError, match="'My Bucket' cannot be the name of a bucket"):
        transfer.listing(S3Address("My Bucket", "x"))
    for wrong in ("s3:/bucket/key", "s3://", "bucket/key"):
        with pytest.raises(UsageError, match="write s3://BUCKET/KEY"):
            S3Address.parse(wrong)


@pytest.fixture
def guarded(s3: FaultyProxy) -> Iterator[FaultyProxy]:
    """A store that checks access keys and signatures from now on."""

    def after(actions: str) -> None:
        url = f"{s3.upstream}/moto-api/reset-auth"
        plain = {"Content-Type": "text/plain"}
        urllib.request.urlopen(
            urllib.request.Request(url, actions.encode(), plain, method="POST"), timeout=30
        ).close()

    after("0")
    yield s3
    after("inf")


def test_a_wrong_key_to_a_real_server(guarded: FaultyProxy, act: Callable[[], str]) -> None:
    assert "does not know the access key" in act()


def test_everything_of_ours_is_a_zoo_error_and_the_rest_passes() -> None:
    from zoo.s3.error_translation import translated_errors

    with pytest.raises(KeyError), translated_errors(HERE):
        raise KeyError("a bug in faceswap-zoo")
    with pytest.raises(ZooError, match="mine"), translated_errors(HERE):
        raise StorageError("mine")


def test_the_environment_is_followed_within_a_process(
    s3: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connect() is connect()
    before = connect()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert connect() is not before
    assert connect().meta.region_name == "eu-west-1"
    assert os.environ["AWS_ENDPOINT_URL"] == connect().meta.endpoint_url


def test_retries_use_full_jitter_unless_the_user_has_chosen(
    s3: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connect().meta.config.retries["mode"] == "standard"
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    assert connect().meta.config.retries == {"mode": "adaptive", "total_max_attempts": 7}
