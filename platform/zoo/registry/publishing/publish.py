"""Publishes ``models/NAME`` and ``reports/NAME`` as a version in the registry.

A version appears whole, with its tags, or not at all; publishing the same network again finds
the version that is there (by the digests of its receipt and its file) and only brings its
scores up to date. The files are stored first; looking once more and registering are done under
a lease, so that two processes publish one network once. Nothing is pickled and nothing that is
code is stored. What a swap relies on is signed (:mod:`.signatures`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BasisError, RegistryError
from zoo.provenance.identities.identity import Identity
from zoo.provenance.identities.names import check_name
from zoo.registry.local import cache
from zoo.registry.maintenance.lineage import trace
from zoo.registry.promotion.alias_history import move_alias
from zoo.registry.promotion.lease import lease
from zoo.registry.publishing.curves import read_curves
from zoo.registry.publishing.model_card import model_card, tags_of, version_card
from zoo.registry.publishing.signatures import SIGNATURE, is_signed, signature_of
from zoo.registry.publishing.stored_files import (
    NETWORK,
    StoredNetwork,
    log_report,
    run_of,
    store_network,
    version_files,
)
from zoo.registry.references import CANDIDATE
from zoo.registry.tags import SCORES
from zoo.registry.versions import versions_with
from zoo.settings import Project
from zoo.storage import sha256_of
from zoo.swapping.network_files.inspection import check_own_words, inspect_network
from zoo.tracking import (
    connect,
    plain_registry_errors,
    without_repeats,
)
from zoo.untrusted import read_json

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient


def publish(
    name: str,
    model_folder: Path,
    report_folder: Path,
    receipt: Mapping[str, Any],
    identity: Identity | None,
    tracking_uri: str,
) -> int:
    """Registers the network in ``model_folder`` as a version of ``name`` and as its candidate.

    Args:
        name: the identity.
        model_folder: network.onnx, network.safetensors, curves.csv, preview.jpg.
        report_folder: report.json, sheet.jpg and plots.png.
        receipt: of the training; its ``run_id`` names the run to continue.
        identity: the record, with the basis for using the face.
        tracking_uri: the registry.

    Returns:
        The version: a new one, or the one that this network has already.

    Raises:
        BasisError: ``identity`` is None or the record of someone else.
        AssetError: network.onnx is no swap network, or says that it is another identity's, or of
            another basis than the record.
        RegistryError: a file is missing or damaged, or the registry refused.
        SigningError: there is no usable key to sign with.
    """
    check_name(name)
    if identity is None or identity.name != name:
        raise BasisError(
            f"{name} has no recorded basis, so it is not registered; record one in "
            f"identities/{name}/identity.yaml."
        )
    network = inspect_network(model_folder / NETWORK)
    check_own_words(model_folder / NETWORK, network, name, identity.basis)
    report = _read_report(report_folder)
    rows = read_curves(model_folder / "curves.csv")
    sha256 = sha256_of(model_folder / NETWORK)
    tags = tags_of(identity, receipt, network.resolution, sha256, report)
    tags[SIGNATURE] = signature_of(name, tags)
    client = connect(tracking_uri, create=True)
    with plain_registry_errors(tracking_uri):
        stored = None
        if _published(client, name, tags) is None:
            traced = trace(Project(model_folder.parent.parent), name, receipt)
            with version_files(name, model_folder, report_folder, rows, traced) as files:
                run = run_of(client, tracking_uri, name, receipt, rows)
                stored = store_network(client, run, files, network.resolution)
                log_report(client, stored.run_id, report, report_folder)
        with lease(client, name):
            published = _published(client, name, tags)
            if published is None and stored is not None:
                published = _register(client, identity, receipt, tags, stored)
            elif published is not None:
                if stored is not None:  # another process was quicker with the same network
                    client.delete_logged_model(stored.model_id)
                if _refresh(client, published, identity, receipt, tags) and published.run_id:
                    log_report(client, published.run_id, report, report_folder)
            else:
                raise RegistryError(
                    f"A version of {name} was removed while it was published; run it again."
                )
            number = int(published.version)
            move_alias(client, name, CANDIDATE, number, "published")
    cache.forget_aliases(name, tracking_uri)
    if cache.find_version(tracking_uri, name, number, sha256) is None:
        cache.remove_cached(name, tracking_uri, number)  # of a registry that stood here before
    return number


def _published(client: "MlflowClient", name: str, tags: Mapping[str, str]) -> "ModelVersion | None":
    """The version of this training and this file.

    Both, because where sums are not exact a repeated training gives another network.
    """
    same = versions_with(client, name, {key: tags[key] for key in ("receipt", "sha256")})
    return same[0] if same else None


def _read_report(folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    try:
        report = read_json(path)
    except (OSError, ValueError) as error:
        raise RegistryError(
            f"{path} is missing or damaged; measure the network with `dvc repro evaluate`."
        ) from error
    if not isinstance(report, dict):
        raise RegistryError(
            f"{path} is not a report card; measure again with `dvc repro evaluate`."
        )
    return report


def _register(
    client: "MlflowClient",
    identity: Identity,
    receipt: Mapping[str, Any],
    tags: Mapping[str, str],
    stored: StoredNetwork,
) -> "ModelVersion":
    name = identity.name
    card = model_card(identity)
    if client.search_registered_models(f"name = '{name}'", max_results=1):
        client.update_registered_model(name, description=card)
        client.set_registered_model_tag(name, "basis", str(identity.basis))
    else:
        client.create_registered_model(name, {"basis": str(identity.basis)}, card)
    with without_repeats():
        return client.create_model_version(
            name,
            stored.source,
            run_id=stored.run_id,
            tags=dict(tags),
            description=version_card(identity, receipt, tags, stored.run_id),
            model_id=stored.model_id,
        )


def _refresh(
    client: "MlflowClient",
    published: "ModelVersion",
    identity: Identity,
    receipt: Mapping[str, Any],
    tags: Mapping[str, str],
) -> bool:
    """Brings scores and basis of a version up to date, the network stays; whether scores differ.

    A signature that holds for what the tags say now stays, too.
    """
    changed = {key: value for key, value in tags.items() if published.tags.get(key) != value}
    said = published.tags.get(SIGNATURE, "")
    if said and is_signed(identity.name, {**tags, SIGNATURE: said}):
        changed.pop(SIGNATURE, None)
    if not changed:
        return False
    name, number, run_id = published.name, str(published.version), published.run_id or ""
    for key, value in changed.items():
        client.set_model_version_tag(name, number, key, value)
    client.update_model_version(
        name, number, description=version_card(identity, receipt, tags, run_id)
    )
    return SCORES in changed
