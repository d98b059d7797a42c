"""Known vulnerabilities of the locked packages, from PyPI or from the list of the last audit.

``requirements/advisories.json`` says of each locked version which advisories were known on which
day; with ``--offline``, and where PyPI cannot be reached, it is asked instead. An advisory that
does not concern this project is listed in ``requirements/accepted.json`` with the reason. The
queries are made by pip-audit (``make audit`` installs it).
"""

import argparse
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
SNAPSHOT = LOCKS / "advisories.json"
ACCEPTED = LOCKS / "accepted.json"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
Advisories = dict[str, list[str]]
"""By ``name==version``."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline", action="store_true", help="ask the list, not PyPI")
    parser.add_argument("--write", action="store_true", help="keep what PyPI says as the list")
    chosen = parser.parse_args()
    found = None if chosen.offline else asked()
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    if found is None:
        if not SNAPSHOT.is_file():
            print(f"error: No {SNAPSHOT} yet; `make audit WRITE=1` makes it where PyPI answers.")
            return 1
        day, found = kept()
        print(
            f"Asked the list of {day}{'' if chosen.offline else ', because PyPI does not answer'}."
        )
    elif chosen.write:
        SNAPSHOT.write_text(json.dumps({"day": day, "advisories": found}, indent=1) + "\n")
    return report(found, locked(), json.loads(ACCEPTED.read_text()), day)


def locked() -> set[str]:
    """All locked packages, as ``name==version``."""
    texts = (path.read_text() for path in sorted(LOCKS.glob("*.lock")))
    return {f"{name}=={version}" for text in texts for name, version in _PIN.findall(text)}


def kept() -> tuple[str, Advisories]:
    """The list, and its day."""
    said = json.loads(SNAPSHOT.read_text())
    return said["day"], said["advisories"]


def asked() -> Advisories | None:
    """PyPI's advisories of each locked version; None if PyPI cannot be reached."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "30"]
    files = [part for path in sorted(LOCKS.glob("*.lock")) for part in ("--requirement", path)]
    done = subprocess.run(
        [*command, *options, *map(str, files)], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr.strip()[-300:], file=sys.stderr)
        return None
    # What it could not ask about it skips, and ends well: an index without advisories skips all.
    return {
        f"{one['name']}=={one['version']}": sorted(advisory["id"] for advisory in one["vulns"])
        for one in sorted(packages, key=lambda one: str(one["name"]))
        if "version" in one
    } or None


def report(found: Advisories, pins: set[str], accepted: dict[str, str], day: str) -> int:
    """Prints the advisories; 1 if one is not accepted, or a package is unknown."""
    bad = False
    for package in sorted(pins - found.keys()):
        bad = True
        print(f"error: {package} is not in the list of {day}; run `make audit` online with WRITE=1")
    for package in sorted(pins & found.keys()):
        for advisory in found[package]:
            reason = accepted.get(advisory)
            bad = bad or reason is None
            words = f"accepted: {reason}" if reason else "error: upgrade it, or accept it"
            print(f"{package}: {advisory}: {words}")
    if not bad:
        print(f"{len(pins)} packages: no known vulnerability on {day} that is not accepted.")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
