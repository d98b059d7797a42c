"""The HTTP interface: REST, web page, health and metrics; cameras are in :mod:`.camera`.

Built on FastAPI, which writes ``/openapi.json``; ``/docs`` shows that as a page of our own,
because FastAPI's loads its scripts from elsewhere.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from fastapi import FastAPI, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from zoo import __version__
from zoo.errors import UnknownIdentityError
from zoo.faces.compositing.blending import Method
from zoo.provenance.identities.names import check_name
from zoo.serving.deployment.backend import Backend
from zoo.serving.gallery import Gallery
from zoo.serving.options import Options
from zoo.serving.swap_requests import answer, choose
from zoo.serving.upload_swapping import Kind, SwapRequest
from zoo.serving.web import camera, problems
from zoo.serving.web.graceful_shutdown import GracefulShutdown
from zoo.serving.web.metrics import MEDIA_TYPE, Counted, Metrics
from zoo.serving.web.middleware import COOKIE, AccessMiddleware, same_token
from zoo.swapping.option_parsing import MOST, parts_of
from zoo.swapping.options import CompositingOptions

_T = TypeVar("_T")

PAGE = Path(__file__).with_name("page")
_MOST_REFERENCES = 16

Photo = Annotated[
    UploadFile, File(description="JPEG, HEIC, PNG, WebP, TIFF, BMP, GIF, AVIF or JPEG XL.")
]


class Face(BaseModel):
    """Where a face is, in pixels of the upright photo."""

    number: int = Field(description="What 'faces' of a swap takes; 0 is the largest.")
    left: int
    top: int
    right: int
    bottom: int


class Faces(BaseModel):
    """The faces of a photo, the largest first."""

    width: int
    height: int
    faces: list[Face]


class Problem(BaseModel):
    """The error, as an RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence: what was wrong and what to do.")


class Health(BaseModel):
    """Whether it runs."""

    status: Literal["ok"] = "ok"
    software: str = "faceswap-zoo"
    version: str = __version__


class Limits(BaseModel):
    """What a client may send."""

    max_bytes: int
    max_pixels: int
    frame_pixels: int = camera.MAX_PIXELS
    max_references: int = _MOST_REFERENCES


def create(backend: Backend, options: Options, ending: GracefulShutdown | None = None) -> FastAPI:
    """The application; ``ending`` hears of its requests."""
    metrics = Metrics()
    app = FastAPI(
        title="faceswap-zoo",
        version=__version__,
        summary="Swap faces with the networks of a zoo.",
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )
    _add_pages(app)
    _add_swapping(app, backend, options, metrics)
    _add_state(app, options, metrics)
    camera.add(app, backend, options, metrics)
    problems.install(app)
    app.add_middleware(AccessMiddleware, options=options)
    app.add_middleware(Counted, metrics=metrics)
    if ending:
        app.add_middleware(ending.wrap)
    return app


def _add_swapping(app: FastAPI, backend: Backend, options: Options, metrics: Metrics) -> None:
    waiting = 0

    async def admitted(
        upload: UploadFile, work: Callable[[bytes], Awaitable[_T]], also: int = 0
    ) -> _T:
        nonlocal waiting
        photo = await upload.read()
        size = len(photo) + also
        if waiting + size > options.max_waiting_bytes:
            raise problems.BusyError("The server's queue is full; try again.")
        waiting += size
        metrics.waiting.set(waiting)
        try:
            return await work(photo)
        finally:
            waiting -= size
            metrics.waiting.set(waiting)

    @app.get("/api/identities", tags=["identities"])
    async def identities() -> Gallery:
        """List the identities with their scores."""
        return await backend.gallery()

    @app.get(
        "/api/identities/{name}/preview",
        tags=["identities"],
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    async def preview(name: str, version: Annotated[int, Query(ge=1)]) -> Response:
        """Show what an identity's network does: photos above, their swaps below."""
        picture = await backend.preview(check_name(name), version)
        if picture is None:
            raise UnknownIdentityError(f"There is no preview of {name} version {version}.")
        kept = {"Cache-Control": "private, max-age=86400"}  # a version's never changes
        return Response(picture, media_type="image/jpeg", headers=kept)

    @app.post("/api/faces", tags=["photos"])
    async def faces(photo: Photo) -> Faces:
        """Find the faces of a photo."""
        found = await admitted(photo, backend.find)
        boxes = (
            dict(zip(("left", "top", "right", "bottom"), box, strict=True)) for box in found.boxes
        )
        numbered = [Face(number=number, **box) for number, box in enumerate(boxes)]
        return Faces(width=found.width, height=found.height, faces=numbered)

    @app.post(
        "/api/swap",
        tags=["photos"],
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}}},
    )
    async def swap(
        photo: Photo,
        identity: Annotated[
            str | None,
            Form(
                description="NAME, NAME@ALIAS or NAME:VERSION; optional if 'map' names the "
                "identities.",
                max_length=140,
            ),
        ] = None,
        faces: Annotated[
            str,
            Form(
                description="Faces that receive 'identity': all, largest, left, right, numbers "
                "such as "
                "0,2, or the file name of a 'reference'.",
                max_length=300,
            ),
        ] = "all",
        map: Annotated[
            list[str] | None,
            Form(
                description="Another identity for one face, FACE=NAME, such as left=bruno, "
                "1=bruno or anna.jpg=bruno; repeatable.",
                max_length=MOST,
            ),
        ] = None,
        reference: Annotated[
            list[UploadFile] | None,
            File(
                description="Photos of people that 'faces' or 'map' name by file name; repeatable.",
                max_length=_MOST_REFERENCES,
            ),
        ] = None,
        method: Annotated[Method, Form(description="How the seam is closed.")] = "feather",
        keep: Annotated[
            str,
            Form(
                description="Parts of the original face to keep: any of mouth,eyes,hair.",
                max_length=100,
            ),
        ] = "",
        strength: Annotated[
            float, Form(description="Opacity of the new face, 0 to 1.", ge=0, le=1)
        ] = 1.0,
        format: Annotated[
            Kind, Form(description="Format of the response; default: the photo's.")
        ] = "same",
    ) -> Response:
        """Swap faces of a photo. The answer is a picture, signed and marked as synthetic."""
        chosen, mapped = await choose(backend, options.networks, identity, map or [])
        references = {one.filename or "": await one.read() for one in reference or []}
        wish = SwapRequest(
            (faces,) if identity is not None else (),
            mapped,
            references,
            CompositingOptions(method, parts_of([keep]), strength),
            format,
        )
        result = await admitted(
            photo,
            lambda read: backend.swap(read, chosen, wish),
            sum(len(one) for one in references.values()),
        )
        for one, count in zip(chosen, result.by, strict=True):
            metrics.faces.labels(one.identity).inc(count)
        metrics.swap_seconds.observe(result.seconds)
        return answer(result, chosen, photo.filename)


def _add_state(app: FastAPI, options: Options, metrics: Metrics) -> None:
    @app.get("/health", tags=["state"])
    async def health() -> Health:
        """Report that the server runs."""
        return Health()

    @app.get("/metrics", tags=["state"], response_class=Response)
    async def prometheus() -> Response:
        """Count requests, swaps and frames, for Prometheus."""
        return Response(metrics.text(), media_type=MEDIA_TYPE)

    @app.get("/api/limits", tags=["state"])
    async def limits() -> Limits:
        """Return the limits of uploads."""
        return Limits(max_bytes=options.max_bytes, max_pixels=options.max_pixels)

    @app.post("/api/session", tags=["state"], status_code=204)
    async def session(request: Request, token: Annotated[str, Form(max_length=200)]) -> Response:
        """Sign in as a browser: takes the token once and remembers it in a cookie."""
        if options.token is None:
            return Response(status_code=204)
        if not same_token(token, options.token):
            request.state.wrong_token(request.client.host if request.client else "", token)
            return problems.problem(401, "The token is wrong.")
        response = Response(status_code=204)
        response.set_cookie(
            COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https"
        )
        return response


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(PAGE / "api.html", headers={"Cache-Control": "no-cache"})

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> FileResponse:
        return FileResponse(PAGE / "icon.svg", media_type="image/svg+xml")

    app.mount("/static", StaticFiles(directory=PAGE), name="static")
