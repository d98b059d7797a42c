"""What clients see: the same application that Ray Serve runs, in this process."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Pillow
from starlette.websockets import WebSocketDisconnect

from tests.serving.conftest import encoded
from tests.serving.web.conftest import HERE, SOCKET, ask
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE
from zoo.provenance.credentials.verifying import FINE, verify
from zoo.serving.web.rate_limit import FailedAttempts


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
