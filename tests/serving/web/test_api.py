"""What clients see: the same application that Ray Serve runs, in this process."""

import asyncio
import io
import json
import struct
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pillow_heif
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Pillow
from starlette.websockets import WebSocketDisconnect

from tests.networks_on_disk import write_network
from tests.serving.conftest import REGISTRY, encoded
from zoo.faces.video.tracker import Tracker
from zoo.photos.sandbox.decoder_processes import Decoders
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking, together
from zoo.provenance.credentials.verifying import FINE, verify
from zoo.serving.deployment.backend import Chosen
from zoo.serving.gallery import Gallery
from zoo.serving.library import Library
from zoo.serving.live_frames import RATE, Following, Frame, swap_tracked, track_frame
from zoo.serving.options import Options
from zoo.serving.upload_swapping import Found, Result, SwapRequest, find_in_upload, swap_upload
from zoo.serving.web import api
from zoo.serving.web.rate_limit import FailedAttempts
from zoo.swapping.network import SwapNetwork

HERE = "http://127.0.0.1:8000"
SOCKET = "ws://127.0.0.1:8000"
MARK = Marking("ada", "1", "0" * 64, "synthetic")


@cache
def decoders() -> Decoders:
    """As a worker has them."""
    return Decoders(1)


class InProcess:
    """Does the work here and now."""

    def __init__(self, network: Path, options: Options) -> None:
        self._network = SwapNetwork(network)
        self._blackening = SwapNetwork(write_network(network.with_name("black.onnx"), 0.0))
        self._library = Library(REGISTRY)
        self._options = options

    async def gallery(self) -> Gallery:
        return self._library.gallery()

    async def preview(self, name: str, version: int) -> bytes | None:
        return self._library.preview(name, version)

    async def choose(self, reference: str) -> Chosen:
        return self._library.choose(reference)

    async def find(self, photo: bytes) -> Found:
        return find_in_upload(photo, max_pixels=self._options.max_pixels, decode=decoders())

    async def swap(self, photo: bytes, chosen: Sequence[Chosen], wish: SwapRequest) -> Result:
        return swap_upload(
            photo,
            self._network,
            together([Marking(one.identity, "1", one.sha256, one.basis) for one in chosen]),
            wish=wish,
            others=[self._blackening] * (len(chosen) - 1),
            max_pixels=self._options.max_pixels,
            decode=decoders(),
        )

    async def frame(
        self, jpeg: bytes, chosen: Chosen, following: Following | None
    ) -> AsyncIterator[Following | Frame]:
        tracked, known = await asyncio.to_thread(track_frame, jpeg, following, decoders())
        yield known
        yield await asyncio.to_thread(swap_tracked, tracked, self._network, MARK)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_network(tmp_path / "network.onnx", 0.6)


@pytest.fixture
def client(network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    return ask(network)


def ask(network: Path, **options: Any) -> TestClient:
    given = Options(registry=REGISTRY, **{"rate": 0.0, "max_bytes": 3_000_000, **options})
    return TestClient(api.create(InProcess(network, given), given), base_url=HERE)


def sentence(answer: Any, status: int) -> str:
    """The one sentence of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"].endswith(".") and "/tmp" not in problem["detail"]
    return str(problem["detail"])


def swap(client: TestClient, photo: bytes, **fields: str) -> Any:
    return client.post(
        "/api/swap", files={"photo": ("my photo.jpg", photo)}, data={"identity": "ada", **fields}
    )


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_the_gallery_shows_who_has_a_basis_with_scores(client: TestClient) -> None:
    gallery = client.get("/api/identities").json()
    assert [one["name"] for one in gallery["identities"]] == ["ada", "bruno"]
    assert gallery["identities"][0]["scores"] == {"nearest_rate": 0.95, "landmark_difference": 4.0}
    assert gallery["identities"][0]["aliases"] == ["champion"]


def test_a_preview_comes_from_the_cache(client: TestClient) -> None:
    address = client.get("/api/identities").json()["identities"][0]["preview"]
    answer = client.get(address)
    assert answer.headers["content-type"] == "image/jpeg"
    with Pillow.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1280, 320)
    sentence(client.get("/api/identities/bruno/preview?version=1"), 404)
    sentence(client.get("/api/identities/..%2f..%2fetc/preview?version=1"), 404)


def test_a_swap_is_a_signed_picture_in_the_photos_format(
    client: TestClient, couple: bytes, tmp_path: Path
) -> None:
    answer = swap(client, couple)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["zoo-faces"] == "2"
    assert 'filename="my_photo-ada.jpg"' in answer.headers["content-disposition"]
    assert DIGITAL_SOURCE_TYPE.encode() in answer.content
    (tmp_path / "swapped.jpg").write_bytes(answer.content)
    assert verify(tmp_path / "swapped.jpg").status in FINE


def test_a_phones_photo_becomes_a_jpeg_and_what_is_left_out_is_told(
    client: TestClient, couple: bytes
) -> None:
    with Pillow.open(io.BytesIO(couple)) as picture:
        photo, other = io.BytesIO(), Pillow.new("RGB", picture.size)
        pillow_heif.register_heif_opener()
        picture.save(photo, "HEIF", quality=95, save_all=True, append_images=[other])
    found = client.post("/api/faces", files={"photo": photo.getvalue()}).json()
    assert (found["width"], found["height"], len(found["faces"])) == (640, 320, 2)
    answer = swap(client, photo.getvalue())
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["zoo-dropped"] == "1 more picture"
    assert "zoo-dropped" not in swap(client, couple).headers


def test_only_the_chosen_faces_change(client: TestClient, couple: bytes) -> None:
    found = client.post("/api/faces", files={"photo": couple}).json()
    assert (found["width"], found["height"], len(found["faces"])) == (640, 320, 2)
    first = found["faces"][0]
    answer = swap(client, couple, faces="0", format="png")
    with Pillow.open(io.BytesIO(couple)) as a, Pillow.open(io.BytesIO(answer.content)) as b:
        changed = np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max(axis=2) > 0
    here = slice(0, 320) if first["left"] < 320 else slice(320, 640)
    there = slice(320, 640) if first["left"] < 320 else slice(0, 320)
    assert changed[:, here].any()
    assert not changed[:, there].any()


def test_each_face_gets_the_identity_that_is_meant_for_it(
    client: TestClient, couple: bytes, tmp_path: Path
) -> None:
    with Pillow.open(io.BytesIO(couple)) as picture:
        before = np.asarray(picture, float)
        picture.crop((320, 0, 640, 320)).save(tmp_path / "her own=1.png")
    reference = ("her own=1.png", (tmp_path / "her own=1.png").read_bytes())

    def sharpness(answer: Any) -> tuple[float, float]:
        assert answer.status_code == 200, answer.text
        with Pillow.open(io.BytesIO(answer.content)) as picture:
            change = np.abs(np.asarray(picture, float) - before)
        return float(change[:, :320].mean()), float(change[:, 320:].mean())

    def asked(photos: tuple[tuple[str, bytes], ...] = (), **fields: Any) -> Any:
        files = [("photo", ("my photo.jpg", couple))]
        files += [("reference", one) for one in photos]
        return client.post("/api/swap", files=files, data=fields)

    places = asked(map=["left=ada", "right=bruno"], format="png")
    assert 'filename="my_photo-ada-bruno.png"' in places.headers["content-disposition"]
    assert [one.split(";")[0] for one in places.headers["zoo-network"].split(", ")] == [
        "ada:1",
        "bruno:1",
    ]
    left, right = sharpness(places)  # bruno's network takes all detail away here
    assert 2 * left < right
    by_photo = asked((reference,), identity="ada", map=[f"{reference[0]}=bruno"], format="png")
    assert sharpness(by_photo) == (left, right)
    alone = asked((reference,), identity="ada", faces=reference[0], format="png")
    assert alone.headers["zoo-faces"] == "1" and sharpness(alone)[0] == 0
    weak = asked(map=["left=ada", "right=bruno"], strength="0.5", keep="eyes,mouth", format="png")
    assert sharpness(weak)[1] < 0.6 * right
    metrics = client.get("/metrics").text
    assert 'identity="bruno"} 3.0' in metrics

    other = asked((reference,), identity="ada", faces="other.png")
    assert "'other.png' is not a face" in sentence(other, 422)
    nobody = ("nobody.png", encoded(np.full((200, 300, 3), 90, np.uint8)))
    assert "nobody.png is a reference photo" in sentence(
        asked((nobody,), map=["nobody.png=ada"]), 422
    )
    assert "same face" in sentence(asked(map=["left=ada", "0=bruno", "1=bruno"]), 422)


def test_what_is_no_photo_is_refused_in_a_sentence(client: TestClient, portrait: bytes) -> None:
    assert sentence(swap(client, b""), 422) == "The photo is empty; give a photo."
    assert "not a photo" in sentence(swap(client, b"<svg onload=alert(1)>"), 422)
    assert "damaged" in sentence(swap(client, portrait[:2000]), 422)
    meadow = encoded(np.full((200, 300, 3), 90, np.uint8))
    assert "no detectable face" in sentence(swap(client, meadow), 422)
    assert "no detectable face" in sentence(client.post("/api/faces", files={"photo": meadow}), 422)


def test_a_bomb_is_refused_before_it_is_decoded(client: TestClient) -> None:
    assert "pixels" in sentence(swap(client, png_of_size(60_000, 60_000)), 422)
    assert "50 million" in sentence(swap(client, png_of_size(8_000, 7_000)), 422)


def test_too_much_is_refused_whatever_was_announced(client: TestClient) -> None:
    assert "3 MB" in sentence(swap(client, b"\xff\xd8\xff" + bytes(3_000_000)), 413)

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        for _ in range(40):
            yield bytes(100_000)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/api/swap", content=endless(), headers=headers)
    assert "3 MB" in sentence(answer, 413)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"identity": "adda"}, 404, "did you mean ada"),
        ({"identity": "nobody"}, 404, "nobody"),
        ({"identity": "../etc"}, 422, "valid name"),
        ({"identity": "ada:99"}, 404, "No identity 'ada:99'"),
        ({"identity": "ada@candidate"}, 404, "No identity 'ada@candidate'"),
        ({"faces": "7"}, 422, "counted from 0"),
        ({"faces": "-1"}, 422, "is not a face"),
        ({"faces": "0" + ",0" * 500}, 422, "300 characters"),
        ({"method": "paste"}, 422, "method"),
        ({"map": "left"}, 422, "send FACE=NAME"),
        ({"map": "left=adda"}, 404, "did you mean ada"),
        ({"map": "-1=ada"}, 422, "is not a face"),
        ({"keep": "nose"}, 422, "cannot be kept"),
        ({"strength": "2"}, 422, "strength"),
        ({"strength": "nan"}, 422, "strength"),
        ({"format": "exe"}, 422, "format"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    client: TestClient, portrait: bytes, fields: dict[str, str], status: int, words: str
) -> None:
    assert words in sentence(swap(client, portrait, **fields), status)


def test_broken_forms_are_refused(client: TestClient) -> None:
    sentence(client.post("/api/swap"), 422)
    sentence(client.post("/api/swap", data={"identity": "ada"}), 422)
    sentence(client.post("/api/swap", data={"identity": "ada", "photo": "text"}), 422)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    sentence(client.post("/api/swap", content=b"--y\r\n\0\0", headers=headers), 400)
    sentence(client.get("/nowhere"), 404)
    sentence(client.get("/static/../api.py"), 404)
    sentence(client.put("/api/swap"), 405)


def test_another_sites_page_is_refused(client: TestClient, portrait: bytes) -> None:
    files = {"photo": portrait}
    rebound = client.post("/api/faces", files=files, headers={"host": "evil.example"})
    assert "evil.example" in sentence(rebound, 421)
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
    ):
        sentence(client.post("/api/faces", files=files, headers=headers), 403)
    assert client.post("/api/faces", files=files, headers={"origin": HERE}).status_code == 200
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(
            f"{SOCKET}/api/live?identity=ada", headers={"origin": "https://evil.x"}
        ),
    ):
        pass


def test_a_token_is_asked_of_everybody(network: Path, zoo_cache: Path, portrait: bytes) -> None:
    client = ask(network, token="secret")
    assert client.get("/").status_code == client.get("/health").status_code == 200
    assert client.get("/static/app.js").status_code == 200
    for answer in (
        client.get("/api/identities"),
        client.get("/metrics"),
        client.get("/api/identities", headers={"authorization": "Bearer wrong"}),
        client.get("/api/identities", headers={"authorization": "Basic secret"}),
        swap(client, portrait),
    ):
        sentence(answer, 401)
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(f"{SOCKET}/api/live?identity=ada"),
    ):
        pass
    bearer = {"authorization": "Bearer secret"}
    assert client.get("/metrics", headers=bearer).status_code == 200
    sentence(client.post("/api/session", data={"token": "wrong"}), 401)
    signed_in = client.post("/api/session", data={"token": "secret"})
    assert signed_in.status_code == 204
    cookie = signed_in.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert client.get("/metrics").status_code == 200  # by the cookie


@pytest.mark.parametrize("way", ["header", "cookie", "session"])
def test_who_guesses_the_token_has_to_wait(
    network: Path, zoo_cache: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Time stands still: on a busy machine twenty guesses take the second that allows another.
    monkeypatch.setattr(FailedAttempts.__init__, "__defaults__", (lambda: 0.0,))
    client = ask(network, token="secret")

    def show(token: str) -> Any:
        if way == "session":
            return client.post("/api/session", data={"token": token})
        shown = {"cookie": f"zoo_token={token}", "authorization": f"Bearer {token}"}
        name = "cookie" if way == "cookie" else "authorization"
        return client.get("/metrics", headers={name: shown[name]})

    for number in range(20):
        sentence(show(f"guess {number}" if way != "cookie" else f"guess{number}"), 401)
    answer = show("secret")
    assert "Too many wrong tokens" in sentence(answer, 429)
    assert answer.headers["retry-after"] == "1"
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:80@evil.example", "me@127.0.0.1", "[::1", "[::1]x", "127.0.0.1:x", ""]
)
def test_a_host_that_is_more_than_a_name_and_a_port_is_refused(
    client: TestClient, host: str
) -> None:
    sentence(client.get("/api/limits", headers={"host": host}), 421)


def test_who_asks_too_often_has_to_wait(network: Path) -> None:
    client = ask(network, rate=0.001, burst=2)
    for _ in range(2):
        assert client.post("/api/session", data={"token": "x"}).status_code == 204
    answer = client.post("/api/session", data={"token": "x"})
    sentence(answer, 429)
    assert int(answer.headers["retry-after"]) > 100
    assert client.get("/api/limits").status_code == 200  # looking costs nothing


def test_no_more_is_taken_on_than_fits(
    network: Path, zoo_cache: Path, portrait: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))
    answer = swap(ask(network, max_waiting_bytes=1000), portrait)
    sentence(answer, 503)
    assert answer.headers["retry-after"]


def test_pages_run_no_script_but_ours(client: TestClient) -> None:
    for path in ("/", "/docs"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "style=" not in answer.text and "onclick" not in answer.text
        assert "://" not in answer.text.replace("http://www.w3.org", "")


def test_the_openapi_page_describes_what_there_is(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]
    assert {"/api/identities", "/api/faces", "/api/swap", "/health", "/metrics"} <= set(described)


def test_metrics_count_requests_and_faces(client: TestClient, portrait: bytes) -> None:
    swap(client, portrait)
    swap(client, b"nothing")
    text = client.get("/metrics").text
    assert 'zoo_requests_total{route="/api/swap",status="200"} 1.0' in text
    assert 'zoo_requests_total{route="/api/swap",status="422"} 1.0' in text
    assert 'zoo_swapped_faces_total{identity="ada"} 1.0' in text


def test_frames_come_back_swapped_and_marked(client: TestClient, portrait: bytes) -> None:
    with Pillow.open(io.BytesIO(portrait)) as picture:
        frame = encoded(np.asarray(picture.convert("RGB")), "JPEG")
    with client.websocket_connect(
        f"{SOCKET}/api/live?identity=ada", headers={"origin": HERE}
    ) as socket:
        for number in (7, 8):
            socket.send_bytes(struct.pack(">I", number) + frame)
            answer = socket.receive_bytes()
            assert struct.unpack_from(">IHB", answer)[::2] == (number, 1)
            assert DIGITAL_SOURCE_TYPE.encode() in answer
            with Pillow.open(io.BytesIO(answer[7:])) as swapped:
                assert swapped.size == (320, 320)
        empty = encoded(np.full((240, 320, 3), 90, np.uint8), "JPEG")
        socket.send_bytes(struct.pack(">I", 9) + empty)
        assert struct.unpack(">IHB", socket.receive_bytes())[::2] == (9, 0)


def test_the_next_frame_is_tracked_while_one_is_swapped(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))

    class Waiting(InProcess):
        """Swaps a frame only once the next one has been tracked after it."""

        tracked: ClassVar[list[int | None]] = []

        async def frame(
            self, jpeg: bytes, chosen: Chosen, following: Following | None
        ) -> AsyncIterator[Following | Frame]:
            number = len(self.tracked)
            self.tracked.append(following.track if following else None)
            yield Following(Tracker(RATE), track=number)
            async with asyncio.timeout(20):
                while len(self.tracked) < min(3, number + 2):
                    await asyncio.sleep(0.01)
            yield Frame(b"%d" % number, 0.0)

    given = Options(registry=REGISTRY, rate=0.0)
    client = TestClient(api.create(Waiting(network, given), given), base_url=HERE)
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        for number in range(2):
            socket.send_bytes(struct.pack(">I", number) + b"a frame")
            time.sleep(0.1)  # else the second would take the place of the first
        assert socket.receive_bytes()[7:] == b"0"
        socket.send_bytes(struct.pack(">I", 2) + b"a frame")
        assert [socket.receive_bytes()[7:] for _ in range(2)] == [b"1", b"2"]
    assert Waiting.tracked == [None, 0, 1]  # each with what the one before it gave


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\0\0\0\1not a jpeg", "not a JPEG"),
        (b"\0", "binary message"),
        (bytes(1_600_000), "1500000"),
        (b"\0\0\0\1" + encoded(np.zeros((1300, 1300, 3), np.uint8), "JPEG"), "1300x1300"),
        ("text", "binary message"),
    ],
)
def test_what_is_no_frame_ends_the_camera_with_a_sentence(
    client: TestClient, message: bytes | str, words: str
) -> None:
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        if isinstance(message, str):
            socket.send_text(message)
        else:
            socket.send_bytes(message)
        assert words in json.loads(socket.receive_text())["detail"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


@pytest.mark.parametrize("message", [b"\0\0\0\2not a jpeg", bytes(1_600_000)])
def test_frames_before_an_invalid_one_are_answered(
    client: TestClient, portrait: bytes, message: bytes
) -> None:
    with Pillow.open(io.BytesIO(portrait)) as picture:
        frame = encoded(np.asarray(picture.convert("RGB")), "JPEG")
    with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        socket.send_bytes(struct.pack(">I", 1) + frame)
        time.sleep(0.1)  # else the second may take the place of the first
        socket.send_bytes(message)
        assert struct.unpack_from(">IHB", socket.receive_bytes())[::2] == (1, 1)
        assert json.loads(socket.receive_text())["status"] == 422
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


@pytest.mark.timeout(60)
def test_a_client_that_leaves_after_an_invalid_frame_frees_its_place(
    network: Path, zoo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(zoo_cache))

    class Hanging(InProcess):
        """Never swaps."""

        async def frame(
            self, jpeg: bytes, chosen: Chosen, following: Following | None
        ) -> AsyncIterator[Following | Frame]:
            yield Following(Tracker(RATE))
            await asyncio.Event().wait()
            yield Frame(None, 0.0)

    given = Options(registry=REGISTRY, rate=0.0, live=1)
    client = TestClient(api.create(Hanging(network, given), given), base_url=HERE)
    for _ in range(2):  # the second would be refused if the first were there still
        with client.websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
            socket.send_bytes(b"\0\0\0\1a frame")
            socket.send_bytes(b"\0")
            time.sleep(0.1)
    assert "zoo_live_sessions 0.0" in client.get("/metrics").text


def test_a_camera_for_nobody_or_too_many_is_refused(network: Path, client: TestClient) -> None:
    with client.websocket_connect(f"{SOCKET}/api/live?identity=adda") as socket:
        assert "did you mean ada" in json.loads(socket.receive_text())["detail"]
    with ask(network, live=0).websocket_connect(f"{SOCKET}/api/live?identity=ada") as socket:
        assert json.loads(socket.receive_text())["status"] == 503
