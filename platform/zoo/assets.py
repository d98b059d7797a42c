"""Weights that the package does not ship: description, sources, download and verification.

Looked up in order: ``$ZOO_ASSETS`` (a folder, or an ``http(s)://`` or ``s3://`` mirror), the
user's cache, the asset's own URL. A download resumes where it stopped, is verified, and only
then gets its name.
"""

import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import AssetError, DamagedObjectError, MissingObjectError, OutageError
from zoo.s3.address import S3Address, is_s3
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.s3.transfer import Progress, download
from zoo.settings import cache_folder
from zoo.storage import plain_errors, private_folder, sha256_of

CHUNK = 1 << 20
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class AssetFile:
    """One accepted file of an asset.

    Attributes:
        filename: what it is called wherever it lies.
        sha256: or its first digits, as publishers give it.
        size: in bytes.
        url: its publisher's, if there is one.
        folder: of ``$ZOO_ASSETS`` that it may lie in, beside the top.
    """

    filename: str
    sha256: str
    size: int
    url: str | None = None
    folder: str = ""


@dataclass(frozen=True)
class Asset:
    """Weights under a name; any one of ``files`` will do, the first found is taken.

    ``otherwise`` says what works without them.
    """

    name: str
    licence: str
    files: tuple[AssetFile, ...]
    otherwise: str


ASSETS = {
    asset.name: asset
    for asset in (
        Asset(
            name="vgg19",
            licence="CC BY 4.0, K. Simonyan and A. Zisserman, Visual Geometry Group, Oxford",
            files=(
                AssetFile(
                    filename="vgg19_conv1_1-conv4_2.safetensors",
                    sha256="30e7ba93d38d89ee70b6775f6cc047c4a36614751ceccc0cf1f7e9bcdeefe0f1",
                    size=23463976,
                ),
                AssetFile(
                    filename="vgg19-dcbb9e9d.pth",
                    sha256="dcbb9e9d",
                    size=574_673_361,
                    url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
                ),
            ),
            otherwise="use a recipe with 'perceptual: compact', which needs none",
        ),
        Asset(
            name="sface",
            licence="Apache-2.0, Y. Zhong, W. Deng, J. Hu, D. Zhao, X. Li and D. Wen; OpenCV Zoo",
            files=(
                AssetFile(
                    filename="face_recognition_sface_2021dec.onnx",
                    sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
                    size=38_696_353,
                    url="https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
                    "face_recognition_sface/face_recognition_sface_2021dec.onnx",
                    folder="recognise",
                ),
            ),
            otherwise="set 'recogniser: dlib' in the section 'evaluate' of params.yaml",
        ),
    )
}


def locate(name: str) -> Path | None:
    """The asset's file if it is available without a download, else None.

    Raises:
        AssetError: a file is there and is not what it should be.
    """
    asset = ASSETS[name]
    folders = [_downloads()]
    mirror = os.environ.get("ZOO_ASSETS")
    if mirror and not _is_remote(mirror):
        folders.insert(0, Path(mirror))
    for folder in folders:
        for file in asset.files:
            for path in (folder / file.filename, folder / file.folder / file.filename):
                if path.is_file():
                    _verify(path, file)
                    return path
    return None


def fetch(name: str, progress: Progress | None = None, *, download: bool = True) -> Path:
    """The asset's file, downloaded into the user's cache if necessary.

    Without ``download`` an asset that is not at hand is an error at once.

    Raises:
        AssetError: no source has it, or what came is damaged.
        StorageError: the cache cannot be written, or an ``s3://`` mirror refuses.
    """
    if path := locate(name):
        return path
    if not download:
        raise AssetError(
            f"The weights '{name}' are not available; the run that needs them fetches them."
        )
    reasons = []
    for file, url in _sources(ASSETS[name]):
        try:
            return _download(file, url, progress)
        except _NotThere as error:
            reasons.append(f"{url}: {error}")
    raise AssetError(
        f"The weights '{name}' are not available and could not be downloaded "
        f"({'; '.join(reasons)}). Put one of "
        f"{', '.join(file.filename for file in ASSETS[name].files)} into a folder and set "
        f"ZOO_ASSETS to it, or {ASSETS[name].otherwise}."
    )


class _NotThere(Exception):
    """One source does not have the file; the next may."""


def _sources(asset: Asset) -> list[tuple[AssetFile, str]]:
    mirror = os.environ.get("ZOO_ASSETS", "")
    sources = []
    if _is_remote(mirror):
        sources += [(file, f"{mirror.rstrip('/')}/{file.filename}") for file in asset.files]
    sources += [(file, file.url) for file in asset.files if file.url]
    return sources


def _download(file: AssetFile, url: str, progress: Progress | None) -> Path:
    target = _downloads() / file.filename
    if is_s3(url):
        _read_s3(url, target, file, progress)
        return target
    partial = target.with_name(target.name + ".partial")
    with plain_errors(partial):
        private_folder(partial.parent)
        if not (partial.exists() and partial.stat().st_size == file.size):
            _read_http(url, partial, file, progress)
        try:
            _verify(partial, file)
        except AssetError:
            partial.unlink()
            raise
        partial.replace(target)
    return target


def _read_http(url: str, partial: Path, file: AssetFile, progress: Progress | None) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            if have and response.status != 206:
                have = 0
            with partial.open("ab" if have else "wb") as out:
                while chunk := response.read(CHUNK):
                    have += len(chunk)
                    if have > file.size:
                        raise AssetError(f"{url} sends more than the {file.size} bytes expected.")
                    out.write(chunk)
                    if progress:
                        progress(have, file.size)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            partial.unlink()
        raise _NotThere(f"HTTP {error.code}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise _NotThere(str(getattr(error, "reason", error))) from error
    if have < file.size:
        raise _NotThere(f"stopped at {have} of {file.size} bytes; run it again to resume")


def _read_s3(url: str, target: Path, file: AssetFile, progress: Progress | None) -> None:
    try:
        download(
            S3Address.parse(url),
            target,
            sha256=file.sha256,
            progress=progress,
            retry_seconds=SHORT_RETRY_SECONDS,
        )
    except MissingObjectError as error:
        raise _NotThere("not there") from error
    except OutageError as error:
        raise _NotThere(str(error).rstrip(".")) from error
    except DamagedObjectError as error:
        raise AssetError(str(error)) from error
    if target.stat().st_size != file.size:
        target.unlink()
        raise AssetError(f"{url} does not have the size of {file.size} bytes expected.")


def _verify(path: Path, file: AssetFile) -> None:
    if path.stat().st_size != file.size or not sha256_of(path).startswith(file.sha256):
        raise AssetError(
            f"{path} is not the expected file (its size or SHA-256 differs): delete it and try "
            "again."
        )


def _downloads() -> Path:
    return cache_folder() / "assets"


def _is_remote(place: str) -> bool:
    return is_s3(place) or place.startswith(("http://", "https://"))
