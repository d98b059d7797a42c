"""What KubeRay's custom resources look like, as far as it is Ray's own.

Field names, types and requirements of RayCluster and RayJob in API version ray.io/v1, from
https://github.com/ray-project/kuberay/tree/v1.7.0/ray-operator/config/crd/bases; the definitions
themselves are over two megabytes, most of it Kubernetes' pod, of which the fields that matter to a
training container are listed. No package of PyPI carries them. To check against the definitions
in full, set ``KUBERAY_CRDS`` to a checkout of that folder.
"""

from typing import Any

Schema = dict[str, Any]


def _fields(kind: str, names: str) -> Schema:
    return {name: {"type": kind} for name in names.split()}


def _closed(properties: Schema, required: str = "") -> Schema:
    """An object of these properties and no others: a misspelt one is an error."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_texts: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_quantities: Schema = {
    "type": "object",
    "additionalProperties": {
        "type": ["string", "integer"],
        "pattern": r"^\d+(\.\d+)?(m|[KMGT]i?)?$",
    },
}
_resources = _closed({"requests": _quantities, "limits": _quantities})
_container = _closed(
    {
        **_fields("string", "name image imagePullPolicy workingDir"),
        "command": _list({"type": "string"}),
        "args": _list({"type": "string"}),
        "env": _list(
            _closed({**_fields("string", "name value"), "valueFrom": {"type": "object"}}, "name")
        ),
        "envFrom": _list(_closed(_fields("object", "secretRef configMapRef"))),
        "ports": _list(
            _closed(
                {**_fields("string", "name protocol"), **_fields("integer", "containerPort")},
                "containerPort",
            )
        ),
        "resources": _resources,
        "volumeMounts": _list(
            _closed(
                {**_fields("string", "name mountPath subPath"), **_fields("boolean", "readOnly")},
                "name mountPath",
            )
        ),
        **_fields("object", "securityContext livenessProbe readinessProbe lifecycle"),
    },
    "name",
)
_volume = _closed(
    {
        **_fields("string", "name"),
        **_fields("object", "persistentVolumeClaim emptyDir configMap secret nfs"),
    },
    "name",
)
_toleration = _closed(
    {**_fields("string", "key operator value effect"), **_fields("integer", "tolerationSeconds")}
)
_pod = _closed(
    {
        "metadata": {"type": "object"},
        "spec": _closed(
            {
                "containers": {**_list(_container), "minItems": 1},
                "initContainers": _list(_container),
                "volumes": _list(_volume),
                "tolerations": _list(_toleration),
                **_fields("object", "nodeSelector affinity securityContext"),
                **_fields(
                    "string", "serviceAccountName priorityClassName schedulerName restartPolicy"
                ),
                "imagePullSecrets": {"type": "array"},
            },
            "containers",
        ),
    },
    "spec",
)
_autoscaler = _closed(
    {
        **_fields("array", "args command env envFrom volumeMounts"),
        **_fields("integer", "idleTimeoutSeconds"),
        **_fields("string", "image imagePullPolicy"),
        **_fields("object", "resources securityContext"),
        "upscalingMode": {"enum": ["Default", "Aggressive", "Conservative"]},
        "version": {"enum": ["v1", "v2"]},
    }
)
_head = _closed(
    {
        **_fields("boolean", "enableIngress"),
        **_fields("object", "headService ingressOptions labels resources"),
        **_fields("string", "serviceType"),
        "rayStartParams": _texts,
        "template": _pod,
    },
    "template",
)
_workers = _closed(
    {
        **_fields("string", "groupName"),
        **_fields(
            "integer", "idleTimeoutSeconds maxReplicas minReplicas numOfHosts priority replicas"
        ),
        **_fields("object", "labels resources scaleStrategy"),
        **_fields("boolean", "suspend"),
        "rayStartParams": _texts,
        "template": _pod,
    },
    "groupName maxReplicas minReplicas template",
)
_authentication = _closed(
    {
        "mode": {"enum": ["disabled", "token"]},
        **_fields("string", "secretName"),
        **_fields("boolean", "enableK8sTokenAuth"),
    }
)
_cluster = _closed(
    {
        "authOptions": _authentication,
        **_fields("object", "gcsFaultToleranceOptions headServiceAnnotations"),
        **_fields("object", "historyServerOptions networkPolicy tlsOptions upgradeStrategy"),
        **_fields("boolean", "enableInTreeAutoscaling suspend"),
        **_fields("string", "managedBy rayVersion"),
        "autoscalerOptions": _autoscaler,
        "headGroupSpec": _head,
        "workerGroupSpecs": _list(_workers),
    },
    "headGroupSpec",
)
_job = _closed(
    {
        **_fields("integer", "activeDeadlineSeconds backoffLimit preRunningDeadlineSeconds"),
        **_fields("integer", "ttlSecondsAfterFinished"),
        **_fields("object", "clusterSelector deletionStrategy metadata submitterConfig"),
        **_fields("object", "submitterPodTemplate"),
        **_fields("number", "entrypointNumCpus entrypointNumGpus"),
        **_fields("string", "entrypoint entrypointResources jobId managedBy runtimeEnvYAML"),
        **_fields("boolean", "shutdownAfterJobFinishes suspend"),
        "submissionMode": {"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
        "rayClusterSpec": _cluster,
    }
)


def _resource(kind: str, spec: Schema) -> Schema:
    return _closed(
        {
            "apiVersion": {"const": "ray.io/v1"},
            "kind": {"const": kind},
            "metadata": _closed(
                {**_fields("string", "name generateName namespace"), "labels": _texts}
            ),
            "spec": spec,
        },
        "apiVersion kind metadata spec",
    )


RESOURCES = {"RayCluster": _resource("RayCluster", _cluster), "RayJob": _resource("RayJob", _job)}
