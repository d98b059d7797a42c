"""The purge plan: finds everything of an identity, then removes it in a crash-safe order.

The files that identify the identity (its folder, receipt, log) are removed last, so that an
interrupted purge can be repeated.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from zoo.errors import StorageError, UnknownIdentityError
from zoo.products import receipts
from zoo.provenance.identities.identity import RECORD
from zoo.provenance.identities.names import check_name, near_names
from zoo.purging import files
from zoo.purging.dvc_cache import Versioned, find_versioned
from zoo.purging.registry_entries import Registered, find_registered, purge_registered
from zoo.purging.residue import Fingerprints, find_traces
from zoo.registry.publishing.signatures import forget_signer
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.settings import Project, read_params
from zoo.shared_storage import names
from zoo.storage import atomic_file, plain_errors, sha256_of
from zoo.training.checkpoint_storage import CheckpointStorage
from zoo.training.stage import alone
from zoo.untrusted import read_text

RECORD_OF_PURGES = "purged.jsonl"
"""In the project: a line for each purge, with name and time and nothing else."""

_DIGEST = re.compile(r"training ([0-9a-f]{64})")
_ELSEWHERE = (
    "pictures and videos made with it, wherever they were saved; `zoo verify` says what they are",
    "networks that others have pulled, and copies of the project on other machines",
    "`zoo serve` and `zoo live` that run now, until they are restarted",
    "backups, snapshots and a shell's history; disks may keep deleted bytes until they are reused",
)


@dataclass(frozen=True)
class Plan:
    """What a purge of one identity removes.

    Attributes:
        project: whose identity it is.
        name: of the identity.
        files: in the project; what is told by ``registered`` and ``versioned`` is not here.
        naming: files about others that name it, which stay without the name.
        cache: in the user's cache.
        registered: in the registry.
        versioned: in DVC's cache.
        checkpoints: digests of its trainings whose checkpoints lie in shared storage.
        left: what is out of reach, a sentence each.
    """

    project: Project
    name: str
    files: list[Path]
    naming: list[Path]
    cache: list[Path]
    registered: Registered
    versioned: Versioned
    checkpoints: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def lines(self) -> list[tuple[str, int, str]]:
        """The items to remove: kind, bytes, location."""
        found = [("file", files.size_of(path), str(path)) for path in self.files]
        found += [("name in", 0, str(path)) for path in self.naming]
        found += [("cache", files.size_of(path), str(path)) for path in self.cache]
        found += [
            ("version", 0, f"{self.name}:{number} in {self.registered.uri}")
            for number in self.registered.versions
        ]
        found += [("registry's file", 0, place) for place in self.registered.places]
        found += [("DVC", files.size_of(path), str(path)) for path in self.versioned.paths]
        found += [
            ("checkpoint", 0, self._places().training(self.name, digest))
            for digest in sorted(self.checkpoints)
        ]
        return found

    def _places(self) -> CheckpointStorage:
        return CheckpointStorage(self.project, _storage(self.project))


def plan(project: Project, name: str, uri: str) -> Plan:
    """Finds all of ``name``.

    Raises:
        UnknownIdentityError: there is nothing of that name; names near ones.
        RegistryError: the registry cannot be read.
    """
    check_name(name)
    registered = find_registered(uri, name)
    digests = set(registered.digests)
    with suppress(OSError):
        digests.add(sha256_of(project.models / name / "network.onnx"))
    own = files.in_project(project, name)
    versioned = find_versioned(project, name)
    found = Plan(
        project,
        name,
        own,
        files.naming_in_project(project, name),
        files.in_cache(name, uri, digests),
        registered,
        versioned,
    )
    if not own and not registered and not versioned.objects:
        known = [path.parent.name for path in project.identities.glob(f"*/{RECORD}")]
        raise UnknownIdentityError(
            f"There is nothing to remove of an identity '{name}' in "
            f"{project.root}{near_names(name, known)}."
        )
    _add_checkpoints(found)
    found.left.extend([*registered.left, *versioned.left, *_ELSEWHERE])
    return found


def carry_out(planned: Plan) -> tuple[list[str], list[str]]:
    """Removes all that a plan lists, and records that it was done.

    Returns:
        What was out of reach, a sentence each; and what a search found to be left.

    Raises:
        TrainingError: the project is being trained in.
        RegistryError: the registry refused.
        StorageError: something may not be removed.
    """
    with alone(planned.project):
        return _carry_out(planned)


def _carry_out(planned: Plan) -> tuple[list[str], list[str]]:
    project, name = planned.project, planned.name
    fingerprints = Fingerprints()
    fingerprints.take((*planned.files, *planned.versioned.objects))
    known = [path for path in planned.cache if path.name.isdigit() or path.name == name]
    fingerprints.take(known)
    left = [one for one in planned.left if one not in planned.registered.left]
    left += purge_registered(planned.registered, name, project)
    for digest in planned.checkpoints:
        planned._places().remove(name, digest)
    for path in (*planned.versioned.paths, *planned.cache):
        files.delete(path)
    files.take_name_out(project, name, planned.naming)
    last = (project.root / "logs", project.identities)
    for path in sorted(planned.files, key=lambda path: path.parent in last):
        files.delete(path)
    forget_signer(name, planned.registered.uri)
    _record(project, name)
    fingerprints.drop([project.identities])
    return left, find_traces(project, name, fingerprints)


def _add_checkpoints(found: Plan) -> None:
    """Checkpoints in storage that projects share: those of trainings that this one knows of."""
    project, name, storage = found.project, found.name, _storage(found.project)
    if not storage:
        return
    digests = {str(receipts.read(project.models / name).get("digest", ""))}
    with suppress(OSError, ValueError):
        digests.update(_DIGEST.findall(read_text(project.root / "logs" / f"{name}.log", 2**26)))
    places = CheckpointStorage(project, storage)
    short = {digest[:12]: digest for digest in digests if digest}
    try:
        there = names(places.checkpoints, SHORT_RETRY_SECONDS)
    except StorageError as error:
        found.left.append(f"checkpoints in {storage} ({str(error).rstrip('.')})")
        return
    for entry in there:
        owner, _, digest = entry.rpartition("-")
        if owner == name and digest in short:
            found.checkpoints.add(short[digest])
        elif owner == name:
            found.left.append(
                f"{storage}: checkpoints {entry}, which may be another project's {name}"
            )


def _storage(project: Project) -> str:
    fanout = read_params(project).get("fanout")
    return str(fanout.get("storage") or "") if isinstance(fanout, dict) else ""


def _record(project: Project, name: str) -> None:
    path = project.root / RECORD_OF_PURGES
    line = json.dumps({"purged": name, "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"})
    with plain_errors(path):
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
    with atomic_file(path) as temporary:
        temporary.write_text(f"{before}{line}\n", encoding="utf-8")
