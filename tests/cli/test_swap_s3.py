"""``zoo swap`` from and to S3, over real HTTP."""

import io
import json
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image as Pillow

from tests.cli.conftest import Zoo
from tests.cli.swapping.test_swap import cached, face_models
from tests.faulty import Fault, FaultyProxy
from tests.object_store import BUCKET, objects, s3, store
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE
from zoo.registry.local.cache import CachedNetwork
from zoo.s3.client import connect
from zoo.swapping.files import photo_locations

__all__ = ["cached", "face_models", "s3", "store"]


@pytest.fixture
def photos(s3: FaultyProxy, cached: CachedNetwork, portrait: Path, meadow: Path) -> dict[str, str]:
    """What lies in the bucket, by what it shows."""
    keys = {
        "portrait": "in/portrait.png",
        "deep": "in/deep/portrait.png",
        "meadow": "in/meadow.jpg",
        "text": "in/notes.txt",
    }
    for name, key in keys.items():
        body = {"meadow": meadow, "text": meadow}.get(name, portrait).read_bytes()
        connect().put_object(Bucket=BUCKET, Key=key, Body=body)
    s3.seen.clear()
    return {name: f"s3://{BUCKET}/{key}" for name, key in keys.items()}


def test_one_object_to_another(zoo: Zoo, photos: dict[str, str], cached: CachedNetwork) -> None:
    out = f"s3://{BUCKET}/out/swapped.jpg"
    ended = zoo("swap", "-i", "ada", photos["portrait"], "-o", out)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{photos['portrait']} -> {out} (1 face)\n"
    content = objects()["out/swapped.jpg"]
    assert DIGITAL_SOURCE_TYPE.encode() in content and cached.sha256.encode() in content
    assert Pillow.open(io.BytesIO(content)).size == (256, 256)
    head = connect().head_object(Bucket=BUCKET, Key="out/swapped.jpg")
    assert head["ContentType"] == "image/jpeg"


def test_an_object_to_the_working_folder_and_a_file_to_a_prefix(
    zoo: Zoo, photos: dict[str, str], portrait: Path
) -> None:
    assert zoo("swap", "-i", "ada", photos["portrait"], "-q").out == "portrait-ada.png\n"
    assert [path.name for path in Path().iterdir()] == ["portrait-ada.png"]
    ended = zoo("swap", "-i", "ada", portrait, "-o", f"s3://{BUCKET}/out/", "-q")
    assert ended.out == f"s3://{BUCKET}/out/portrait.png\n"


def test_a_prefix_to_a_prefix_with_each_failure_named(zoo: Zoo, photos: dict[str, str]) -> None:
    ended = zoo(
        "swap", "-i", "ada", f"s3://{BUCKET}/in", f"s3://{BUCKET}/gone.jpg", f"s3://{BUCKET}/void/",
        "s3://nowhere/a.jpg", "-o", f"s3://{BUCKET}/out", "--json",
    )  # fmt: skip
    assert ended.code == 1
    result = json.loads(ended.out)
    assert {one["input"]: one["output"] for one in result["outputs"]} == {
        photos["deep"]: f"s3://{BUCKET}/out/portrait.png",
        photos["portrait"]: f"s3://{BUCKET}/out/portrait-2.png",
    }
    failed = {failure["input"]: failure["reason"] for failure in result["failed"]}
    assert set(failed) == {
        photos["meadow"], f"s3://{BUCKET}/gone.jpg", f"s3://{BUCKET}/void/", "s3://nowhere/a.jpg"
    }  # fmt: skip
    assert failed[photos["meadow"]].startswith(f"{photos['meadow']} shows no detectable face")
    assert "There is no s3://zoo/gone.jpg" in failed[f"s3://{BUCKET}/gone.jpg"]
    assert "No photos in s3://zoo/void/" in failed[f"s3://{BUCKET}/void/"]
    assert "no bucket 'nowhere'" in failed["s3://nowhere/a.jpg"]
    assert f"4 of 6 inputs failed; s3://{BUCKET}/out/zoo-failed.csv lists them." in ended.err
    assert {key for key in objects() if key.startswith("out/")} == {
        "out/portrait.png", "out/portrait-2.png", "out/zoo-failed.csv"
    }  # fmt: skip


def test_objects_that_are_done_are_not_put_there_again(
    zoo: Zoo, photos: dict[str, str], s3: FaultyProxy
) -> None:
    command = ("swap", "-i", "ada", photos["portrait"], "-o", f"s3://{BUCKET}/out/")
    assert "(1 face)" in zoo(*command).out
    before = objects()["out/portrait.png"]
    assert "(already done)" in zoo(*command).out
    assert objects()["out/portrait.png"] == before
    connect().put_object(Bucket=BUCKET, Key="out/portrait.png", Body=before[:-30])
    assert "(1 face)" in zoo(*command).out


def test_a_manifest_that_lies_beside_the_picture_goes_and_comes_with_it(
    zoo: Zoo, photos: dict[str, str], portrait: Path
) -> None:
    with Pillow.open(portrait) as picture:
        light = (np.asarray(picture.convert("RGB")) / np.float32(255)) ** np.float32(2.2)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write("light.exr")
    command = ("swap", "-i", "ada", "light.exr", "-o", f"s3://{BUCKET}/out/")
    assert "(1 face)" in zoo(*command).out
    assert {"out/light.exr", "out/light.exr.c2pa"} <= set(objects())
    assert "(already done)" in zoo(*command).out


def test_faults_on_the_way_are_nobodys_business(
    zoo: Zoo, photos: dict[str, str], s3: FaultyProxy
) -> None:
    s3.next(Fault(status=500), Fault(keep=5_000), method="GET", path="portrait")
    s3.next(Fault(reset=True), Fault(status=503), method="PUT")
    ended = zoo("swap", "-i", "ada", photos["portrait"], "-o", f"s3://{BUCKET}/out.png")
    assert (ended.code, ended.err) == (0, "")
    assert not s3.faults
    assert Pillow.open(io.BytesIO(objects()["out.png"])).size == (256, 256)


def test_a_store_that_goes_away_fails_its_inputs_and_leaves_no_half_object(
    zoo: Zoo, photos: dict[str, str], s3: FaultyProxy, portrait: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(photo_locations, "SHORT_RETRY_SECONDS", 0.2)
    s3.next(*[Fault(reset=True)] * 99, method="PUT")
    ended = zoo("swap", "-i", "ada", portrait, photos["meadow"], "-o", f"s3://{BUCKET}/out/")
    assert ended.code == 1
    assert f"does not answer for s3://{BUCKET}/out/portrait.png" in ended.err
    s3.faults.clear()
    assert not [key for key in objects() if key.startswith("out/")]


def test_the_output_is_never_an_input(zoo: Zoo, photos: dict[str, str]) -> None:
    ended = zoo("swap", "-i", "ada", photos["portrait"], "-o", photos["portrait"])
    assert ended.code == 2 and "is one of the inputs" in ended.error
    ended = zoo("swap", "-i", "ada", photos["portrait"], "-o", f"s3://{BUCKET}/out.bmp")
    assert ended.code == 2 and "no suffix that can be written" in ended.error
    ended = zoo("swap", "-i", "ada", "s3:///portrait.png")
    assert ended.code == 2 and "write s3://BUCKET/KEY" in ended.error


def test_too_large_an_object_does_not_even_come(
    zoo: Zoo, photos: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_locations, "MAX_BYTES", 1000)
    assert "is larger than 0 MB" in zoo("swap", "-i", "ada", photos["portrait"]).error
