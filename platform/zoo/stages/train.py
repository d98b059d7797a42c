"""Stage ``train``: one network per identity, all under one Ray driver.

The stage's inputs and version are in :mod:`zoo.training.plan`, because `zoo train` and experiments
need them without the pipeline.
"""

from collections.abc import Callable
from pathlib import Path

from zoo.products import receipts
from zoo.products.digests import Digests
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import Identity
from zoo.settings import Project
from zoo.training import plan
from zoo.training.stage import train_identities

NAME, VERSION = "train", plan.VERSION


def product(project: Project, name: str) -> Path:
    """The folder of an identity's network."""
    return project.models / name


def inputs(project: Project, known: Digests) -> Callable[[Identity], Made]:
    """What an identity's network is made from, see :func:`zoo.training.plan.inputs`."""
    return plan.inputs(project, known)


def same_basis(project: Project, identity: Identity) -> bool:
    """A network names the basis it was trained on; with another one it is trained again."""
    return plan.same_basis(receipts.read(product(project, identity.name)), identity)


def run(project: Project) -> int:
    """Trains what is stale."""
    outcome = train_identities(project)
    for name in outcome.fresh:
        print(f"{name}: fresh")
    for name in outcome.made:
        print(f"{name}: trained")
    for name, reason in outcome.failed.items():
        print(f"{name}: failed: {reason}")
    return outcome.exit_code
