"""Checks of the installed packages and of the devices on which they compute."""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from importlib import metadata

from zoo.cli.diagnostics.check import Check, State, python

BASE = ("numpy", "opencv-python-headless", "dlib-bin", "onnxruntime", "pillow", "pydantic", "av",
        "c2pa-python", "pillow-heif", "openexr", "typer")  # fmt: skip
TRAINING = ("torch", "ray", "mlflow", "dvc", "onnx", "numba")


def base() -> Check:
    """The packages that a swap needs."""
    versions, missing = _versions(BASE)
    python = ".".join(str(part) for part in sys.version_info[:3])
    if missing:
        return Check("installed", State.BROKEN, f"missing: {', '.join(missing)}",
                     "pip install --force-reinstall faceswap-zoo")  # fmt: skip
    return Check("installed", State.OK, f"Python {python}, {', '.join(versions)}")


def training() -> Check:
    """Those that training needs."""
    versions, missing = _versions(TRAINING)
    if missing:
        return Check("training", State.NOTE, f"missing: {', '.join(missing)} (swapping needs none)",
                     "pip install 'faceswap-zoo[train]'")  # fmt: skip
    return Check("training", State.OK, ", ".join(versions))


def face_models() -> Check:
    """The detector and landmarks run, and the descriptor is whole."""
    import numpy as np

    from zoo.faces.detection.dlib_models import DESCRIPTOR, detector, model_file
    from zoo.faces.detection.landmark_fitting import find_landmarks

    begun = time.perf_counter()
    detector()
    find_landmarks(np.zeros((96, 96, 3), np.uint8), (8, 8, 88, 88))
    model_file(DESCRIPTOR)
    took = 1000 * (time.perf_counter() - begun)
    return Check("face models", State.OK, f"detector, landmarks and descriptor, in {took:.0f} ms")


def onnx_runtime() -> Check:
    """Which providers run a network for real: ONNX Runtime falls back to the CPU silently."""
    from importlib.resources import files

    network = files("zoo") / "faces" / "masks" / "segmentation.onnx"
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
    asked = json.loads(python(code, str(network)))
    asked.pop("AzureExecutionProvider", None)  # calls a service; it is no device
    real = [provider for provider, given in asked.items() if provider == given]
    silent = [provider for provider in asked if provider not in real]
    words = ", ".join(provider.removesuffix("ExecutionProvider") for provider in real)
    if silent:
        return Check(
            "onnx runtime",
            State.NOTE,
            f"runs on {words}; {', '.join(silent)} is installed, but falls back to the CPU",
            "Install the CUDA and cuDNN versions that this onnxruntime-gpu was built for.",
        )
    return Check("onnx runtime", State.OK, f"runs on {words}")


def pytorch() -> Check:
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
    found = json.loads(python(code))
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


def _versions(names: Sequence[str]) -> tuple[list[str], list[str]]:
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    return found, missing
