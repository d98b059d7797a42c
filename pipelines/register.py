"""DVC stage ``register``: measured networks into the registry, and past its gate."""

from pathlib import Path
from typing import Any

from zoo import makers, receipts
from zoo.digests import digests
from zoo.errors import IdentityError
from zoo.incremental import Job, cores, run_for_identities, run_stage
from zoo.provenance.identity import Identity
from zoo.registry.promotion import GateSettings, consider
from zoo.registry.publish import publish
from zoo.registry.references import CANDIDATE, CHAMPION
from zoo.settings import Project, read_params, section, tracking_uri, without_password
from zoo.storage import write_json
from zoo.tracking import exists, settle


def main(project: Project) -> int:
    gate = section(read_params(project), "gate", GateSettings)
    uri = tracking_uri(project)
    registered = project.root / "registered"

    def plan(identity: Identity) -> Job:
        network = project.models / identity.name / "network.onnx"
        report = project.reports / identity.name / "report.json"
        for path in (network, report):
            if not path.is_file():
                raise IdentityError(f"{path} is missing; run `dvc repro` to make it.")
        made_from = {
            "maker": makers.REGISTER,
            "network": known.of(network),
            "report": known.of(report),
            "identity": identity.model_dump(mode="json"),
            "gate": gate.model_dump(mode="json"),
            "registry": without_password(uri),
        }
        product = registered / f"{identity.name}.json"
        if not exists(uri):  # somebody removed it: everything is to be registered again
            product.unlink(missing_ok=True)
        return Job(identity.name, product, made_from, register, (project, identity, gate, uri))

    # MLflow takes seconds to import in each process, and SQLite takes one writer at a time.
    with digests(project) as known:
        return run_for_identities("register", project, registered, plan, workers=min(2, cores()))


def register(
    project: Project, identity: Identity, gate: GateSettings, uri: str
) -> dict[str, object]:
    """Publishes one network as candidate; it becomes champion when the gate has no objection."""
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

    done = consider(name, uri, gate, version=version, measure=again)
    settle(uri)
    alias = CHAMPION if done.promoted else CANDIDATE
    write_json(
        project.root / "registered" / f"{name}.json",
        {"identity": name, "version": version, "alias": alias, "objections": done.objections},
    )
    return {"version": version, "alias": alias}


if __name__ == "__main__":
    run_stage(main)
