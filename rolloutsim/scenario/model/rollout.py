"""Who rolls out how: workloads, and the controllers that replace their pods."""

from math import inf
from typing import Annotated, get_args

from rolloutsim.scenario.fields import Number, Quantity, ShareOrCount, TimeBefore, Whole, Word, key, short
from rolloutsim.scenario.model.kinds import (
    GroupNames,
    LastingTime,
    OnOff,
    RandomTime,
    Rate,
    SomeImageNames,
    Spec,
    Time,
    WorkloadNames,
    only_with,
    ruled,
    says,
)
from rolloutsim.scenario.orchestration import PullPolicy, StrategyName
from rolloutsim.scenario.prepulls import DEFAULT_PREPULLER, Prepuller, default_source, shown_default

CONTROLLERS: tuple[str, ...] = get_args(StrategyName)
STRATEGIES = (*CONTROLLERS, "schedule")
_DEFAULTS = "kubernetes pkg/apis/apps/v1/defaults.go"
PODS = "pods"

Amount = Annotated[int | str, ShareOrCount(PODS)]
Surge = Annotated[int | str, ShareOrCount(PODS, most=inf)]
WaveSize = Annotated[int | str, ShareOrCount(PODS, zero=False)]


class WaveSpec(Spec):
    """A part of the pods, and what comes before the next."""

    size: WaveSize = key(unit="share or pods", description="pods of this wave alone; a share is rounded up")
    pause: Time = key(
        0.0, unit="time", shown="0 s", description="time between this wave and the next", source="assumed"
    )
    gate: OnOff = key(
        True, source="assumed: what a wave is for",
        description="whether the pause begins only when all pods of this wave and those before are available",
    )  # fmt: skip


Wave = Annotated[WaveSpec, short("size", ShareOrCount(PODS, zero=False))]


class PolicySpec(Spec):
    """How a controller replaces pods."""

    strategy: Annotated[str, Word(CONTROLLERS)] | None = key(
        None, shown="that of `rollout`, where it fits; else Kubernetes' own: rolling, daemonset",
        description="the controller that replaces the workload's pods",
        source="kubernetes: RollingUpdate for Deployments and DaemonSets",
    )  # fmt: skip
    max_surge: Surge | None = key(
        None, unit="share or pods", shown="25% (rolling), 0 (daemonset)",
        description="pods above the wanted number; a share is rounded up",
        source=f"{_DEFAULTS}: Deployment 25%, DaemonSet 0",
    )  # fmt: skip
    max_unavailable: Amount | None = key(
        None, unit="share or pods", shown="25% (rolling), 1 (daemonset, statefulset)",
        description="pods that may be missing; a share is rounded up for daemonset, down for the others",
        source=f"{_DEFAULTS}: Deployment 25%, DaemonSet 1, StatefulSet 1",
    )  # fmt: skip
    min_ready: Time | None = key(
        None, unit="time", shown="0 s", description="how long a pod must be ready before it counts as available",
        source=f"{_DEFAULTS}: minReadySeconds 0",
    )  # fmt: skip
    progress_deadline: Annotated[float, Quantity("time", unlimited=True, word="off")] | None = key(
        None, unit="time", shown="600 s",
        description="rolling: a rollout without progress for so long is reported; it goes on",
        source=f"{_DEFAULTS}: progressDeadlineSeconds 600",
    )  # fmt: skip
    partition: Annotated[int, Whole(0, 1_000_000)] | None = key(
        None, unit="pods", shown="0", description="statefulset: pods with a lower ordinal keep the old version",
        source=f"{_DEFAULTS}: partition 0",
    )  # fmt: skip
    parallel: OnOff | None = key(
        None, shown="false", description="statefulset: podManagementPolicy Parallel; pods do not wait for each other",
        source=f"{_DEFAULTS}: podManagementPolicy OrderedReady",
    )  # fmt: skip
    waves: tuple[Wave, ...] | None = key(
        None, description="waves: the size of each wave, such as [1, 10%, 40%]; what they leave over is the last one"
    )
    step_overhead: Time | None = key(
        None, unit="time", shown="1.2 s (0 s in the ideal model)",
        description="from a pod's creation until its node asks for its images",
        source="1.1 to 1.3 s for each replaced DaemonSet pod beside its pull, computed from a published trace of 50 "
        "nodes on AKS; spegel-org/benchmark",
    )  # fmt: skip


class RolloutSpec(PolicySpec):
    """How pods are replaced, for all workloads that the values fit, and when pods are ready."""

    strategy: Annotated[str, Word(STRATEGIES)] | None = key(
        None, shown="all_at_once; with workloads rolling, or daemonset where all are daemonsets",
        description="all_at_once: each image is a case, pulled by every node at its group's start; with workloads, "
        "all pods are replaced at once; schedule: one case, with the groups' pulls; rolling, daemonset, statefulset, "
        "waves: as Kubernetes does it, for each image on all nodes, or for the workloads",
        source="assumed; with workloads Kubernetes' own",
    )  # fmt: skip
    startup: RandomTime | None = key(
        None, unit="time", shown="0 s", description="from the image's readiness until the pod is ready",
        source="assumed: the application's own affair",
    )  # fmt: skip
    termination: Time | None = key(
        None, unit="time", shown="0 s", description="from an old pod's deletion until it is gone",
        source="assumed: the application's own affair; Kubernetes allows it 30 s",
    )  # fmt: skip
    horizon: LastingTime = key(
        86400.0, unit="time", shown="24h", source="assumed",
        description="a rollout with retries that is not over by then is given up",
    )  # fmt: skip


Rollout = Annotated[RolloutSpec, short("strategy", Word(STRATEGIES))]


class ControllerManagerSpec(Spec):
    """How often the controllers may call the API server."""

    qps: Annotated[float, Number(0, equal=False, unlimited=True)] = key(
        20.0, unit="calls per second", shown="20",
        description="calls of each controller in the long run: pods created and deleted, events, status updates",
        source="kube-controller-manager --kube-api-qps 20, one token bucket for each controller's client",
    )  # fmt: skip
    burst: Annotated[int, Whole(1, 1_000_000)] = key(
        30, unit="calls", description="calls of each controller at once; not used with qps: unlimited",
        source="kube-controller-manager --kube-api-burst 30",
    )  # fmt: skip


ControllerManager = Annotated[ControllerManagerSpec, short("qps", Number(0, equal=False, unlimited=True))]


class PrepullSpec(Spec):
    """Images that nodes pull before the rollout."""

    model_config = ruled(
        only_with(says("by", "image_pull_job", default=DEFAULT_PREPULLER), "parallelism"),
        only_with(says("by", "schedule", default=DEFAULT_PREPULLER), "spread"),
        only_with(says("by", "image_pull_job", "schedule", default=DEFAULT_PREPULLER), "pull_timeout", "backoff_limit"),
    )

    images: SomeImageNames = key(min_length=1, description="what is pulled, each image from its own registry")
    groups: GroupNames | None = key(
        None, shown="all", description="node groups whose nodes pull; nodes that join during the rollout do not"
    )
    by: Annotated[Prepuller, Word(get_args(Prepuller))] = key(
        DEFAULT_PREPULLER, source="assumed",
        description="what makes nodes pull: image_pull_job (OpenKruise: so many nodes at a time, past the kubelet), "
        "daemonset (init containers on all nodes at once), kube_fledged (a Job for each node and image), schedule "
        "(each node by itself at its time)",
    )  # fmt: skip
    at: Annotated[float, TimeBefore()] | None = key(
        None, unit="time", shown="so that it is over as the rollout begins",
        description="when it begins, from the rollout's start on: -8h; one that is not over by then goes on beside "
        "the rollout",
        source="assumed: the rollout waits for it",
    )  # fmt: skip
    parallelism: Annotated[int, Whole(1, 1_000_000, unlimited=True)] | None = key(
        None, unit="nodes", shown=shown_default("parallelism"),
        description="image_pull_job: nodes that pull an image at a time, in the order of their names",
        source=default_source("parallelism"),
    )  # fmt: skip
    spread: RandomTime | None = key(
        None, unit="time", shown="0 s", description="schedule: when each node begins, after `at`",
        source="assumed: all at once",
    )  # fmt: skip
    rate: Rate | None = key(
        None, unit="rate", shown="none",
        description="most that it takes of the network, all nodes together: the line rate of a link <name>.rate",
    )  # fmt: skip
    pull_timeout: Annotated[float, Quantity("time", unlimited=True)] | None = key(
        None, unit="time", shown=shown_default("pull_timeout"),
        description="a node's pull of an image that takes so long is cut and counts as failed",
        source=default_source("pull_timeout"),
    )  # fmt: skip
    backoff_limit: Annotated[int, Whole(0, 1_000_000)] | None = key(
        None, unit="tries", shown=shown_default("backoff_limit"),
        description="how often a node tries again to pull an image",
        source=default_source("backoff_limit"),
    )  # fmt: skip


class WorkloadSpec(Spec):
    """Pods that roll out under one controller."""

    model_config = ruled(
        {
            "if": says("daemonset", True),
            "then": {"properties": {"replicas": False}},
            "else": {"required": ["replicas"]},
        },
        {
            "if": {"properties": {"after": {"anyOf": [{"type": "string"}, {"minItems": 1}]}}, "required": ["after"]},
            "then": {"properties": {"start": False}},
        },
    )

    images: SomeImageNames = key(description="all of them are pulled before a pod starts")
    replicas: Annotated[int, Whole(1, 1_000_000)] | None = key(
        None, unit="pods", description="wanted pods, spread evenly over the nodes"
    )
    daemonset: OnOff = key(False, description="one pod on each node, in place of replicas", source="assumed")
    groups: GroupNames | None = key(None, shown="all", description="node groups whose nodes may run it")
    start: Time = key(
        0.0, unit="time", shown="0 s", description="when its rollout begins", source="assumed: all at once"
    )
    after: WorkloadNames = key(
        (), shown="none", description="workloads whose rollouts must be over before its own begins, in place of start"
    )
    create: OnOff = key(False, description="the workload is new: there are no old pods", source="assumed")
    startup: RandomTime | None = key(
        None, unit="time", shown="rollout.startup", description="from the container's start until the pod is ready"
    )
    termination: Time | None = key(
        None, unit="time", shown="rollout.termination", description="from an old pod's deletion until it is gone"
    )
    pull_policy: Annotated[PullPolicy, Word(get_args(PullPolicy))] | None = key(
        None, shown="always for the tag latest, and for a registry's image without a tag; else if_not_present",
        description="whether a node asks the registry for an image that it holds",
        source="kubernetes api core/v1/types.go L3294; a name with neither registry nor tag says nothing of latest: "
        "assumed",
    )  # fmt: skip
    rollout: Annotated[PolicySpec, short("strategy", Word(CONTROLLERS))] | None = key(
        None, shown="rollout", description="how its pods are replaced, where it differs from `rollout`"
    )
