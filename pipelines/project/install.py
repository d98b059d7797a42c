"""Installs the project and some extras' locked packages.

    python pipelines/project/install.py train

Every package must match one of the hashes of ``requirements/``. Nothing is resolved, so only locked
packages are installed. Runs in the environment that it installs into, with the standard library
alone.
"""

import argparse
import compileall
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
EXTRAS = ("export", "train", "serve", "server", "docs", "dev", "audit")
_LOCKED_WITH = {"train": ("export", "train")}
"""Extras part of whose packages stand in another's file."""

_HASHED = ("--require-hashes", "--no-deps", "--no-build-isolation")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help=f"of {', '.join(EXTRAS)}")
    parser.add_argument("--no-editable", action="store_true", help="a copy, as in an image")
    chosen = parser.parse_args()
    if unknown := set(chosen.extras) - set(EXTRAS):
        parser.error(f"no extra is called {', '.join(sorted(unknown))}; there are {EXTRAS}")
    pip(*_HASHED, *locks("build"))
    wanted = [name for extra in chosen.extras for name in _LOCKED_WITH.get(extra, (extra,))]
    pip(*_HASHED, *locks("swap", *dict.fromkeys(wanted)))
    if "train" in chosen.extras and wants_cuda():
        pip(*_HASHED, *locks("cuda"))
    project = [str(ROOT)] if chosen.no_editable else ["--editable", str(ROOT)]
    pip("--no-deps", "--no-build-isolation", *project)
    if chosen.no_editable:  # an image is started often, and its files cannot be written
        compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0)
    return 0


def locks(*names: str) -> list[str]:
    return [part for name in names for part in ("--requirement", str(LOCKS / f"{name}.lock"))]


def wants_cuda() -> bool:
    """Whether the torch that is installed needs CUDA's libraries on this machine."""
    code = (
        "from importlib.metadata import requires\n"
        "from packaging.requirements import Requirement\n"
        "asked = [Requirement(line) for line in requires('torch') or ()]\n"
        "here = [one for one in asked if not one.marker or one.marker.evaluate({'extra': ''})]\n"
        "print(any(one.name.startswith(('nvidia', 'cuda')) for one in here))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip() == "True"


def pip(*arguments: str) -> None:
    """Runs pip; its output and exit code are passed to the user.

    Modules are compiled when they are imported first: most never are, and all take a minute.
    """
    quiet = ("--quiet", "--quiet", "--no-compile", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *quiet, *arguments]
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    raise SystemExit(main())
