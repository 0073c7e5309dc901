"""Which workloads a scenario rolls out, and by which strategy and values.

A workload's own `rollout` comes first; then `rollout` where it fits, that is where the workload is of the kind that
its strategy is for; then Kubernetes' default for the kind of workload. Without `workloads`, a strategy of Kubernetes
makes each image a workload on all nodes, in a case of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.scenario.model import Document, PolicySpec, WorkloadSpec
from rolloutsim.scenario.orchestration import Amount
from rolloutsim.scenario.places import Path
from rolloutsim.structs import struct
from rolloutsim.units import parse_share

ALL = "all"  # the case of everything that rolls out together, or by a schedule
MOST_PODS_A_NODE = 110  # kubelet config/v1beta1/types.go maxPods

# Pods that a controller creates or deletes in one look at the cluster: BurstReplicas in k/k
# pkg/controller/replicaset/replica_set.go and pkg/controller/daemon/daemon_controller.go.
BURST_REPLICAS: Mapping[str, int] = {"rolling": 500, "daemonset": 250}

FOR_REPLICAS = ("rolling", "statefulset", "all_at_once", "waves")
FOR_DAEMONSETS = ("daemonset", "all_at_once", "waves")
KUBERNETES = ("rolling", "daemonset", "statefulset", "waves")  # strategies that need pods

# Keys that only some strategies have, and those of everything that has pods.
OWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "all_at_once": (),
    "schedule": (),
    "rolling": ("max_surge", "max_unavailable", "progress_deadline"),
    "daemonset": ("max_surge", "max_unavailable"),
    "statefulset": ("max_unavailable", "partition", "parallel"),
    "waves": ("waves",),
}
POD_KEYS = ("min_ready", "step_overhead", "termination")
SOME_KEYS = tuple(dict.fromkeys(key for keys in OWN_KEYS.values() for key in keys))


@struct
class Wanted:
    """A workload as it is meant; one that an image makes stands at `("rollout",)`, and the file says nothing of it.

    `general` is the strategy of `rollout`, `nodes` how many its groups have together.
    """

    document: Document
    name: str
    path: Path
    images: tuple[str, ...]
    replicas: int
    daemonset: bool
    groups: tuple[str, ...]
    nodes: int
    strategy: str
    general: str
    spec: WorkloadSpec | None = None

    def value(self, key: str) -> Any:
        """What holds for it of a key of `rollout`, None where that is the default."""
        own = self.spec.rollout if self.spec is not None else None
        if own is not None and getattr(own, key, None) is not None:
            return getattr(own, key)
        if key in SOME_KEYS and self.general != self.strategy:
            return None
        return getattr(self.document.rollout, key)

    def place(self, key: str) -> Path:
        """Where that value stands."""
        own = self.spec.rollout if self.spec is not None else None
        if own is not None and getattr(own, key, None) is not None:
            return (*self.path, "rollout", key)
        return ("rollout", key)

    def surge(self) -> int | str:
        """Its `max_surge`: as given, or Kubernetes' default."""
        given: int | str | None = self.value("max_surge") if "max_surge" in OWN_KEYS[self.strategy] else None
        return given if given is not None else "25%" if self.strategy == "rolling" else 0

    def unavailable(self) -> int | str:
        """Its `max_unavailable`: as given, or Kubernetes' default; all pods where a strategy promises none."""
        if "max_unavailable" not in OWN_KEYS[self.strategy]:
            return "100%"
        given: int | str | None = self.value("max_unavailable")
        return given if given is not None else "25%" if self.strategy == "rolling" else 1


def has_pods(document: Document) -> bool:
    """Whether controllers and kubelets take part; else nodes pull on their own."""
    return document.workloads is not None or document.rollout.strategy in KUBERNETES


def is_one_case(document: Document) -> bool:
    """Whether everything runs in one case, and not each image in its own."""
    return document.workloads is not None or document.rollout.strategy == "schedule"


def leading(document: Document) -> str:
    """The strategy of `rollout`, or what it is when the file does not say."""
    if document.rollout.strategy is not None:
        return document.rollout.strategy
    if document.workloads is None:
        return "all_at_once"
    return "daemonset" if all(spec.daemonset for spec in document.workloads.values()) else "rolling"


def wanted(document: Document) -> list[Wanted]:
    """Every workload, in the file's order; none where nodes pull on their own."""
    if not has_pods(document):
        return []
    nodes = sum(group.count for group in document.nodes.values())
    groups, general = tuple(document.nodes), leading(document)
    if document.workloads is not None:
        return [_of(document, name, spec, groups, nodes, general) for name, spec in document.workloads.items()]
    is_daemonset = general == "daemonset"
    return [
        Wanted(document, image, ("rollout",), (image,), nodes, is_daemonset, groups, nodes, general, general)
        for image in document.images
    ]


def amount(value: int | str) -> Amount:
    """A number of pods, or a share of them."""
    return Amount(count=value) if isinstance(value, int) else Amount(share=parse_share(value))


def nothing(value: int | str) -> bool:
    """Whether an amount is 0 as written; Kubernetes looks at that before it rounds."""
    return not (value if isinstance(value, int) else parse_share(value))


def _of(document: Document, name: str, spec: WorkloadSpec, groups: tuple[str, ...], nodes: int, general: str) -> Wanted:
    """A workload of the file; it may run on all groups if it names none."""
    if spec.groups is not None:
        groups = spec.groups
        nodes = sum(document.nodes[group].count for group in groups if group in document.nodes)
    return Wanted(
        document,
        name,
        ("workloads", name),
        spec.images,
        nodes if spec.daemonset else spec.replicas or 0,
        spec.daemonset,
        groups,
        nodes,
        _strategy(general, spec, spec.rollout),
        general,
        spec,
    )


def _strategy(general: str, spec: WorkloadSpec, own: PolicySpec | None) -> str:
    if own is not None and own.strategy is not None:
        return own.strategy
    fitting = FOR_DAEMONSETS if spec.daemonset else FOR_REPLICAS
    if general in fitting:
        return general
    return "daemonset" if spec.daemonset else "rolling"
