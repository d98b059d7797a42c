"""A version's report card, from the registry, and who judged its likeness."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.untrusted import read_json

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

REPORT = "report.json"


def read_report(client: "MlflowClient", version: "ModelVersion") -> dict[str, Any]:
    """The newest report of ``version``'s network, or an empty one when there is none.

    A run keeps what was measured last, which may be of another network of the same training;
    what the version itself carries was measured when it was published.
    """
    from mlflow.artifacts import download_artifacts

    place = client.get_model_version_download_uri(version.name, str(version.version))
    places = [f"{place}/extra_files/{REPORT}"]
    if version.run_id:
        places.insert(0, f"runs:/{version.run_id}/{REPORT}")
    for address in places:
        with tempfile.TemporaryDirectory() as folder:
            try:
                path = Path(download_artifacts(artifact_uri=address, dst_path=folder))
                report = read_json(path)
            except Exception:  # missing, in as many ways as there are stores
                continue
        if isinstance(report, dict) and _is_of(report, version):
            return report
    return {}


def _is_of(report: dict[str, Any], version: "ModelVersion") -> bool:
    network = report.get("network")
    measured = network.get("sha256") if isinstance(network, dict) else None
    return measured == version.tags.get("sha256")


def by_sface(scores: Mapping[str, float]) -> bool:
    """Whether SFace measured the likeness; dlib's descriptor always does."""
    return "cosine" in scores


def judge_of(scores: Mapping[str, float]) -> str:
    """The recogniser of :func:`recognised_rate`, as a word for a table; empty if unmeasured."""
    if by_sface(scores):
        return "SFace"
    return "dlib" if "nearest_rate" in scores else ""


def recognised_rate(scores: Mapping[str, float]) -> float | None:
    """Share of swaps taken for the target: by SFace, or by dlib's descriptor without it."""
    return scores.get("top1_rate", scores.get("nearest_rate"))
