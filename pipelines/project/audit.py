"""Known vulnerabilities of the locked packages, from PyPI or from the list of the last audit.

``requirements/advisories.json`` says of each locked version which advisories were known on which
day; with ``--offline``, and where PyPI cannot be reached, it is asked instead. An advisory that
does not concern this project is listed in ``requirements/accepted.json`` with the reason. The
queries are made by pip-audit (``make audit`` installs it). Where only a copy of PyPA's database
can be had (https://github.com/pypa/advisory-database), ``--database FOLDER`` asks that.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
SNAPSHOT = LOCKS / "advisories.json"
ACCEPTED = LOCKS / "accepted.json"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_MODIFIED = re.compile(r"^modified: ['\"]?(\d{4}-\d{2}-\d{2})", re.MULTILINE)
_OLD_DAYS = 30
Advisories = dict[str, list[str]]
"""By ``name==version``."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline", action="store_true", help="ask the list, not PyPI")
    parser.add_argument("--database", type=Path, help="a copy of PyPA's, asked in PyPI's place")
    parser.add_argument("--write", action="store_true", help="keep what was said as the list")
    chosen = parser.parse_args()
    day, found = f"{datetime.now(UTC):%Y-%m-%d}", None
    if chosen.database:
        day, found = searched(chosen.database, locked())
    elif not chosen.offline:
        found = asked()
    if found is None:
        if not SNAPSHOT.is_file():
            print(f"error: No {SNAPSHOT} yet; `make audit WRITE=1` makes it where PyPI answers.")
            return 1
        day, found = kept()
        print(
            f"Asked the list of {day}{'' if chosen.offline else ', because PyPI does not answer'}."
        )
    elif chosen.write and found:
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


def searched(database: Path, pins: set[str]) -> tuple[str, Advisories]:
    """The day of a copy of PyPA's database, and what it knows of the locked versions."""
    days = [
        day
        for path in (database / "vulns").glob("*/*.yaml")
        for day in _MODIFIED.findall(path.read_text(encoding="utf-8"))
    ]
    if not days:
        raise SystemExit(f"error: {database} is no copy of PyPA's database: no vulns/*/*.yaml.")
    found: Advisories = {}
    for pin in sorted(pins):
        name, _, version = pin.partition("==")
        folder = database / "vulns" / re.sub(r"[-_.]+", "-", name).lower()
        advisories = (
            yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
            for path in sorted(folder.glob("*.yaml"))
        )
        found[pin] = [
            one["id"]
            for one in advisories
            if "withdrawn" not in one and any(_hits(place, version) for place in one["affected"])
        ]
    return max(days), found


def _hits(affected: Mapping[str, Any], version: str) -> bool:
    """Whether a version is affected: named, or within a range (https://ossf.github.io/osv-schema)."""
    if affected.get("package", {}).get("ecosystem") != "PyPI":
        return False
    ranges = [one for one in affected.get("ranges", ()) if one["type"] == "ECOSYSTEM"]
    return version in affected.get("versions", ()) or any(
        _within(list(_events(one)), Version(version)) for one in ranges
    )


def _events(span: Mapping[str, Any]) -> Iterator[tuple[Version, str]]:
    for event in span["events"]:
        for kind, said in event.items():
            try:
                yield Version(said), kind
            except InvalidVersion:  # of a time before PEP 440
                continue


def _within(events: list[tuple[Version, str]], version: Version) -> bool:
    inside = False
    for when, kind in sorted(events):
        if kind == "introduced" and when <= version:
            inside = True
        elif (kind == "fixed" and when <= version) or (kind == "last_affected" and when < version):
            inside = False
    return inside


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
    age = (datetime.now(UTC).date() - date.fromisoformat(day)).days
    if age > _OLD_DAYS:
        print(f"The list is {age} days old, and knows nothing of what was found since.")
    if not bad:
        print(f"{len(pins)} packages: no known vulnerability on {day} that is not accepted.")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
