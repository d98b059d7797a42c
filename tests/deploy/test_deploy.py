"""The cluster files are what Ray's launcher and KubeRay accept, and agree with the package."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import ray
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from typer.core import TyperGroup
from typer.main import get_command

from tests.deploy.structure import RESOURCES
from zoo import __version__
from zoo.cli.main import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = ("raycluster.yaml", "rayjob.yaml", "rayserve.yaml")


def document(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def faults(instance: Any, schema: Any) -> list[str]:
    return [
        f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema).iter_errors(instance)
    ]


def test_rays_launcher_accepts_the_cluster_file() -> None:
    schema = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    cluster = document("ray-up.yaml")
    assert faults(cluster, json.loads(schema.read_text())) == []
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(cluster))
    assert cluster["head_node_type"] in cluster["available_node_types"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_kuberay_accepts_the_manifests(name: str) -> None:
    manifest = document(name)
    assert faults(manifest, RESOURCES[manifest["kind"]]) == []


@pytest.mark.parametrize("name", MANIFESTS)
@pytest.mark.skipif("KUBERAY_CRDS" not in os.environ, reason="KUBERAY_CRDS names no definitions")
def test_kuberays_own_definitions_accept_the_manifests(name: str) -> None:
    manifest = document(name)
    plural = f"ray.io_{manifest['kind'].lower()}s.yaml"
    text = (Path(os.environ["KUBERAY_CRDS"]) / plural).read_text()
    versions = yaml.load(text, Loader=yaml.CSafeLoader)["spec"]["versions"]
    (schema,) = [v["schema"]["openAPIV3Schema"] for v in versions if v["name"] == "v1"]
    assert faults(manifest, _strict(schema)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda spec: spec["headGroupSpec"].pop("template"), "'template' is a required property"),
        (lambda spec: spec.update(rayversion="2"), "'rayversion' was unexpected"),
        (
            lambda spec: spec["workerGroupSpecs"][0]["template"]["spec"]["containers"][0][
                "resources"
            ]["requests"].update(memory="16 GB"),
            "does not match",
        ),
    ],
)
def test_the_check_finds_mistakes(change: Any, fault: str) -> None:
    manifest = document("raycluster.yaml")
    change(manifest["spec"])
    assert any(fault in found for found in faults(manifest, RESOURCES["RayCluster"]))


def test_versions_are_those_of_the_package() -> None:
    lock = (ROOT / "requirements" / "train.lock").read_text()
    (locked,) = re.findall(r"^ray==(\S+)", lock, re.MULTILINE)
    for name in MANIFESTS:
        text = (DEPLOY / name).read_text()
        assert re.findall(r'rayVersion: "(.*?)"', text) == [locked]
    for name in (*MANIFESTS, "ray-up.yaml"):
        images = re.findall(r"image: (\S+)", (DEPLOY / name).read_text())
        assert set(images) == {f"REGISTRY/faceswap-zoo:{__version__}"}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_cluster_on_kubernetes_asks_for_a_token(name: str) -> None:
    spec = document(name)["spec"]
    assert spec.get("rayClusterSpec", spec)["authOptions"] == {"mode": "token"}


def test_a_cluster_in_a_cloud_asks_for_a_token() -> None:
    cluster = document("ray-up.yaml")
    assert "--env RAY_AUTH_MODE=token" in cluster["docker"]["run_options"]
    assert cluster["file_mounts"] == {"/root/.ray/auth_token": "~/.ray/auth_token"}
    assert "--dashboard-host=127.0.0.1" in cluster["head_start_ray_commands"][-1]


def test_rays_nodes_on_kubernetes_take_calls_from_each_other_alone() -> None:
    policy, clients = yaml.safe_load_all((DEPLOY / "networkpolicy.yaml").read_text())
    assert (policy["apiVersion"], policy["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy")
    nodes = {"podSelector": {"matchLabels": {"ray.io/is-ray-node": "yes"}}}
    spec = policy["spec"]
    assert spec["podSelector"] == nodes["podSelector"] and spec["policyTypes"] == ["Ingress"]
    everything, dashboard = spec["ingress"]
    assert everything == {"from": [nodes]}
    assert dashboard["ports"] == [{"protocol": "TCP", "port": 8265}]
    assert all(who["podSelector"]["matchLabels"] for who in dashboard["from"])
    (served,) = clients["spec"]["ingress"]
    assert served["ports"] == [{"protocol": "TCP", "port": 8000}]
    assert served["from"][0]["podSelector"]["matchLabels"]


def test_the_service_finds_the_head_that_serves() -> None:
    service, job = document("serve-service.yaml"), document("rayserve.yaml")
    (head, *_), template = (
        job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"],
        job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"],
    )
    assert template["metadata"]["labels"].items() >= service["spec"]["selector"].items()
    (port,) = service["spec"]["ports"]
    assert port["targetPort"] in [one["containerPort"] for one in head["ports"]]
    policy = list(yaml.safe_load_all((DEPLOY / "networkpolicy.yaml").read_text()))[1]
    assert policy["spec"]["podSelector"]["matchLabels"] == service["spec"]["selector"]


def test_the_entrypoint_that_serves_is_a_command_of_ours() -> None:
    words = document("rayserve.yaml")["spec"]["entrypoint"].split()
    assert words[0] == "zoo"
    context = get_command(app).make_context("zoo", words[1:], resilient_parsing=True)
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    serve = group.get_command(context, words[1])
    assert serve is not None
    asked = serve.make_context("serve", words[2:]).params
    workers = document("rayserve.yaml")["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]
    (container,) = workers["template"]["spec"]["containers"]
    cpus = int(container["resources"]["requests"]["cpu"]) * workers["replicas"]
    assert asked["cluster"] and asked["workers"] * asked["threads"] <= cpus


def _strict(schema: Any) -> Any:
    """Kubernetes drops unknown fields silently; here they are errors."""
    if isinstance(schema, dict):
        closed = {key: _strict(value) for key, value in schema.items()}
        if "properties" in schema and "x-kubernetes-preserve-unknown-fields" not in schema:
            closed.setdefault("additionalProperties", False)
        if schema.get("x-kubernetes-int-or-string"):
            closed["type"] = ["integer", "string"]
            closed.pop("anyOf", None)
        return closed
    return [_strict(value) for value in schema] if isinstance(schema, list) else schema
