"""Fetching weights from a real local server: verified, resumed, mirrored, refused."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.faulty import Fault, FaultyProxy
from tests.object_store import BUCKET, s3, store
from zoo import assets
from zoo.assets import Asset, AssetFile, fetch, locate
from zoo.errors import AssetError, StorageError
from zoo.s3.client import connect

__all__ = ["s3", "store"]

WEIGHTS = bytes(range(256)) * 1000


@dataclass
class Server:
    """Serves ``files``; remembers the Range of each request; may cut an answer short."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: list[str | None] = field(default_factory=list)
    cut_at: int | None = None
    honours_ranges: bool = True


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = 0
            if asked and state.honours_ranges:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # who expects less hangs up
                self.wfile.write(content[start : state.cut_at])

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{httpd.server_port}"
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def asset(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AssetFile:
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    file = AssetFile("weights.bin", digest[:8], len(WEIGHTS), f"{server.url}/weights.bin")
    monkeypatch.setattr(
        assets, "ASSETS", {"weights": Asset("weights", "CC0", (file,), "do without")}
    )
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_ASSETS", raising=False)
    server.files["/weights.bin"] = WEIGHTS
    return file


def test_a_download_is_verified_and_kept(server: Server, asset: AssetFile, tmp_path: Path) -> None:
    seen: list[int] = []
    path = fetch("weights", lambda done, total: seen.append(done))
    assert path == tmp_path / "cache" / "assets" / asset.filename
    assert path.read_bytes() == WEIGHTS
    assert seen[-1] == len(WEIGHTS)
    assert fetch("weights") == locate("weights") == path
    assert len(server.ranges) == 1


def test_an_interrupted_download_resumes_where_it_stopped(server: Server, asset: AssetFile) -> None:
    server.cut_at = 100_000
    with pytest.raises(AssetError, match=r"100000 of 256000|IncompleteRead"):
        fetch("weights")
    server.cut_at = None
    assert fetch("weights").read_bytes() == WEIGHTS
    assert server.ranges == [None, "bytes=100000-"]


def test_a_server_without_ranges_starts_again(server: Server, asset: AssetFile) -> None:
    server.cut_at = 100_000
    with pytest.raises(AssetError):
        fetch("weights")
    server.cut_at, server.honours_ranges = None, False
    assert fetch("weights").read_bytes() == WEIGHTS


def test_a_damaged_download_is_refused_and_thrown_away(server: Server, asset: AssetFile) -> None:
    server.files["/weights.bin"] = bytes(len(WEIGHTS))
    with pytest.raises(AssetError, match="SHA-256"):
        fetch("weights")
    server.files["/weights.bin"] = WEIGHTS
    assert fetch("weights").read_bytes() == WEIGHTS


def test_more_bytes_than_promised_are_not_written(server: Server, asset: AssetFile) -> None:
    server.files["/weights.bin"] = WEIGHTS * 20
    with pytest.raises(AssetError, match="more than"):
        fetch("weights")


def test_a_mirror_comes_before_the_url(
    server: Server, asset: AssetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server.files["/weights.bin"]
    server.files["/mirror/weights.bin"] = WEIGHTS
    monkeypatch.setenv("ZOO_ASSETS", f"{server.url}/mirror/")
    assert fetch("weights").read_bytes() == WEIGHTS


@pytest.fixture
def mirror(
    s3: FaultyProxy, asset: AssetFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> FaultyProxy:
    """A mirror in S3, and nothing at the asset's own URL."""
    server.files.clear()
    connect().put_object(Bucket=BUCKET, Key="mirror/weights.bin", Body=WEIGHTS)
    monkeypatch.setenv("ZOO_ASSETS", f"s3://{BUCKET}/mirror/")
    s3.seen.clear()
    return s3


def test_a_mirror_may_be_in_s3(mirror: FaultyProxy, server: Server, tmp_path: Path) -> None:
    assert locate("weights") is None
    mirror.next(Fault(keep=200_000), method="GET")
    assert fetch("weights").read_bytes() == WEIGHTS
    assert [seen.range is None for seen in mirror.seen] == [True, False]
    assert server.ranges == []
    assert [path.name for path in (tmp_path / "cache" / "assets").iterdir()] == ["weights.bin"]


def test_what_a_mirror_in_s3_has_not_comes_from_the_url(
    mirror: FaultyProxy, server: Server
) -> None:
    connect().delete_object(Bucket=BUCKET, Key="mirror/weights.bin")
    with pytest.raises(
        AssetError, match=r"s3://zoo/mirror/weights\.bin: not there; http.*HTTP 404"
    ):
        fetch("weights")
    server.files["/weights.bin"] = WEIGHTS
    assert fetch("weights").read_bytes() == WEIGHTS


def test_a_mirror_in_s3_that_is_misconfigured_is_not_passed_over(
    mirror: FaultyProxy, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/weights.bin"] = WEIGHTS
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StorageError, match="credentials"):
        fetch("weights")


def test_a_damaged_file_in_s3_is_refused(mirror: FaultyProxy, tmp_path: Path) -> None:
    connect().put_object(Bucket=BUCKET, Key="mirror/weights.bin", Body=WEIGHTS[::-1])
    with pytest.raises(AssetError, match="SHA-256"):
        fetch("weights")
    assert list((tmp_path / "cache" / "assets").iterdir()) == []


def test_a_folder_needs_no_server(
    server: Server, asset: AssetFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(WEIGHTS)
    monkeypatch.setenv("ZOO_ASSETS", str(folder))
    assert fetch("weights") == folder / "weights.bin"
    assert server.ranges == []


def test_a_damaged_file_in_the_folder_is_named(
    asset: AssetFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights.bin").write_bytes(b"short")
    monkeypatch.setenv("ZOO_ASSETS", str(tmp_path))
    with pytest.raises(AssetError, match=r"weights\.bin is not the expected file"):
        locate("weights")


def test_nothing_anywhere_says_what_to_do(server: Server, asset: AssetFile) -> None:
    server.files.clear()
    with pytest.raises(AssetError, match=r"HTTP 404.*weights\.bin.*ZOO_ASSETS.*do without"):
        fetch("weights")
    assert locate("weights") is None


def test_a_folder_of_weights_may_keep_an_asset_in_its_subfolder(
    asset: AssetFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = replace(asset, folder="recognise")
    monkeypatch.setattr(assets, "ASSETS", {"weights": Asset("weights", "CC0", (filed,), "wait")})
    monkeypatch.setenv("ZOO_ASSETS", str(tmp_path))
    assert locate("weights") is None
    inside = tmp_path / "recognise" / "weights.bin"
    inside.parent.mkdir()
    inside.write_bytes(WEIGHTS)
    assert locate("weights") == inside
    top = tmp_path / "weights.bin"
    top.write_bytes(WEIGHTS)
    assert locate("weights") == top


def test_each_asset_says_what_works_without_it() -> None:
    assert "perceptual: compact" in assets.ASSETS["vgg19"].otherwise
    assert "recogniser: dlib" in assets.ASSETS["sface"].otherwise
