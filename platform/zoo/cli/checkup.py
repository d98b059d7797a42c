"""What ``zoo doctor`` looks at: each check says, in bounded time, what it found and what to do.

What only a GPU's driver or a server can tell is asked for in a process or over a socket with a
time limit, because either may hang for ever.
"""

import configparser
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from zoo.errors import ZooError
from zoo.settings import Project, cache_folder, without_password

SECONDS = 90.0
"""A check that takes longer has failed."""

_CONNECT = 5.0  # seconds for a server to answer
_LEAST_FREE = 1e9  # bytes

BASE = ("numpy", "opencv-python-headless", "dlib-bin", "onnxruntime", "pillow", "pydantic", "av",
        "c2pa-python", "typer")  # fmt: skip
TRAINING = ("torch", "ray", "mlflow", "dvc", "onnx", "numba")


class State(StrEnum):
    """How a check came out; only what is broken makes ``zoo doctor`` fail."""

    OK = "ok"
    NOTE = "note"  # works, and could do better; or is not there and not needed
    BROKEN = "broken"


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        state: how it is.
        found: in words.
        fix: what to do; empty when nothing is needed.
        seconds: that it took.
    """

    name: str
    state: State
    found: str
    fix: str = ""
    seconds: float = 0.0


def checks(project: Project | None) -> dict[str, Callable[[], Check]]:
    """All that apply here, by name, in the order they are told."""
    found: dict[str, Callable[[], Check]] = {
        "installed": _installed,
        "training": _training_packages,
        "face models": _face_models,
        "onnx runtime": _onnx_runtime,
        "pytorch": _pytorch,
        "cache": _cache,
        "weights": _weights,
    }
    if project:
        found["project"] = lambda: _project(project)
        found["dvc remote"] = lambda: _dvc_remote(project)
    found["registry"] = lambda: _registry(project)
    if os.environ.get("AWS_ENDPOINT_URL"):
        found["s3"] = lambda: _server("s3", os.environ["AWS_ENDPOINT_URL"], "AWS_ENDPOINT_URL")
    if os.environ.get("RAY_ADDRESS"):
        found["ray"] = _ray
    return found


def run(name: str, check: Callable[[], Check], seconds: float = SECONDS) -> Check:
    """One check, given up after ``seconds``; whatever it raises is a finding, too."""
    results: list[Check] = []

    def work() -> None:
        try:
            results.append(check())
        except ZooError as error:
            results.append(Check(name, State.BROKEN, str(error)))
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            results.append(Check(name, State.BROKEN, reason))

    begun = time.monotonic()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    took = round(time.monotonic() - begun, 2)
    if not results:
        slow = Check(name, State.BROKEN, f"no answer in {seconds:.0f} seconds", "Try it again.")
        return replace(slow, seconds=took)
    return replace(results[0], seconds=took)


def _installed() -> Check:
    versions, missing = _versions(BASE)
    python = ".".join(str(part) for part in sys.version_info[:3])
    if missing:
        return Check("installed", State.BROKEN, f"missing: {', '.join(missing)}",
                     "pip install --force-reinstall faceswap-zoo")  # fmt: skip
    return Check("installed", State.OK, f"Python {python}, {', '.join(versions)}")


def _training_packages() -> Check:
    versions, missing = _versions(TRAINING)
    if missing:
        return Check("training", State.NOTE, f"missing: {', '.join(missing)} (swapping needs none)",
                     "pip install 'faceswap-zoo[train]'")  # fmt: skip
    return Check("training", State.OK, ", ".join(versions))


def _versions(names: Sequence[str]) -> tuple[list[str], list[str]]:
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    return found, missing


def _face_models() -> Check:
    import numpy as np

    from zoo.faces.detection import find_landmarks
    from zoo.faces.models import DESCRIPTOR, detector, model_file

    begun = time.perf_counter()
    detector()
    find_landmarks(np.zeros((96, 96, 3), np.uint8), (8, 8, 88, 88))
    model_file(DESCRIPTOR)
    took = 1000 * (time.perf_counter() - begun)
    return Check("face models", State.OK, f"detector, landmarks and descriptor, in {took:.0f} ms")


def _onnx_runtime() -> Check:
    """Which providers run a network for real: ONNX Runtime falls back to the CPU silently."""
    from importlib.resources import files

    network = files("zoo") / "faces" / "segmentation.onnx"
    code = (
        "import json, sys, onnxruntime as o, numpy as n\n"
        "o.set_default_logger_severity(4)\n"
        "out = {}\n"
        "for p in o.get_available_providers():\n"
        "    s = o.InferenceSession(sys.argv[1], providers=[p])\n"
        "    feed = {i.name: n.zeros([d if isinstance(d, int) else 1 for d in i.shape],"
        " n.float32) for i in s.get_inputs()}\n"
        "    s.run(None, feed)\n"
        "    out[p] = s.get_providers()[0]\n"
        "print(json.dumps(out))\n"
    )
    asked = json.loads(_python(code, str(network)))
    asked.pop("AzureExecutionProvider", None)  # calls a service; it is no device
    real = [provider for provider, given in asked.items() if provider == given]
    silent = [provider for provider in asked if provider not in real]
    words = ", ".join(provider.removesuffix("ExecutionProvider") for provider in real)
    if silent:
        return Check(
            "onnx runtime",
            State.NOTE,
            f"runs on {words}; {', '.join(silent)} is offered and falls back to the CPU",
            "Install the CUDA and cuDNN versions that this onnxruntime-gpu was built for.",
        )
    return Check("onnx runtime", State.OK, f"runs on {words}")


def _pytorch() -> Check:
    """A product computed on each device, compared with the CPU's."""
    if not _versions(["torch"])[0]:
        return Check("pytorch", State.NOTE, "not installed (swapping needs none)",
                     "pip install 'faceswap-zoo[train]'")  # fmt: skip
    code = (
        "import json, torch\n"
        "a = torch.arange(4096.).reshape(64, 64) / 4096\n"
        "out = {'threads': torch.get_num_threads(), 'cuda': torch.version.cuda, 'gpus': []}\n"
        "for i in range(torch.cuda.device_count()):\n"
        "    b = a.to(f'cuda:{i}')\n"
        "    same = torch.allclose((b @ b).cpu(), a @ a, rtol=1e-2)\n"
        "    free, total = torch.cuda.mem_get_info(i)\n"
        "    out['gpus'].append([torch.cuda.get_device_name(i), same, free, total])\n"
        "print(json.dumps(out))\n"
    )
    found = json.loads(_python(code))
    wrong = [name for name, same, *_ in found["gpus"] if not same]
    if wrong:
        return Check("pytorch", State.BROKEN, f"{', '.join(wrong)} computes wrong results",
                     "Update its driver, or hide it with CUDA_VISIBLE_DEVICES=.")  # fmt: skip
    if found["gpus"]:
        words = ", ".join(
            f"{name} ({free / 1e9:.0f} of {total / 1e9:.0f} GB free)"
            for name, _, free, total in found["gpus"]
        )
        return Check("pytorch", State.OK, f"computes on {words}")
    cpu = f"computes on the CPU, {found['threads']} threads"
    if shutil.which("nvidia-smi"):
        built = f"for CUDA {found['cuda']}" if found["cuda"] else "without CUDA"
        return Check("pytorch", State.NOTE, f"{cpu}; it was built {built} and sees no GPU",
                     "Install PyTorch's CUDA build, and check `nvidia-smi`.")  # fmt: skip
    return Check("pytorch", State.OK, cpu)


def _cache() -> Check:
    folder = cache_folder()
    fix = "Set ZOO_CACHE to a folder that you may write to and that has room."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{os.getpid()}"
        probe.write_bytes(b"0")
        probe.unlink()
    except OSError as error:
        return Check("cache", State.BROKEN, f"{folder}: {error.strerror or error}", fix)
    free = shutil.disk_usage(folder).free
    networks = len(list(folder.glob("networks/*/*/*/network.onnx")))
    words = f"{folder}, {networks} networks, {free / 1e9:.1f} GB free"
    return Check("cache", State.BROKEN, words, fix) if free < _LEAST_FREE else Check(
        "cache", State.OK, words
    )  # fmt: skip


def _weights() -> Check:
    from zoo.assets import locate
    from zoo.s3.address import is_s3

    mirror = os.environ.get("ZOO_ASSETS", "")
    if path := locate("vgg19"):
        return Check("weights", State.OK, f"VGG-19: {path}")
    words = "VGG-19 is not at hand; recipes use the compact network that is shipped"
    if not mirror:
        fix = "Set ZOO_ASSETS to a folder, http(s):// or s3:// mirror that has it, if you want it."
        return Check("weights", State.NOTE, words, fix)
    if is_s3(mirror):
        from zoo.s3.address import S3Address
        from zoo.s3.patience import SHORT_PATIENCE
        from zoo.s3.transfer import listing

        next(iter(listing(S3Address.parse(mirror.rstrip("/") + "/"), SHORT_PATIENCE)), None)
        return Check("weights", State.OK, f"ZOO_ASSETS={mirror} answers")
    if mirror.startswith(("http://", "https://")):
        return _server("weights", mirror, "ZOO_ASSETS")
    if Path(mirror).is_dir():
        return Check("weights", State.NOTE, f"ZOO_ASSETS={mirror} has no VGG-19",
                     "Put vgg19-dcbb9e9d.pth there, or unset ZOO_ASSETS.")  # fmt: skip
    return Check("weights", State.BROKEN, f"ZOO_ASSETS={mirror} is no folder",
                 "Correct or unset ZOO_ASSETS.")  # fmt: skip


def _project(project: Project) -> Check:
    from zoo.provenance.identity import identities
    from zoo.settings import read_params

    params, people = read_params(project), identities(project)
    free = shutil.disk_usage(project.root).free
    words = (
        f"{project.root}, {len(people)} identities, recipe {params.get('recipe')}, "
        f"{free / 1e9:.1f} GB free"
    )
    if free < _LEAST_FREE:
        return Check("project", State.BROKEN, words, "Free some space; `zoo registry gc` helps.")
    return Check("project", State.OK, words)


def _dvc_remote(project: Project) -> Check:
    """The default remote of ``.dvc/config`` and ``.dvc/config.local``."""
    config = configparser.ConfigParser()
    folder = project.root / ".dvc"
    config.read([folder / "config", folder / "config.local"])
    name = config.get("core", "remote", fallback="")
    # DVC writes ['remote "name"'], quotes and all.
    url = config.get(f"'remote \"{name}\"'", "url", fallback="")
    if not url:
        return Check("dvc remote", State.NOTE, "none; photos stay on this machine",
                     "dvc remote add --default NAME URL, to share them")  # fmt: skip
    if url.startswith("s3://"):
        from zoo.s3.address import S3Address
        from zoo.s3.patience import SHORT_PATIENCE
        from zoo.s3.transfer import listing

        next(iter(listing(S3Address.parse(url.rstrip("/") + "/"), SHORT_PATIENCE)), None)
        return Check("dvc remote", State.OK, f"{name}: {url} answers")
    if url.startswith(("http://", "https://")):
        return _server("dvc remote", url, ".dvc/config")
    if "://" in url:
        return Check("dvc remote", State.NOTE, f"{name}: {url} (not tried)", "dvc status --cloud")
    path = (folder / url).resolve()
    if path.is_dir():
        return Check("dvc remote", State.OK, f"{name}: {path}")
    return Check("dvc remote", State.BROKEN, f"{name}: {path} is no folder",
                 f"Mount or make it, or: dvc remote modify {name} url URL")  # fmt: skip


def _registry(project: Project | None) -> Check:
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith(("http://", "https://")):
        return _server("registry", f"{uri.rstrip('/')}/health", "MLFLOW_TRACKING_URI")
    if uri.startswith("postgresql"):
        parts = urlsplit(uri)
        return _socket("registry", parts.hostname or "localhost", parts.port or 5432,
                       "MLFLOW_TRACKING_URI")  # fmt: skip
    if not uri and project is None:
        return Check("registry", State.NOTE, "none is known here; swaps use the cache",
                     "Change into a project, or set MLFLOW_TRACKING_URI.")  # fmt: skip
    if not uri and project:
        uri = f"sqlite:///{project.root / 'mlflow.db'}"
    path = Path(uri.removeprefix("sqlite:///"))
    if path.is_file():
        return Check("registry", State.OK, f"{path}, {path.stat().st_size / 1e6:.1f} MB")
    return Check("registry", State.NOTE, f"{path} is not there yet", "dvc repro makes it.")


def _ray() -> Check:
    address = os.environ["RAY_ADDRESS"]
    if address == "auto":
        return Check("ray", State.NOTE, "RAY_ADDRESS=auto (not tried)", "ray status")
    parts = urlsplit(address if "://" in address else f"//{address}")
    return _socket("ray", parts.hostname or "", parts.port or 10001, "RAY_ADDRESS")


def _server(name: str, url: str, variable: str) -> Check:
    """Any answer will do, refusals too: it is there."""
    shown = without_password(url)
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= 500:
            return Check(name, State.BROKEN, f"{shown} answers with HTTP {error.code}",
                         "Look at that server's log.")  # fmt: skip
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Check(name, State.BROKEN, f"{shown} does not answer ({reason})",
                     f"Start that server, or correct or unset {variable}.")  # fmt: skip
    return Check(name, State.OK, f"{shown} answers")


def _socket(name: str, host: str, port: int, variable: str) -> Check:
    try:
        with socket.create_connection((host, port), _CONNECT):
            pass
    except OSError as error:
        reason = error.strerror or error
        return Check(name, State.BROKEN, f"{host}:{port} does not answer ({reason})",
                     f"Start that server, or correct or unset {variable}.")  # fmt: skip
    return Check(name, State.OK, f"{host}:{port} answers")


def _python(code: str, *arguments: str) -> str:
    """What a Python process prints last.

    Raises:
        RuntimeError: it failed or took too long; says with what.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            timeout=SECONDS - 5,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"no answer in {SECONDS - 5:.0f} seconds") from error
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    if done.returncode or not lines:
        raise RuntimeError(lines[-1] if lines else f"ended with code {done.returncode}")
    return lines[-1]
