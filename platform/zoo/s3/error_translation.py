"""Translates errors of S3 into sentences with a remedy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from zoo.errors import MissingObjectError, OutageError, StorageError, ZooError
from zoo.s3.address import S3Address

_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile in ~/.aws"
)

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_MISSING = {
    "NoSuchKey": "There is no {address}; check its name.",
    "NoSuchBucket": "There is no bucket '{bucket}' at {endpoint}; create it, or check its name "
    "and AWS_ENDPOINT_URL.",
    "404": "There is no {address} at {endpoint}; check the bucket, the key and AWS_ENDPOINT_URL.",
}
_REFUSED = {
    "InvalidAccessKeyId": "{endpoint} does not know the access key that was used for {address}; "
    "check AWS_ACCESS_KEY_ID or AWS_PROFILE, and AWS_ENDPOINT_URL.",
    "SignatureDoesNotMatch": "The secret access key that was used for {address} does not belong "
    "to its access key; check AWS_SECRET_ACCESS_KEY or AWS_PROFILE.",
    "ExpiredToken": "The credentials that were used for {address} have expired; renew them (for "
    "example with 'aws sso login').",
    "InvalidToken": "The session token that was used for {address} is not valid; renew the "
    "credentials, or unset AWS_SESSION_TOKEN.",
    "AccessDenied": "The credentials that were used may not access {address}; ask for the right "
    "to read, write and list it, or use others.",
    "AuthorizationHeaderMalformed": "The region used for {address} is wrong{region}; set "
    "AWS_DEFAULT_REGION to its bucket's.",
    "PermanentRedirect": "Bucket '{bucket}' is in another region{region}; set AWS_DEFAULT_REGION "
    "to it.",
    "RequestTimeTooSkewed": "This machine's clock differs from S3's by more than 15 minutes; set "
    "it (for example with 'timedatectl set-ntp true') and run it again.",
    "InvalidBucketName": "'{bucket}' cannot be the name of a bucket; check {address}.",
    "QuotaExceeded": "The store at {endpoint} is full; free some space for {address}.",
    "EntityTooLarge": "{address} would be larger than the store allows.",
}
_ALIKE = {
    "TokenRefreshRequired": "ExpiredToken",
    "RequestExpired": "RequestTimeTooSkewed",
    "AllAccessDisabled": "AccessDenied",
    "InvalidObjectState": "AccessDenied",
    "403": "AccessDenied",
    "InvalidRegionName": "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException": "PermanentRedirect",
    "301": "PermanentRedirect",
    "XMinioStorageFull": "QuotaExceeded",
    "InsufficientStorage": "QuotaExceeded",
}


@contextmanager
def translated_errors(address: S3Address) -> Iterator[None]:
    """Translates botocore's exceptions into a sentence about ``address``.

    Raises:
        MissingObjectError: no such bucket or object.
        OutageError: the store does not answer, or cannot answer now.
        StorageError: it refuses: credentials, region, clock, rights, space.
    """
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        translated = _translated(error, address)
        if translated is None:
            raise
        raise translated from error


@contextmanager
def expected_answer(address: S3Address) -> Iterator[None]:
    """For reading an answer: botocore passes on one that lacks fields, or has words for numbers.

    Raises:
        StorageError: the answer is not one of S3.
    """
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, BotoCoreError) or "endpoint" in str(error).lower():
            raise
        raise StorageError(
            f"What {_endpoint()} answers for {address} is not an answer of S3 "
            f"({type(error).__name__}: {_short(error)}); check AWS_ENDPOINT_URL."
        ) from error


def code_of(error: Exception) -> str:
    """S3's code of an error, or its HTTP status, or nothing."""
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _translated(error: Exception, address: S3Address) -> StorageError | None:
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return _of_answer(error, address)
    unreachable = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)
    no_credentials = (
        boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError,
        boto.ProfileNotFound, boto.SSOError, boto.TokenRetrievalError, boto.NoAuthTokenError,
    )  # fmt: skip
    broken = (boto.ResponseStreamingError, boto.IncompleteReadError, boto.ConnectionClosedError)
    words = "the connection broke" if isinstance(error, broken) else _short(error)
    if isinstance(error, no_credentials):
        return StorageError(f"No credentials for {address} ({words}): {_CREDENTIALS}.")
    if isinstance(error, boto.SSLError):
        return StorageError(
            f"The certificate of {_endpoint()} is not trusted ({words}); set AWS_CA_BUNDLE to "
            "the file of its authority, or check AWS_ENDPOINT_URL."
        )
    if isinstance(error, unreachable):
        return OutageError(
            f"{_endpoint()} does not answer for {address} ({words}); check the network and "
            "AWS_ENDPOINT_URL, and run it again."
        )
    if isinstance(error, boto.FlexibleChecksumError | boto.ChecksumError):
        return OutageError(f"{address} arrived damaged ({words}); run the command again.")
    if isinstance(error, boto.ParamValidationError):
        return StorageError(_REFUSED["InvalidBucketName"].format(**_names(address)))
    if isinstance(error, boto.BotoCoreError) or (
        isinstance(error, ValueError) and "endpoint" in str(error).lower()
    ):
        return StorageError(
            f"S3 cannot be used for {address} ({words}): check the AWS_... variables and ~/.aws."
        )
    return None


def _of_answer(error: Exception, address: S3Address) -> StorageError:
    code, status = code_of(error), _status(error)
    names = _names(address) | {"region": _region(error)}
    code = _ALIKE.get(code, code)
    if code in _MISSING:
        return MissingObjectError(_MISSING[code].format(**names))
    if code in _REFUSED:
        return StorageError(_REFUSED[code].format(**names))
    if status == 429 or status >= 500 or code in {"SlowDown", "RequestTimeout"}:
        return OutageError(
            f"{names['endpoint']} cannot answer for {address} now (HTTP {status}, "
            f"{code or 'no reason given'}); run it again later."
        )
    return StorageError(f"{names['endpoint']} refuses {address}: {_short(error)}.")


def _names(address: S3Address) -> dict[str, str]:
    return {"address": str(address), "bucket": address.bucket, "endpoint": _endpoint()}


def _endpoint() -> str:
    from zoo.s3.client import endpoint

    return endpoint()


def _region(error: Exception) -> str:
    """The right region, where S3 says it."""
    answer = getattr(error, "response", {})
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told = answer.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region")
    expected = re.search(r"expecting '([^']+)'", str(error))
    told = told or (expected and expected[1])
    return f": it is {told}" if told else ""


def _status(error: Exception) -> int:
    answer = getattr(error, "response", {})
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _short(error: Exception) -> str:
    """The reason on one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".")[:200]
