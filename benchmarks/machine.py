"""What a benchmark was measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from zoo.cores import available_cores


def machine(*packages: str) -> str:
    """Processor, cores, load and Python, with the versions of ``packages``."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = names[0] if names else platform.machine()
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{package} {version(package)}" for package in packages]
    load = os.getloadavg()[0]
    return f"{available_cores()} cores of {model}, load {load:.1f}; {', '.join(versions)}"
