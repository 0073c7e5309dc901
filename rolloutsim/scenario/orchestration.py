"""Who rolls out how in a resolved scenario: workloads, their strategies, and what Kubernetes and clients do to pulls.

Words mean what they mean in Kubernetes; units are as in `rolloutsim.scenario.resolved`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from rolloutsim.scenario.distribution import Distribution
from rolloutsim.structs import struct

StrategyName = Literal["all_at_once", "rolling", "daemonset", "statefulset", "waves"]
PullPolicy = Literal["always", "if_not_present", "never"]
Requeue = Literal["fixed", "expiry", "exact"]


@struct
class Amount:
    """A number of pods, or a share of them (0 to 1, above 1 too) that its user rounds."""

    count: int | None = None
    share: float | None = None


@struct
class Wave:
    """A part of the pods, and what comes before the next: a pause [s], after all its pods are ready if `gate`."""

    size: Amount
    pause: float = 0.0
    gate: bool = True


@struct
class Strategy:
    """How a controller replaces a workload's pods.

    `max_surge` and `max_unavailable` are as written in the file or Kubernetes' default of the kind of workload;
    the controllers round.
    """

    name: StrategyName
    max_surge: Amount = field(default_factory=lambda: Amount(count=0))
    max_unavailable: Amount = field(default_factory=lambda: Amount(count=1))
    min_ready: float = 0.0  # a ready pod counts as available after this time [s]
    progress_deadline: float | None = None  # rolling only; reported, never an abort [s]
    partition: int = 0  # statefulset: ordinals below it keep the old version
    parallel: bool = False  # statefulset: podManagementPolicy Parallel
    waves: tuple[Wave, ...] = ()
    step_overhead: float = 0.0  # from a pod's creation until its node asks for its images [s]


@struct
class Workload:
    """Pods that roll out under one controller.

    Parameters
    ----------
    images : tuple of str
        All of them are pulled before a pod starts.
    replicas : int
        Wanted pods; for a DaemonSet the number of nodes of its groups.
    daemonset : bool
        One pod a node.
    groups : tuple of str
        Node groups whose nodes may run it.
    start : float
        When the controller begins [s].
    create : bool
        There are no old pods: the workload is new.
    startup : Distribution
        From the container's start until the pod is ready [s].
    termination : float
        How long an old pod takes from its deletion until it is gone [s].
    """

    name: str
    images: tuple[str, ...]
    replicas: int
    daemonset: bool
    groups: tuple[str, ...]
    strategy: Strategy
    start: float = 0.0
    create: bool = False
    startup: Distribution = field(default_factory=Distribution)
    termination: float = 0.0
    pull_policy: PullPolicy | None = None  # None: by the image's tag, as Kubernetes does
    spread: Distribution = field(default_factory=Distribution)  # all_at_once: when each pod is created, after `start`
    # Workloads after whose rollouts its own begins, in place of `start`.
    after: tuple[str, ...] = field(default=(), metadata={"unless_empty": True})
    joining: int = field(default=0, metadata={"unless_empty": True})  # of a DaemonSet's nodes, those that join later


@struct
class ApiCalls:
    """The token bucket for the calls of each of the controller manager's clients: `qps` a second, `burst` at once."""

    qps: float  # [1/s]
    burst: int


@struct
class Kubelet:
    """What a node's kubelet does to the pulls of pods; pulls of a schedule or a bare node are not its affair.

    `parallel_pulls` None: as many as there are; 1: one after another (serialize_image_pulls). `requeue` says when a pod
    in back-off is looked at: `exact` when the back-off ends, which no kubelet does; for the others see
    `rolloutsim.fleet.requeue`.
    """

    parallel_pulls: int | None = 1
    pull_qps: float | None = 5.0  # None: unlimited [1/s]
    pull_burst: int = 10
    backoff_initial: float = 10.0  # [s]
    backoff_max: float = 300.0  # [s]
    backoff_jitter: float = 0.0  # each back-off is lengthened by up to this share of it, at random
    requeue: Requeue = "exact"
    progress_timeout: float | None = 300.0  # a pull without a byte for so long is cancelled; None: never [s]
    # One that lasts so long is, whether bytes come or not; None: none is [s].
    pull_timeout: float | None = field(default=None, metadata={"unless_empty": True})
    gc_high: float = 0.85  # image garbage collection begins above this share of the disk ...
    gc_low: float = 0.80  # ... and ends below this one
    gc_period: float = 300.0  # [s]


@struct
class Again:
    """How often a client outside Kubernetes pulls again after its runtime gave a pull up, and after which wait.

    `growth` is the factor from one wait to the next; each is lengthened by up to `jitter` of it, at random.
    """

    times: int = 0
    after: float = 0.0  # [s]
    growth: float = 1.0
    jitter: float = 0.0
