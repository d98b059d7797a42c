"""Makes the lock files of ``requirements/``: every package at one version, with its hashes.

One file for each extra of ``pyproject.toml``, holding what the ones before it do not, so that a
machine that only swaps is locked too (those of the tools, any of which may be installed without the
others, hold what the extras do not); ``cuda.lock`` has what PyPI's torch for Linux brings along,
which machines with another build of torch do not want. Versions stay as they are unless
``--upgrade`` says otherwise. Needs uv (``pip install uv``).
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
EXTRAS = ("export", "train", "serve", "server")
TOOLS = ("docs", "dev", "audit")
PYTHON = "3.11.5"  # the docs' packages ask for it; the others take any 3.11
ALWAYS = {"build": "pip>=26\nsetuptools>=77\n"}
"""What builds the package itself and those of which there is no wheel, and what installs them: the
pip of Python 3.11 takes half as long again."""

TORCH_CPU = {
    "2.13.0": ("6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",),
}
"""SHA-256 of PyTorch's own CPU builds for Linux (download.pytorch.org/whl/cpu), which PyPI does not
have: where pip finds such a wheel, it is taken, and the 2 GB of cuda.lock are not."""

_CUDA = re.compile(r"(nvidia|cuda|triton)\b")
_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_HEAD = "# Made by pipelines/project/lock.py; installed with --require-hashes (make).\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", nargs="*", metavar="PACKAGE", help="these, or all")
    upgrade: list[str] | None = parser.parse_args().upgrade
    uv = shutil.which("uv")
    if uv is None:
        print("error: uv is not on the path; install it (pip install uv).", file=sys.stderr)
        return 2
    made: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("" if upgrade == [] else _pins(upgrade or ()))
        inputs = {name: Path(folder) / f"{name}.in" for name in ALWAYS}
        for name, text in ALWAYS.items():
            inputs[name].write_text(text)
        made["build"] = _compile(uv, [str(inputs["build"])], pins)
        project = str(ROOT / "pyproject.toml")
        made["swap"] = _compile(uv, [project], pins)
        extras: list[str] = []
        for extra in EXTRAS:
            extras += ["--extra", extra]
            made[extra] = _compile(uv, [project, *extras], pins)
        for tool in TOOLS:
            made[tool] = _compile(uv, [project, *extras, "--extra", tool], pins)
    LOCKS.mkdir(exist_ok=True)
    known: set[str] = set()
    cuda: dict[str, str] = {}
    for name, entries in made.items():
        cuda |= {key: text for key, text in entries.items() if _CUDA.match(key)}
        new = {key: text for key, text in entries.items() if key not in known | cuda.keys()}
        known |= new.keys() if name not in TOOLS else set()
        _write(name, new)
    _write("cuda", cuda)
    return 0


def _pins(but: "list[str] | tuple[()]") -> str:
    found = {
        match["name"]: match[0].split("\\")[0].split(" ")[0].strip()
        for path in LOCKS.glob("*.lock")
        for match in _ENTRY.finditer(path.read_text())
    }
    return "".join(f"{pin}\n" for name, pin in found.items() if name not in but)


def _compile(uv: str, arguments: list[str], pins: Path) -> dict[str, str]:
    options = ["--generate-hashes", "--no-header", "--no-annotate", "--no-strip-extras"]
    command = [uv, "pip", "compile", *arguments, *options, "--quiet", "--python-version", PYTHON]
    done = subprocess.run(
        [*command, "--constraint", str(pins)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:  # uv has said why
        raise SystemExit(1)
    return {match["name"]: match[0] for match in _ENTRY.finditer(_plain(done.stdout))}


def _plain(text: str) -> str:
    """Without extras: ``ray[serve]==1`` → ``ray==1``; what they bring is listed itself."""
    return re.sub(r"^([A-Za-z0-9._-]+)\[[^]]*\]==", r"\1==", text, flags=re.MULTILINE)


def _write(name: str, entries: dict[str, str]) -> None:
    text = "".join(_with_cpu_builds(entries[key]).rstrip() + "\n" for key in sorted(entries))
    (LOCKS / f"{name}.lock").write_text(_HEAD + text)


def _with_cpu_builds(entry: str) -> str:
    version = found[1] if (found := re.match(r"torch==(\S+)", entry)) else ""
    more = [f" \\\n    --hash=sha256:{digest}" for digest in TORCH_CPU.get(version, ())]
    return entry.rstrip() + "".join(more)


if __name__ == "__main__":
    raise SystemExit(main())
