"""Error responses: RFC 9457 problem details with one sentence."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from zoo.errors import (
    AssetError,
    BasisError,
    PhotoError,
    RegistryError,
    StorageError,
    UnknownIdentityError,
    UsageError,
    ZooError,
)

MEDIA_TYPE = "application/problem+json"

# The first that fits: a class stands before its bases.
_STATUS: tuple[tuple[type[ZooError], int], ...] = (
    (UnknownIdentityError, 404),
    (BasisError, 403),
    (UsageError, 422),
    (PhotoError, 422),
    (StorageError, 503),
    (RegistryError, 503),
    (AssetError, 503),
)


class BusyError(ZooError):
    """More is under way than the server takes on."""


class LimitError(ZooError):
    """An upload larger than the server takes."""


def status_of(error: ZooError) -> int:
    """The HTTP status for ``error``."""
    if isinstance(error, BusyError):
        return 503
    if isinstance(error, LimitError):
        return 413
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A response that describes an error in one sentence."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
    }
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every error of ``app`` a problem."""

    @app.exception_handler(ZooError)
    async def zoo_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ZooError)
        status = status_of(error)
        return problem(status, str(error), {"Retry-After": "2"} if status == 503 else None)

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        sentence = str(error.detail)
        if sentence == HTTPStatus(error.status_code).phrase:
            sentence = {
                404: "There is no such endpoint; /docs lists them.",
                405: "This endpoint does not support that method; /docs lists them.",
            }.get(error.status_code, f"{sentence}.")
        return problem(error.status_code, sentence, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = str(first["loc"][-1]) if first["loc"] else "The request"
        return problem(422, f"'{where}': {str(first['msg'])[:300].rstrip('.')}.")

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        return problem(500, f"An unexpected error occurred ({type(error).__name__}).")
