"""The floors of docs/architecture.md: a module imports its own package and what lies below."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PLATFORM = Path(__file__).parents[1] / "platform"
PACKAGE = PLATFORM / "zoo"

# From the ground up. Names on one line do not know each other.
FLOORS = [
    {"errors", "printable", "untrusted", "cores", "allocator", "file_lock"},
    {"process_pool", "yaml_files"},
    {"settings"},
    {"storage"},
    {"s3"},
    {"assets", "tracking", "shared_storage", "local_ray"},
    {"cluster"},
    {"photos", "provenance", "people"},
    {"faces", "products"},
    {"networks"},
    {"objective"},
    {"swapping"},
    {"training", "exporting", "distributed"},
    {"evaluation"},
    {"registry"},
    {"purging", "stages"},
    {"serving"},
    {"cli"},
]
FLOOR = {name: level for level, names in enumerate(FLOORS) for name in names}

# Stricter than the floors: these stand low enough to import the right side's packages, but
# a swap must not wait for torch, and the registry reads receipts and reports as data.
FORBIDDEN = {
    "swapping": {"networks", "objective", "people"},
    "registry": {"networks", "objective", "people", "training", "evaluation"},
}
HEAVY = {"torch", "ray", "mlflow", "dvc", "numba", "onnx"}
LIGHT_PACKAGES = [
    "errors",
    "printable",
    "untrusted",
    "allocator",
    "process_pool",
    "file_lock",
    "yaml_files",
    "settings",
    "storage",
    "s3",
    "shared_storage",
    "products",
    "photos",
    "provenance",
    "faces",
    "swapping",
]

MODULES = sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Dotted names imported anywhere in a module, inside functions and TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def floor_of(path: Path) -> str:
    """The package (or ground-floor module) of a file: ``faces/geometry/pose.py`` → ``faces``."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_its_own_package_and_lower_floors(path: Path) -> None:
    here = floor_of(path)
    if here == "__init__":
        return  # test_public_interface.py: nothing is loaded before it is used
    assert here in FLOOR, f"{here} has no floor: give it one in FLOORS and docs/architecture.md"
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "zoo" or parts[1] in {here, "__version__"}:
            continue
        assert FLOOR[parts[1]] < FLOOR[here], f"{here} must not import zoo.{parts[1]}"
        assert parts[1] not in FORBIDDEN.get(here, set()), f"{here} must not import zoo.{parts[1]}"


@pytest.mark.parametrize("package", LIGHT_PACKAGES)
def test_light_packages_name_no_heavy_library(package: str) -> None:
    for path in (path for path in MODULES if floor_of(path) == package):
        heavy = {name.split(".")[0] for name in imports_of(path)} & HEAVY
        assert not heavy, f"{path.relative_to(PLATFORM)} imports {heavy}"


def test_only_s3_knows_boto3_and_only_when_it_is_used() -> None:
    named = {"boto3", "botocore", "s3transfer"}
    for path in MODULES:
        if floor_of(path) != "s3":
            assert not named & {name.split(".")[0] for name in imports_of(path)}, path
    code = (
        "import sys, zoo.s3.transfer, zoo.shared_storage, zoo.assets\n"
        f"sys.exit(bool({named!r} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_driver_of_trainings_does_not_wait_for_torch() -> None:
    code = (
        "import pickle, sys\n"
        "import zoo.training.trainer\n"
        "from zoo.networks.perceptual import read_weights\n"
        "from zoo.training.job import Trained\n"
        "read_weights('compact')\n"
        "pickle.loads(pickle.dumps(Trained({}, [], 1.0, 0, 1)))\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_platform_is_an_import_root_and_no_package() -> None:
    # With an __init__.py it would hide the standard library's module `platform`.
    assert not (PLATFORM / "__init__.py").exists()


@pytest.mark.parametrize("package", ["objective", "networks", "training"])
def test_what_judges_likeness_never_trains(package: str) -> None:
    for path in (path for path in MODULES if floor_of(path) == package):
        assert "sface" not in path.read_text(encoding="utf-8").lower(), path
