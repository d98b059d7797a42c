"""The release check: the wheel, installed and swapping where there is next to nothing else.

    python pipelines/project/wheel.py

Builds the wheel from a copy of what git has, fetches the locked packages of a swap, and goes on in
a root folder of its own (user, mount, network and process namespaces of Linux; no rights of root
are needed where users may make them). In there are Python, the C library, what Python's own modules
link to, libstdc++, libgcc_s, and nothing else of this system: no shell, no compiler, no libGL, no
X, no GLib, no network. There ``wheel_inside.py`` installs the packages with their hashes and swaps
a rendered face by the shipped network, and each library that the swap had loaded is named.

What it does not show: another C library's age (the wheels' manylinux tags do) or another processor.
Runs in an environment with the extras train and dev (``make wheel``).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from zoo.networks.onnx_export import export_onnx
from zoo.networks.shipped import read_start
from zoo.networks.transformation import TransformationNetwork
from zoo.people import named_person, random_scene, render
from zoo.registry.local import cache
from zoo.storage import sha256_of
from zoo.training.recipes import SHIPPED_START

ROOT = Path(__file__).parents[2]
REGISTRY = "sqlite:////nowhere/mlflow.db"
HASHED = ("--require-hashes", "--no-deps", "--no-build-isolation")
ALLOWED = (
    "libc", "libm", "libdl", "libpthread", "librt", "libutil", "libresolv", "libnss_files",
    "libgcc_s", "libstdc++", "ld-linux",
)  # fmt: skip
"""What the wheels may expect of every Linux (PEP 600), less what a server often has not."""

_LINKED = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
_UNWANTED = "_tkinter"  # a module of Python that links to X, which `python:slim` has not


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the wheel there")
    keep: Path | None = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        wheels = root / "wheels"
        wheels.mkdir(parents=True)
        wheel = build(wheels)
        print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.1f} MiB", flush=True)
        fetch(wheels)
        photo = prepare(root / "home")
        shutil.copytree(ROOT / "requirements", root / "requirements")
        shutil.copy(Path(__file__).with_name("wheel_inside.py"), root / "inside.py")
        code = enter(root, ["/inside.py", wheel.name])
        if code:
            return code
        report(root, photo)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(wheel, keep)
    return 0


def build(wheels: Path) -> Path:
    """The wheel, from a copy of the files that git knows."""
    with tempfile.TemporaryDirectory() as folder:
        known = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, stdout=subprocess.PIPE, check=True,
        ).stdout.decode()  # fmt: skip
        for name in filter(None, known.split("\0")):
            if name.startswith("platform/") or "/" not in name:
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, Path(folder) / name)
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), folder)
    (wheel,) = wheels.glob("faceswap_zoo-*.whl")
    return wheel


def fetch(wheels: Path) -> None:
    """The locked packages of a swap, and what builds those of which there is no wheel."""
    for name in ("build", "swap"):
        lock = str(ROOT / "requirements" / f"{name}.lock")
        pip("download", *HASHED, "--dest", str(wheels), "--requirement", lock)


def prepare(home: Path) -> Path:
    """A photo of a rendered person, and the shipped network in the cache under the name start."""
    home.mkdir()
    photo = home / "photo.png"
    Pillow.fromarray(render(named_person("ada"), random_scene(3), 384).image).save(photo)
    layout, filters, normalisation, resolution = SHIPPED_START
    network = TransformationNetwork(resolution, filters, layout, normalisation)  # type: ignore[arg-type]
    network.load_state_dict(read_start())
    source = home / "start.onnx"
    export_onnx(network, source, {"identity": "start", "basis": "synthetic"})
    os.environ["ZOO_CACHE"] = str(home / "cache")
    card = {
        "identity": "start", "version": 1, "sha256": sha256_of(source), "basis": "synthetic",
        "recipe": "cpu", "resolution": resolution, "scores": {},
    }  # fmt: skip
    cache.store(REGISTRY, card, lambda path: path.write_bytes(source.read_bytes()))
    cache.remember_aliases(REGISTRY, "start", {"champion": 1})
    return photo


def enter(root: Path, arguments: list[str]) -> int:
    """Runs Python with ``root`` as its whole file system; its exit status."""
    base = Path(sys.base_prefix)
    shown = [base, *needed(base)]
    mounts = []
    for path in shown:
        inside = root / path.relative_to("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.mkdir() if path.is_dir() else inside.touch()
        mounts.append(f"mount --rbind {path} {inside}")
    for device in ("null", "urandom"):
        (root / "dev").mkdir(exist_ok=True)
        (root / "dev" / device).touch()
        mounts.append(f"mount --bind /dev/{device} {root}/dev/{device}")
    for name in ("proc", "tmp"):
        (root / name).mkdir()
    mounts.append(f"mount -t proc proc {root}/proc || mount --rbind /proc {root}/proc")
    python = base / "bin" / f"python{sysconfig.get_python_version()}"
    environment = f"env -i HOME=/home LANG=C.UTF-8 PATH=/env/bin MLFLOW_TRACKING_URI={REGISTRY}"
    chroot = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
    inner = (
        f"exec {environment} ZOO_CACHE=/home/cache {chroot} {root} {python} {' '.join(arguments)}"
    )
    script = " && ".join(["set -e", *(f"{{ {mount}; }}" for mount in mounts), inner])
    options = ["--user", "--map-root-user", "--mount", "--net", "--pid", "--fork"]
    return subprocess.run(["unshare", *options, "sh", "-c", script], check=False).returncode


def needed(base: Path) -> list[Path]:
    """The libraries of this system that Python and its modules link to, and :data:`ALLOWED`."""
    modules = base.glob("lib/python3*/lib-dynload/*.so")
    files = [base / "bin" / f"python{sysconfig.get_python_version()}", *modules]
    linked = set(_linked(file for file in files if _UNWANTED not in file.name))
    listed = subprocess.run(["ldconfig", "-p"], stdout=subprocess.PIPE, text=True, check=True)
    for line in listed.stdout.splitlines():
        name, _, path = line.strip().partition(" => ")
        if path and "x86-64" in name and name.split(".so")[0].split("-x86")[0] in ALLOWED:
            linked.add(Path(path))
    return sorted(path for path in linked if not path.is_relative_to(base))


def _linked(files: Iterable[Path]) -> Iterable[Path]:
    for file in files:
        done = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False)
        yield from map(Path, _LINKED.findall(done.stdout))


def report(root: Path, photo: Path) -> None:
    """Says what was loaded and how much of the picture changed."""
    loaded = json.loads((root / "home" / "loaded.json").read_text())
    system = sorted(path for path in loaded if not path.startswith(("/env/", sys.base_prefix)))
    own = [path for path in loaded if path.startswith("/env/")]
    print(f"loaded: {len(own)} libraries of packages, {len(system)} of the system:")
    print("  " + "\n  ".join(system))
    before, after = (
        np.asarray(Pillow.open(path), float) for path in (photo, root / "home" / "swapped.png")
    )
    change = np.abs(after - before).mean(axis=2)
    face = change > 4
    print(f"changed: {face.mean():.1%} of the picture, by {change[face].mean():.0f} levels there")
    if not 0.01 < face.mean() < 0.5 or change[:20].max() > 0:
        raise SystemExit("error: that is no swapped face.")


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments]
    if code := subprocess.run(command, check=False).returncode:
        raise SystemExit(code)


if __name__ == "__main__":
    raise SystemExit(main())
