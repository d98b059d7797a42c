"""Middleware: host, origin, token and limits of every request.

A server on loopback is reachable by every web page that the same machine's browser shows. So
the name in ``Host`` must be ours (against DNS rebinding), and whatever changes or costs
something must come from our own page or from no page at all (``Origin``).
"""

import asyncio
import hmac
import math
import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zoo.serving.options import LOCAL_NAMES, Options
from zoo.serving.web.problems import problem
from zoo.serving.web.rate_limit import FailedAttempts, RateLimit

COOKIE = "zoo_token"
SECONDS_TO_UPLOAD = 60.0
GUESSES_PER_SECOND = 1.0
GUESSES_AT_ONCE = 20
SESSION = "/api/session"
OPEN = ("/", "/health", "/docs", "/openapi.json", SESSION, "/favicon.ico")
"""What needs no token: the page itself, which holds nothing, and how to sign in."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class AccessMiddleware:
    """ASGI middleware: refuses foreign hosts, oversized uploads, frequent and slow requests."""

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self._app = app
        self._options = options
        self._rate = RateLimit(options.rate, options.burst)
        self._guesses = FailedAttempts(GUESSES_PER_SECOND, GUESSES_AT_ONCE)
        self._names = LOCAL_NAMES | {options.host, f"[{options.host}]", *options.names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal[1][:120]})
            else:
                await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["wrong_token"] = self._guesses.wrong
        send = _secured(send)
        if refusal:
            status, sentence, more = refusal
            await problem(status, sentence, more)(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, dict[str, str]] | None:
        host = headers.get("host", "").lower()
        found = _HOST.fullmatch(host)
        if host and not found:
            return 421, f"{host[:80]!r} is no host name.", {}
        name = found[1] if found else ""  # none, as old probes of load balancers send
        if self._options.loopback and name not in self._names:
            return 421, f"This server's name is not {name[:80]!r}; add it with --name.", {}
        costs = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if costs and not _same_origin(headers):
            return 403, "Another site's page may not use this server.", {}
        client = scope["client"][0] if scope.get("client") else ""
        token, shown = self._options.token, _shown(headers)
        if token and (shown or scope["path"] == SESSION) and (wait := self._guesses.wait(client)):
            return _later("Too many wrong tokens", wait)
        if token and not _is_open(scope["path"]) and not same_token(shown, token):
            if shown:
                self._guesses.wrong(client, shown)
            return (
                401,
                "A token is required, as 'Authorization: Bearer TOKEN'.",
                {"WWW-Authenticate": "Bearer"},
            )
        if costs and (wait := self._rate.wait(client)):
            return _later("Too many requests", wait)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._options.max_bytes:
            return 413, self._too_large, {}
        return None

    @property
    def _too_large(self) -> str:
        return f"The upload is larger than {self._options.max_bytes / 1e6:g} MB; make it smaller."

    def _limited(self, receive: Receive) -> Receive:
        """Limits the bytes that arrive, whatever was announced, and their time."""
        seen = 0
        deadline = asyncio.get_running_loop().time() + SECONDS_TO_UPLOAD
        more = True

        async def limited() -> Message:
            nonlocal seen, more
            if not more:  # the body is complete; what comes now is the client hanging up
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, "The upload took too long; try again.") from error
            seen += len(message.get("body", b""))
            more = bool(message.get("more_body"))
            if seen > self._options.max_bytes:
                raise HTTPException(413, self._too_large)
            return message

        return limited


def same_token(shown: str, token: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(shown.encode(), token.encode())


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith("/static/")


def _later(sentence: str, wait: float) -> tuple[int, str, dict[str, str]]:
    seconds = str(math.ceil(wait))
    return 429, f"{sentence}; try again in {seconds} s.", {"Retry-After": seconds}


def _shown(headers: Headers) -> str:
    """The token that a request shows, or nothing."""
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else _cookie(headers)


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _same_origin(headers: Headers) -> bool:
    """True for our own page, and for clients other than browsers, which send neither header."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _secured(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return secured
