"""Stage ``register``: registers measured networks and promotes those that pass the gate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.cores import available_cores
from zoo.errors import IdentityError
from zoo.products import receipts
from zoo.products.digests import Digests, digests
from zoo.products.executors import Job
from zoo.products.incremental import run_for_identities
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import Identity
from zoo.registry.promotion.gate import GateSettings, promote
from zoo.registry.publishing.publish import publish
from zoo.registry.references import CANDIDATE, CHAMPION
from zoo.settings import Project, read_params, section, tracking_uri, without_password
from zoo.storage import write_json
from zoo.tracking import exists, settle

NAME, VERSION = "register", "register-3"


def product(project: Project, name: str) -> Path:
    """The note of an identity's version in the registry."""
    return project.root / "registered" / f"{name}.json"


def inputs(project: Project, known: Digests) -> Callable[[Identity], Made]:
    """What an identity's version is made from.

    Raises:
        ProjectError: the section of ``params.yaml`` is wrong.
        IdentityError: by the function, where something is missing.
    """
    gate, registry = _gate(project), without_password(tracking_uri(project))

    def of(identity: Identity) -> Made:
        network = project.models / identity.name / "network.onnx"
        report = project.reports / identity.name / "report.json"
        for path in (network, report):
            if not path.is_file():
                raise IdentityError(f"{path} is missing; run `dvc repro` to make it.")
        return {
            "maker": VERSION,
            "network": known.of(network),
            "report": known.of(report),
            "identity": identity.model_dump(mode="json"),
            "gate": gate.model_dump(mode="json"),
            "registry": registry,
        }

    return of


def run(project: Project) -> int:
    """Registers what is stale."""
    gate, uri = _gate(project), tracking_uri(project)

    def plan(identity: Identity) -> Job:
        entry = product(project, identity.name)
        made_from = made_from_of(identity)
        if not exists(uri):  # somebody removed it: everything is to be registered again
            entry.unlink(missing_ok=True)
        return Job(identity.name, entry, made_from, make, (project, identity, gate, uri))

    # MLflow takes seconds to import in each process, and SQLite takes one writer at a time.
    with digests(project) as known:
        made_from_of = inputs(project, known)
        folder = project.root / "registered"
        return run_for_identities(NAME, project, folder, plan, workers=min(2, available_cores()))


def make(project: Project, identity: Identity, gate: GateSettings, uri: str) -> dict[str, object]:
    """Publishes one network as candidate; it becomes champion if it passes the gate."""
    name = identity.name
    version = publish(
        name,
        project.models / name,
        project.reports / name,
        receipts.read(project.models / name),
        identity,
        uri,
    )

    def again(network: Path) -> dict[str, Any]:
        from zoo.evaluation.run import measure  # its libraries are seldom needed here

        return measure(project, name, folder=network)[0].model_dump(mode="json")

    done = promote(name, uri, gate, version=version, measure=again, strict=False)
    settle(uri)
    alias = CHAMPION if done.promoted else CANDIDATE
    write_json(
        product(project, name),
        {"identity": name, "version": version, "alias": alias, "objections": done.objections},
    )
    return {"version": version, "alias": alias}


def _gate(project: Project) -> GateSettings:
    return section(read_params(project), "gate", GateSettings)
