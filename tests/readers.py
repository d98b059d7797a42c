"""Every reader of what others made, and inputs for each, valid ones with faults put in.

``tests/test_fuzzing.py`` tries a few of them each time, the same ones; ``make fuzz`` goes on by
chance. A reader answers, or ends in an error that its docstring names. Photos and videos are read
by other people's C code: in a process of its own, whose death is a finding about that code, which
is told in words. No input is kept.
"""

import dataclasses
import io
import json
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hypothesis import strategies as st
from PIL import Image as Pillow
from pydantic import BaseModel

from tests import hostile
from tests.clips import write_clip
from tests.networks_on_disk import write_network
from zoo.errors import ZooError
from zoo.faces.curation.face_pack import FacePack, read_pack, write_pack
from zoo.faces.curation.photo_selection import AlignSettings
from zoo.photos.colour.colour_spaces import SceneLight
from zoo.photos.formats.high_bit_depth import HighBitDepth
from zoo.photos.metadata import JpegQuality, Metadata
from zoo.photos.reading import Photo
from zoo.photos.sandbox import message_protocol
from zoo.photos.sandbox.decoder_processes import Decoders
from zoo.photos.video.reader import inspect_video
from zoo.products import receipts
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.signing import sign_bytes
from zoo.provenance.credentials.statements import StatementError, check_statement, sign_statement
from zoo.provenance.credentials.verifying import verify
from zoo.provenance.identities.identity import read_identity
from zoo.provenance.identities.names import check_name
from zoo.registry.local import cache as networks
from zoo.registry.local import cache_index
from zoo.registry.promotion import lease
from zoo.registry.promotion.alias_history import HISTORY, Move, moves_in
from zoo.registry.references import parse_reference
from zoo.registry.tags import problem_in, scores_in
from zoo.settings import PARAMS, Project, read_params, section
from zoo.swapping.network_files.inspection import inspect_network
from zoo.yaml_files import parse_yaml

ROOT = Path(__file__).parents[1]
URI = "sqlite:////nowhere/mlflow.db"


ODD = (None, True, 10**400, -1, 0, 1e308, float("inf"), float("nan"), "", "x", "\0", "inf")
"""What stands where something else should."""


@dataclass(frozen=True)
class Reader:
    """One of them.

    Attributes:
        inputs: what it is given.
        read: reads one, in a folder of its own.
        allowed: errors that it may end in.
        each: inputs that are all tried, each time.
    """

    inputs: st.SearchStrategy[Any]
    read: Callable[[Any, Path], object]
    allowed: tuple[type[Exception], ...] = (ZooError,)
    each: Sequence[Any] = ()


def faulty(*whole: bytes) -> st.SearchStrategy[bytes]:
    """One of some valid files with a few bytes changed, cut out, doubled or put in; or noise."""

    @st.composite
    def changed(draw: st.DrawFn) -> bytes:
        content = bytearray(draw(st.sampled_from(whole)))
        for _ in range(draw(st.integers(1, 6))):
            at = draw(st.integers(0, max(len(content) - 1, 0)))
            length = draw(st.sampled_from((1, 2, 4, 8, 64)))
            how = draw(st.sampled_from(("flip", "set", "cut", "double", "insert", "end")))
            if how == "flip" and content:
                content[at] ^= 1 << draw(st.integers(0, 7))
            elif how == "set":
                fill = draw(st.sampled_from((b"\0", b"\xff", b"\x7f", b"\x80")))
                content[at : at + length] = fill * min(length, len(content) - at)
            elif how == "cut":
                del content[at : at + length]
            elif how == "double":
                content[at:at] = content[at : at + length]
            elif how == "insert":
                content[at:at] = draw(st.binary(max_size=length))
            elif draw(st.booleans()):
                del content[at:]
        return bytes(content)

    return changed() | st.binary(max_size=64)


def plain() -> st.SearchStrategy[Any]:
    """What JSON and YAML can say."""
    leaves = st.sampled_from(ODD) | st.integers() | st.floats() | st.text(max_size=20)
    keys = st.text(max_size=8)
    return st.recursive(
        leaves,
        lambda deeper: st.lists(deeper, max_size=4) | st.dictionaries(keys, deeper),
        max_leaves=8,
    )


def replaced(whole: Any) -> Iterator[Any]:
    """A JSON value with each of its parts, one after the other, replaced by each odd one."""
    odder: tuple[Any, ...] = ([], {}, [[]], [None], {"a": 1})
    for *above, last in _places(whole):
        for odd in (*ODD, *odder):
            value = json.loads(json.dumps(whole))
            parent = value
            for key in above:
                parent = parent[key]
            parent[last] = odd
            yield value


def altered(whole: Any) -> st.SearchStrategy[Any]:
    """A JSON value with up to three of its parts, however deep, replaced by others or left out."""
    places = list(_places(whole))

    @st.composite
    def changed(draw: st.DrawFn) -> Any:
        value = json.loads(json.dumps(whole))
        for _ in range(draw(st.integers(0, 3))):
            *above, last = draw(st.sampled_from(places))
            parent = value
            try:
                for key in above:
                    parent = parent[key]
                if draw(st.integers(0, 4)) == 0:
                    del parent[last]
                else:
                    parent[last] = draw(plain())
            except (KeyError, IndexError, TypeError):  # an earlier change took it away
                continue
        return value

    return changed() | plain()


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    keys: Any = value if isinstance(value, dict) else ()
    keys = range(min(len(value), 4)) if isinstance(value, list) else keys
    for key in keys:
        yield (key,)
        yield from ((key, *deeper) for deeper in _places(value[key]))


def _photos() -> Reader:
    decoders = Decoders(1)
    kinds = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "EXR", "GIF", "BMP", "PPM")
    whole = [hostile._encoded(kind) for kind in kinds]

    def read(content: bytes, folder: Path) -> object:
        photo = decoders(content, folder / "photo", max_pixels=10**6, whole=True)
        assert photo.image.dtype == np.uint8 and photo.image.ndim == 3
        return photo

    return Reader(faulty(*whole), read)


def _videos() -> Reader:
    frames = [np.full((64, 64, 3), 90, np.uint8)] * 3
    with tempfile.TemporaryDirectory() as place:
        clips = [
            write_clip(Path(place) / f"clip{suffix}", frames, sound=None).read_bytes()
            for suffix in (".mp4", ".mkv")
        ]

    def read(content: bytes, folder: Path) -> object:
        (folder / "clip.mp4").write_bytes(content)
        return inspect_video(folder / "clip.mp4", max_pixels=10**6)

    return Reader(faulty(*clips), read)


def _manifests() -> Reader:
    picture = io.BytesIO()
    Pillow.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(picture, "JPEG")
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in.jpg"
        source.write_bytes(picture.getvalue())
        made = Made(Marking("ada", "1", "0" * 64, "synthetic"), source, {})
        signed = sign_bytes(picture.getvalue(), made)

    def read(content: bytes, folder: Path) -> object:
        (folder / "out.jpg").write_bytes(content)
        return verify(folder / "out.jpg")

    return Reader(faulty(signed), read)


def _networks() -> Reader:
    with tempfile.TemporaryDirectory() as place:
        whole = write_network(Path(place) / "network.onnx", identity="ada").read_bytes()

    def read(content: bytes, folder: Path) -> object:
        (folder / "network.onnx").write_bytes(content)
        return inspect_network(folder / "network.onnx").cost(2)

    return Reader(faulty(whole), read)


def _receipts() -> Reader:
    whole = {"digest": "0" * 64, "made_from": {"style": "a", "factor": 1.0}, "seconds": 9.0}

    def read(content: bytes, folder: Path) -> object:
        (folder / "receipt.json").write_bytes(content)
        found = receipts.read(folder)
        receipts.is_fresh(folder, whole["made_from"])  # type: ignore[arg-type]
        return receipts.changes(found.get("made_from", {}), {"style": "b"})

    return _json(whole, read)


def _texts() -> Reader:
    whole = "a: &x {b: [1, 2]}\nc: {<<: *x, d: 2026-01-01}\n"
    some = faulty(whole.encode()).map(lambda content: content.decode(errors="replace"))
    return Reader(some | st.text(), lambda text, _: parse_yaml(text), (ValueError,))


def _records() -> Reader:
    whole = {"name": "ada", "basis": "synthetic", "person": "ada", "added": "2026-01-01"}

    def read(content: bytes, folder: Path) -> object:
        (folder / "ada").mkdir(exist_ok=True)
        (folder / "ada" / "identity.yaml").write_bytes(content)
        return read_identity(folder / "ada")

    return _json(whole, read, lambda value: yaml.safe_dump(value).encode())


def _params() -> Reader:
    whole = yaml.safe_load((ROOT / "params.yaml").read_text())["align"]
    model: type[BaseModel] = AlignSettings

    def read(content: bytes, folder: Path) -> object:
        (folder / PARAMS).write_bytes(content)
        return section(read_params(Project(folder)), "align", model)

    return _json({"align": whole}, read, lambda value: yaml.safe_dump(value).encode())


def _tags() -> Reader:
    names = st.sampled_from(("resolution", "scores", "sha256", "basis"))
    scores = altered({"distance": 0.5}).map(json.dumps)
    values = st.text() | scores | st.sampled_from(("64", "٣", "1e3", "0" * 64, "synthetic"))

    def read(tags: dict[str, str], _: Path) -> object:
        assert all(np.isfinite(one) for one in scores_in(tags).values())
        return problem_in(tags)

    each = [{"scores": json.dumps(value)} for value in replaced({"distance": 0.5})]
    return Reader(st.dictionaries(names, values), read, each=each)


def _moves() -> Reader:
    whole = dataclasses.asdict(Move("2026-01-01", "me", "champion", 1, 2, "better"))

    def read(content: bytes, _: Path) -> object:
        return [str(move) for move in moves_in({HISTORY + "1": content.decode(errors="replace")})]

    return _json(whole, read)


def _holders() -> Reader:
    def read(content: bytes, _: Path) -> object:
        return lease._words(content.decode(errors="replace"))

    deep = b"[" * 200_000
    return dataclasses.replace(_json({"who": "me", "process": 7}, read), each=[deep])


def _references() -> Reader:
    words = st.from_regex(r"[a-zA-Z0-9@:-]{0,70}", fullmatch=True) | st.text()

    def read(text: str, _: Path) -> object:
        found = parse_reference(text)
        assert parse_reference(str(found)) == found and check_name(found.name)
        return found

    return Reader(words, read)


def _signatures() -> Reader:
    facts = {"identity": "ada"}
    whole = json.loads(sign_statement("fuzzing", facts))

    def read(content: bytes, _: Path) -> object:
        return check_statement("fuzzing", facts, content.decode(errors="replace"))

    return _json(whole, read, allowed=(StatementError,))


def _cards() -> Reader:
    whole = {
        "identity": "ada", "version": 1, "sha256": "0" * 64, "basis": "synthetic",
        "recipe": "quick", "resolution": 64, "scores": {"distance": 0.5}, "registry": URI,
    }  # fmt: skip

    def read(content: bytes, folder: Path) -> object:
        before = os.environ.get("ZOO_CACHE")
        os.environ["ZOO_CACHE"] = str(folder)
        try:
            place = networks.registry_folder(URI) / "ada" / "1"
            place.mkdir(parents=True, exist_ok=True)
            (place / "card.json").write_bytes(content)
            (place / "network.onnx").write_bytes(b"network")
            (place.parent / "aliases.json").write_bytes(content)
            cache_index.list_lines(URI)
            return [networks.list_cached(URI), networks.resolve(parse_reference("ada"), URI)]
        finally:
            if before is None:
                del os.environ["ZOO_CACHE"]
            else:
                os.environ["ZOO_CACHE"] = before

    return _json(whole, read)


def _wire() -> Reader:
    image = np.zeros((4, 5, 3), np.uint8)
    light = SceneLight(np.eye(3), 1.0, np.dtype(np.float32))
    deep = HighBitDepth(np.zeros((4, 5, 3), np.float32), light, b"profile", ((b"a", b"b"),))
    metadata = Metadata("JPEG", False, image[..., 0], b"Exif", JpegQuality(((1,) * 64,), 2), 8)
    file = io.BytesIO()
    message_protocol.send(file, Photo(Path("a.jpg"), image, metadata, deep, ("more",)))
    content = file.getvalue()
    (size,) = struct.unpack(">I", content[:4])
    told, arrays = json.loads(content[4 : 4 + size]), content[4 + size :]

    def framed(value: Any) -> bytes:
        words = json.dumps(value).encode()
        return len(words).to_bytes(4) + words + arrays

    def read(sent: bytes, _: Path) -> object:
        return message_protocol.receive(io.BytesIO(sent), Path("a.jpg"), 10**6)

    return _json(told, read, framed, (message_protocol.WireError,))


def _packs() -> Reader:
    with tempfile.TemporaryDirectory() as place:
        faces = np.zeros((2, 16, 16, 3), np.uint8)
        points = np.full((2, 68, 2), 0.5, np.float32)
        write_pack(Path(place) / "pack", FacePack(faces, points, ["a", "b"], ["ada", "ada"]))
        content = (Path(place) / "pack").read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header, arrays = json.loads(content[8 : 8 + size]), content[8 + size :]

    def framed(value: Any) -> bytes:
        words = json.dumps(value).encode()
        return struct.pack("<Q", len(words)) + words + arrays

    def read(sent: bytes, folder: Path) -> object:
        (folder / "pack.safetensors").write_bytes(sent)
        return len(read_pack(folder / "pack.safetensors"))

    return _json(header, read, framed)


def _json(
    whole: Any,
    read: Callable[[bytes, Path], object],
    encode: Callable[[Any], bytes] = lambda value: json.dumps(value).encode(),
    allowed: tuple[type[Exception], ...] = (ZooError,),
) -> Reader:
    """Of what can be told as JSON: changed in its parts, and in its bytes."""
    each = [encode(value) for value in replaced(whole)]
    return Reader(altered(whole).map(encode) | faulty(encode(whole)), read, allowed, each)


READERS: dict[str, Callable[[], Reader]] = {
    "photos": _photos,
    "videos": _videos,
    "manifests": _manifests,
    "networks": _networks,
    "receipts": _receipts,
    "yaml": _texts,
    "records": _records,
    "params": _params,
    "tags": _tags,
    "moves": _moves,
    "holders": _holders,
    "references": _references,
    "signatures": _signatures,
    "cards": _cards,
    "wire": _wire,
    "packs": _packs,
}
"""By name; made when they are asked for, because their examples are signed and encoded."""
