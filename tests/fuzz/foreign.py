"""Files of others, whole: the real ones of `tests/data`, and what tests write as the tools do."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.imports import writers
from tests.imports.seen import LISTS, fetched, pull, request
from tests.imports.test_toml import HOSTS
from tests.imports.test_toml import SAMPLES as CONFIGURATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Samples = tuple[tuple[str, bytes], ...]

_DATA = Path(__file__).parents[1] / "data"
_FEW = 16  # events of pulls
_LARGE = 9000  # bytes: what is larger is drawn less often, since a case is to be quick
SMALL = (_DATA / "calibration" / "mine.yaml").read_text(encoding="utf-8")
NAMES = (
    "quay.io/team/api:1.2",
    "api",
    "docker.io/library/nginx",
    "a b",
    "x/y@sha256:ab",
    "-",
    "é",
    "\ud800",
    "a" * 300,
)

_CONTAINERS: dict[str, Any] = {
    "initContainers": [{"name": "i", "image": "busybox:1.36"}],
    "containers": [
        {
            "name": "c", "image": "quay.io/team/api:1.2", "imagePullPolicy": "Always",
            "readinessProbe": {"initialDelaySeconds": 20, "periodSeconds": 7, "successThreshold": 2},
            "startupProbe": {"initialDelaySeconds": 3, "periodSeconds": 5, "failureThreshold": 30},
        },
        {"name": "d", "image": "quay.io/team/train@sha256:" + "ab" * 32,
            "lifecycle": {"postStart": {"sleep": {"seconds": 3}}}},
    ],
    "nodeSelector": {"topology.kubernetes.io/zone": "a"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]},
        {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]},
    ]}}},
    "terminationGracePeriodSeconds": 30,
}  # fmt: skip


def _workload(kind: str, spec: dict[str, Any], api: str = "apps/v1", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": api, "kind": kind, "metadata": {"name": kind.lower(), "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"spec": _CONTAINERS}, **spec}, **more,
    }  # fmt: skip


def _node(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "node.kubernetes.io/instance-type": "m5.large", "topology.kubernetes.io/zone": "a",
            "kubernetes.io/os": "linux", "cores": "8",
        }},
        "spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}], "unschedulable": False},
        "status": {
            "capacity": {"memory": "8Gi", "ephemeral-storage": "80Gi", "cpu": "4"},
            "allocatable": {"memory": "7Gi"},
            "nodeInfo": {"containerRuntimeVersion": "containerd://2.1.4", "operatingSystem": "linux",
            "architecture": "amd64"},
            "images": [{"names": ["quay.io/team/api@sha256:" + "ab" * 32, "quay.io/team/api:1.2"],
            "sizeBytes": 123456789}],
        },
    }  # fmt: skip


def _pod(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "ownerReferences": [
            {"kind": "ReplicaSet", "name": "deployment-6f", "controller": True, "apiVersion": "apps/v1", "uid": "1"},
        ]},
        "spec": {"nodeName": "n1", **_CONTAINERS},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T12:00:20Z"}],
            "containerStatuses": [
                {"name": "c", "image": "quay.io/team/api:1.2", "restartCount": 0,
                 "state": {"running": {"startedAt": "2026-03-01T12:00:00Z"}}},
            ],
        },
    }  # fmt: skip


@cache
def documents() -> Samples:
    """What `import` reads, and what it knows well enough to send to another command."""
    found = [(path.name, path.read_bytes()) for path in sorted((_DATA / "imports").rglob("*")) if _is_small(path)]
    found = [one for one in found if not one[0].endswith((".log", ".txt"))]  # the last of which is refused anyway
    rolling = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}}
    objects: dict[str, Any] = {
        "deployment.json": _workload("Deployment", {"replicas": 3, "minReadySeconds": 5,
            "progressDeadlineSeconds": 600} | rolling),
        "daemonset.json": _workload("DaemonSet", {"updateStrategy": {"type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": "10%"}}}),
        "statefulset.json": _workload("StatefulSet", {"replicas": 2, "podManagementPolicy": "Parallel",
            "updateStrategy": {
            "type": "RollingUpdate", "rollingUpdate": {"partition": 1, "maxUnavailable": 1}}}),
        "job.json": _workload("Job", {"parallelism": 3, "completions": 5}, "batch/v1"),
        "cronjob.json": {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {
            "schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": _CONTAINERS}}}}},
        "replicaset.json": _workload("ReplicaSet", {"replicas": 2}, status={"replicas": 2}),
        "hpa.json": {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {
            "name": "h", "namespace": "default"}, "spec": {"minReplicas": 2, "maxReplicas": 9, "scaleTargetRef": {
                "kind": "Deployment", "name": "deployment", "apiVersion": "apps/v1"}}},
        "nodes.json": {"apiVersion": "v1", "kind": "List", "items": [_node("n1"), _node("n2")]},
        "pods.json": {"apiVersion": "v1", "kind": "PodList", "items": [_pod("p1"), _pod("p2"), _workload("Deployment",
            {})]},
        "kinds.json": {"apiVersion": "v1", "kind": "List", "items": [
            _node("n3"), _node("n4") | {"metadata": {"name": "n4",
                "labels": {"beta.kubernetes.io/instance-type": "c5.xlarge"}}},
            _workload("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, status={"desiredNumberScheduled": 2}),
        ]},
        "service.json": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}},
        "images.json": {"images": [
            {"id": "sha256:" + "cd" * 32, "repoTags": ["quay.io/team/api:1.2"], "repoDigests": [], "size": "123456789"},
            {"id": "sha256:" + "ef" * 32, "repoTags": [], "repoDigests": ["x@sha256:" + "ef" * 32], "size": "1"},
        ]},
        "stack.yml": {"version": "3.8", "services": {"web": {
            "image": "app:1", "deploy": {"mode": "replicated", "replicas": 3, "update_config": {
                "parallelism": 2, "delay": "10s", "order": "start-first", "monitor": "5s", "failure_action": "rollback",
            }, "placement": {"constraints": ["node.labels.zone == a"], "max_replicas_per_node": 1}},
            "healthcheck": {"test": ["CMD", "true"], "start_period": "10s", "interval": "1m30s", "retries": 3},
            "stop_grace_period": "20s", "pull_policy": "always",
        }, "cron": {"image": "cron:1", "scale": 2, "build": ".", "profiles": ["x"]}}},
    }  # fmt: skip
    found += [(name, json.dumps(content, indent=1).encode()) for name, content in objects.items()]
    found += [("config.toml", text.encode()) for text in CONFIGURATIONS]
    found.append(("hosts.toml", HOSTS.encode()))
    return tuple(found)


def workload(random: Random) -> tuple[str, bytes]:
    """A file that goes with all others: what rolls out."""
    return random.choice([one for one in documents() if one[0] in ("deployment.json", "daemonset.json", "stack.yml")])


def _is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < _LARGE and path.suffix != ".gz"


@cache
def told() -> Samples:
    """What `calibrate` reads."""
    names = (
        "01-containerd-kubelet-journal.log", "12-distribution-notification.json", "15-kubectl-describe-events.txt",
        "17-registry-access.log",
    )  # fmt: skip
    found = [(name, (_DATA / "imports" / "files" / name).read_bytes()) for name in names]
    pulls = [pull(), pull("b:1", 3.0, waited=2.0, node="n2"), pull("app:1", 0.4, at=1795780900.0)]
    asked = [request(), request(at=1795780801.0, status=206, sent=99)]
    written = {
        "events.json": writers.kubectl_list(writers.events(pulls)),
        "eventtime.json": writers.kubectl_list(writers.events(pulls, api="eventTime")),
        "new.json": writers.kubectl_list(writers.events(pulls, (1, 35), api="events.k8s.io/v1")),
        "describe.txt": writers.describe(pulls, 1795781000.0),
        "json.log": "\n".join(writers.containerd([fetched(3.5, 99_000_000)], "json")),
        "iso.log": "\n".join(writers.containerd([fetched(3.5, 99_000_000)], "short-iso")),
        "short.log": "\n".join(writers.containerd([fetched(3.5, 99_000_000)], "short")),
        "crio.log": "\n".join(writers.crio(pulls)),
        "access.log": "\n".join(writers.access_log(asked)),
        "registry.log": "\n".join(writers.response_completed(asked)),
        "registry.jsonl": "\n".join(writers.response_completed(asked, "json")),
        "notifications.json": writers.notifications(asked),
        "kubelet.prom": writers.kubelet_metrics(pulls),
        "containerd.prom": writers.containerd_metrics([1e6, 3e7]),
        **{f"{name.replace(' ', '-')}.txt": text for name, text in LISTS.items()},
    }
    return (*found, *((name, text.encode()) for name, text in written.items()))


@cache
def few_events() -> bytes:
    """Events on which a scenario can be calibrated, as few as that takes a second."""
    content = json.loads((_DATA / "calibration" / "events.json").read_text(encoding="utf-8"))
    return json.dumps({**content, "items": content["items"][:_FEW]}).encode()


# Parts of a scenario of which no import tells, each as odd as YAML allows; and between them what imports change.
_HEADS = (
    "# mine\n\nrolloutsim:   1   # the format\n'name': \"caf\\u00e9: #1\"\n",
    "rolloutsim: 1\ndescription: |+\n  two\n\n  lines # no comment\n\n",
    "---\n? rolloutsim\n: 1\n",
)
_MIDDLES = (
    "background:\n  shop:   # the shop's own\n    links: [registry.uplink]\n    request:  {size: &s 5kB, every: 1 s}\n",
    "seed:   &1 7\nreplications: 0x2\n",
    "prices: {ssd: 0.10}\n\n\n# a remark\n",
    "thresholds: {rollout_time: [{check: max < 90 s}]} #odd\n",
    "variants:\n  fast:   {network: 10 Gbit/s}   # a remark\n",
    "",
)
_NODES = (
    "nodes:\n  web: {count: 20, nic: 10 Gbit/s}   # mine\n",
    "nodes: 4\n",
    "nodes:\n    web:\n        count: 3   # assumed: nobody told\n        runtime: containerd\n    gpu: 2\n",
    "nodes: {node: {count: 10, disk: {rate: 200 MB/s, capacity: 90 GB}}}  # assumed: count\n",
)
_NETWORKS = ("network: 1 Gbit/s\n", "network:\n  rate: 1 Gbit/s # assumed\n  latency: 2 ms\n")
_IMAGES = (
    "images:\n  api: 346 MB       # mine, too\n",
    "images: {quay.io/team/api:1.2: 300 MB, 'app:1': {layers: [1 MB, {compressed: 2 MB, unpacked: 3 MB}]}}\n",
    "registries: {hub: 1 Gbit/s, near: 2 Gbit/s}\n"
    "images: {api: {size: 9 MB, registry: hub}, quay.io/a/b: {size: 9 MB, registry: near}}\n",
    "mirrors: {mirror-example-5000: {uplink: 1 Gbit/s}}\nimages: {app: {base: low, layers: [1 MB]}, low: 7 MB}\n",
    "images:\n  quay.io/team/api:1.2:\n    compressed: 200 MB  # assumed: nothing tells\n"
    "  node: {layers: {a: 5 MB, b: 7 MB}}\n",
)
_ENDS = ("# the end", "# the end\n", "failures: {gone: {registry: registry, at: 10 s, back_after: 60 s}}\n", "")
_KEPT = (*_HEADS, *_MIDDLES, *_ENDS)


def scenario(random: Random) -> str:
    """A scenario's text, odd in what imports must not touch."""
    parts = [random.choice(_HEADS), random.choice(_MIDDLES), random.choice(_NODES), random.choice(_NETWORKS)]
    parts += [
        random.choice([one for one in _MIDDLES if one not in parts]),
        random.choice(_IMAGES),
        random.choice(_ENDS),
    ]
    text = random.choice(("", "", "", "\ufeff")) + "".join(parts)
    return text.replace("\n", "\r\n") if random.random() < 0.2 else text


def untouched(text: str) -> Sequence[str]:
    """The parts of such a scenario's text that stay as they are, in their order."""
    newline = "\r\n" if "\r\n" in text else "\n"
    parts = [part.replace("\n", newline).rstrip() for part in _KEPT]
    return sorted({part for part in parts if part and part in text}, key=text.index)
