"""Up and down against a real S3 server over real HTTP, through a proxy that breaks things."""

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faulty import Fault, FaultyProxy
from tests.object_store import BUCKET, objects, unfinished_uploads
from zoo.errors import MissingObjectError, OutageError, StorageError
from zoo.s3 import client, transfer
from zoo.s3.address import S3Address
from zoo.s3.client import connect

HERE = S3Address(BUCKET, "folder/weights.bin")
CONTENT = np.random.default_rng(0).bytes(3_000_000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "down" / "weights.bin"


def ranges(s3: FaultyProxy) -> list[str | None]:
    return [seen.range for seen in s3.seen if seen.method == "GET"]


def left(target: Path) -> list[str]:
    return sorted(entry.name for entry in target.parent.iterdir())


def test_what_goes_up_comes_down(s3: FaultyProxy, source: Path, target: Path) -> None:
    transfer.upload(source, HERE)
    told: list[tuple[int, int]] = []
    transfer.download(HERE, target, progress=lambda done, total: told.append((done, total)))
    assert target.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert left(target) == ["weights.bin"]
    assert target.stat().st_mode == source.stat().st_mode


def test_an_empty_object(s3: FaultyProxy, source: Path, target: Path) -> None:
    source.write_bytes(b"")
    transfer.upload(source, HERE)
    transfer.download(HERE, target)
    assert target.read_bytes() == b""


def test_listing_is_of_a_folder_and_existence_of_an_exact_key(
    s3: FaultyProxy, source: Path
) -> None:
    source.write_bytes(b"four")
    for key in ("in/a.jpg", "in/deep/b.jpg", "in2/c.jpg", "in"):
        transfer.upload(source, S3Address(BUCKET, key))
    connect().put_object(Bucket=BUCKET, Key="in/folder/", Body=b"")
    found = transfer.listing(S3Address(BUCKET, "in"))
    assert [entry.address.key for entry in found] == ["in/a.jpg", "in/deep/b.jpg"]
    assert found[0].size == 4
    assert len(transfer.listing(S3Address(BUCKET, ""))) == 4
    assert transfer.exists(S3Address(BUCKET, "in/a.jpg"))
    assert not transfer.exists(S3Address(BUCKET, "in/a"))
    transfer.remove(S3Address(BUCKET, "in"))
    assert set(objects()) == {"in2/c.jpg"}


def test_more_than_a_page_is_listed(s3: FaultyProxy) -> None:
    for number in range(5):
        connect().put_object(Bucket=BUCKET, Key=f"many/{number}", Body=b"")
    pages = connect().get_paginator("list_objects_v2")
    assert len(list(pages.paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2}))) == 3
    assert len(transfer.listing(S3Address(BUCKET, "many"))) == 5


def test_a_large_file_goes_up_in_parts_and_survives_faults_on_the_way(
    s3: FaultyProxy, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "PART", 5 << 20)
    content = np.random.default_rng(1).bytes(12 << 20)
    source.write_bytes(content)
    s3.next(Fault(status=500), Fault(reset=True), method="PUT", path="partNumber")
    transfer.upload(source, HERE)
    parts = [seen for seen in s3.seen if "partNumber" in seen.path]
    assert len(parts) == 3 + 2
    transfer.download(HERE, target)
    assert target.read_bytes() == content
    assert not unfinished_uploads()


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(status=503), Fault(reset=True)], ids=["500", "503", "reset"]
)
def test_a_fault_is_retried_and_nobody_notices(
    s3: FaultyProxy, source: Path, target: Path, fault: Fault
) -> None:
    s3.next(fault, method="PUT")
    transfer.upload(source, HERE)
    s3.next(fault, method="GET")
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    assert not s3.faults


def test_a_broken_download_goes_on_where_it_stopped(
    s3: FaultyProxy, source: Path, target: Path
) -> None:
    transfer.upload(source, HERE)
    s3.next(Fault(keep=2_500_000), Fault(keep=100_000), method="GET", path="weights")
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    asked = ranges(s3)
    assert asked[0] is None and len(asked) == 3
    starts = [int(str(text).removeprefix("bytes=").rstrip("-")) for text in asked[1:]]
    assert 0 < starts[0] < starts[1] < 2_600_000
    assert left(target) == ["weights.bin"]


def test_a_download_that_was_killed_goes_on_in_the_next_process(
    s3: FaultyProxy, source: Path, target: Path
) -> None:
    transfer.upload(source, HERE)
    s3.next(Fault(keep=2_000_000, wait=0.0), Fault(wait=60.0), method="GET", path="weights")
    code = (
        "from pathlib import Path\n"
        "from zoo.s3.address import S3Address\n"
        "from zoo.s3.transfer import download\n"
        f"download(S3Address.parse({str(HERE)!r}), Path({str(target)!r}))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while len(ranges(s3)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    (partial,) = target.parent.iterdir()
    have = partial.stat().st_size
    assert 0 < have <= 2_000_000

    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    assert ranges(s3)[-1] == f"bytes={have - 1}-"
    assert left(target) == ["weights.bin"]


def test_a_whole_partial_is_not_fetched_again(s3: FaultyProxy, source: Path, target: Path) -> None:
    transfer.upload(source, HERE)
    partial = transfer._Partial(target)
    target.parent.mkdir()
    partial.begin(connect().head_object(Bucket=BUCKET, Key=HERE.key)["ETag"])
    partial.path().write_bytes(CONTENT)
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    assert ranges(s3) == [f"bytes={len(CONTENT) - 1}-"]


def test_the_beginning_of_an_object_that_has_changed_is_thrown_away(
    s3: FaultyProxy, source: Path, target: Path
) -> None:
    transfer.upload(source, HERE)
    s3.next(Fault(keep=2_000_000), Fault(status=500), method="GET", path="weights")
    s3.next(*[Fault(reset=True)] * 9, method="GET", path="weights")
    with pytest.raises(OutageError):
        transfer.download(HERE, target, retry_seconds=0)
    s3.faults.clear()
    source.write_bytes(CONTENT[::-1])
    transfer.upload(source, HERE)
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT[::-1]
    assert left(target) == ["weights.bin"]


def test_bytes_that_are_damaged_on_the_way_or_in_the_store_are_refused(
    s3: FaultyProxy, source: Path, target: Path
) -> None:
    transfer.upload(source, HERE)
    s3.next(Fault(flip=1_000_000), Fault(keep=1_000_000), Fault(flip=1), method="GET", path="weig")
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    # Damaged; cut; the rest of it damaged; whole.
    assert [text is None for text in ranges(s3)] == [True, True, False, True]
    target.unlink()
    with pytest.raises(StorageError, match=r"weights\.bin is damaged: its SHA-256 is not 000000"):
        transfer.download(HERE, target, sha256="0" * 64)
    assert left(target) == []
    transfer.download(HERE, target, sha256=hashlib.sha256(CONTENT).hexdigest()[:8])
    assert target.read_bytes() == CONTENT


def test_a_slow_answer_is_given_up_and_asked_for_again(
    s3: FaultyProxy, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer.upload(source, HERE)
    monkeypatch.setattr(client, "READ_SECONDS", 1.0)
    s3.next(Fault(wait=30.0), method="GET", path="weights")
    began = time.monotonic()
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    assert time.monotonic() - began < 30
    assert len(ranges(s3)) >= 2


def test_an_outage_is_waited_out(
    s3: FaultyProxy, source: Path, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    s3.go_down(4)
    began = time.monotonic()
    transfer.upload(source, HERE)
    transfer.download(HERE, target)
    assert target.read_bytes() == CONTENT
    assert time.monotonic() - began >= 4
    assert "does not answer" in caplog.text and "Trying for another" in caplog.text


def test_an_outage_that_lasts_leaves_nothing_and_says_what_to_do(
    s3: FaultyProxy, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer.upload(source, HERE)
    s3.go_down(60)
    with pytest.raises(OutageError, match=r"does not answer for s3://zoo/folder.*AWS_ENDPOINT_URL"):
        transfer.download(HERE, target, retry_seconds=0.5)
    assert not target.exists()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(OutageError, match=r"127\.0\.0\.1:9 does not answer.*Could not connect"):
        transfer.upload(source, S3Address(BUCKET, "other"), retry_seconds=0.5)
    s3.go_down(0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    assert set(objects()) == {HERE.key}


def test_an_upload_that_fails_leaves_the_old_object_and_no_parts(
    s3: FaultyProxy, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer.upload(source, HERE)
    monkeypatch.setattr(transfer, "PART", 5 << 20)
    source.write_bytes(bytes(12 << 20))
    s3.next(*[Fault(status=500)] * 30, method="PUT", path="partNumber=2")
    with pytest.raises(OutageError, match="HTTP 500"):
        transfer.upload(source, HERE, retry_seconds=0)
    s3.faults.clear()
    assert objects() == {HERE.key: CONTENT}
    assert not unfinished_uploads()


def test_a_full_disk_is_said_and_what_came_is_kept_for_later(
    s3: FaultyProxy, source: Path, tmp_path: Path
) -> None:
    transfer.upload(source, HERE)
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))\n"
        "from pathlib import Path\n"
        "from zoo.errors import StorageError\n"
        "from zoo.s3.address import S3Address\n"
        "from zoo.s3.transfer import download\n"
        "try:\n"
        f"    download(S3Address.parse({str(HERE)!r}), Path('down/weights.bin'))\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "Cannot write down/weights.bin: File too large" in done.stdout
    assert not (tmp_path / "down" / "weights.bin").exists()
    transfer.download(HERE, tmp_path / "down" / "weights.bin")
    assert (tmp_path / "down" / "weights.bin").read_bytes() == CONTENT
    assert str(ranges(s3)[-1]).startswith("bytes=1")


def test_too_large_an_object_is_refused_before_it_comes(
    s3: FaultyProxy, source: Path, target: Path
) -> None:
    transfer.upload(source, HERE)
    with pytest.raises(StorageError, match="larger than 2 MB"):
        transfer.download(HERE, target, most_bytes=2_000_000)
    assert not target.exists()


def test_a_missing_object_is_told_from_a_missing_bucket(s3: FaultyProxy, target: Path) -> None:
    with pytest.raises(MissingObjectError, match=r"There is no s3://zoo/folder/weights\.bin"):
        transfer.download(HERE, target)
    with pytest.raises(MissingObjectError, match=r"no bucket 'zooo' at http://127.*create it"):
        transfer.download(S3Address("zooo", "x"), target)
    with pytest.raises(MissingObjectError, match="no bucket 'zooo'"):
        transfer.listing(S3Address("zooo", "x"))
    assert left(target) == []
