"""DVC stage ``register``: measured networks into the registry, and past its gate."""

from zoo import receipts
from zoo.errors import IdentityError
from zoo.incremental import Job, run_for_identities, run_stage
from zoo.provenance.identity import Identity
from zoo.registry.browse import show_model
from zoo.registry.promotion import GateSettings, objections, promote
from zoo.registry.publish import publish
from zoo.registry.references import CHAMPION
from zoo.settings import Project, read_params, section, tracking_uri, without_password
from zoo.storage import sha256_of, write_json
from zoo.tracking import exists

MAKER = "register-1"


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
            "maker": MAKER,
            "network": sha256_of(network),
            "report": sha256_of(report),
            "identity": identity.model_dump(mode="json"),
            "gate": gate.model_dump(mode="json"),
            "registry": without_password(uri),
        }
        product = registered / f"{identity.name}.json"
        if not exists(uri):  # somebody removed it: everything is to be registered again
            product.unlink(missing_ok=True)
        return Job(identity.name, product, made_from, register, (project, identity, gate, uri))

    # One process: MLflow takes seconds to import, and SQLite takes one writer at a time.
    return run_for_identities("register", project, registered, plan, workers=1)


def register(
    project: Project, identity: Identity, gate: GateSettings, uri: str
) -> dict[str, object]:
    """Publishes one network as candidate; it becomes champion when the gate has no objection."""
    name = identity.name
    model, report = project.models / name, project.reports / name
    version = publish(name, model, report, receipts.read(model), identity, uri)
    known = show_model(uri, name)
    champion = known.at(CHAMPION)
    alias, against = CHAMPION, []
    if champion is None or champion.version != version:
        scores = next(entry.scores for entry in known.versions if entry.version == version)
        against = objections(gate, scores, champion.scores if champion else None)
        if against:
            alias = "candidate"
        else:
            promote(name, uri, gate, version=version)
    write_json(
        project.root / "registered" / f"{name}.json",
        {"identity": name, "version": version, "alias": alias, "objections": against},
    )
    return {"version": version, "alias": alias}


if __name__ == "__main__":
    run_stage(main)
