"""The resolved scenario's other half: who rolls out how, what limits it, and what goes wrong on the way.

Kubernetes' words mean what they mean there. Units are the package's own: bytes, seconds, bytes per second.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from rolloutsim.scenario.distributions import Distribution
from rolloutsim.structs import struct

StrategyName = Literal["all_at_once", "rolling", "daemonset", "statefulset", "waves"]
PullPolicy = Literal["always", "if_not_present", "never"]


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


@struct
class Kubelet:
    """What a node's kubelet does to the pulls of pods; pulls of a schedule or a bare node are not its affair.

    `parallel_pulls` None: as many as there are; 1: one after another (serialize_image_pulls).
    """

    parallel_pulls: int | None = 1
    pull_qps: float | None = 5.0  # None: unlimited [1/s]
    pull_burst: int = 10
    backoff_initial: float = 10.0  # [s]
    backoff_max: float = 300.0  # [s]
    backoff_jitter: float = 0.0  # each back-off is lengthened by up to this share of it, at random
    progress_timeout: float | None = 300.0  # a pull without a byte for so long is cancelled; None: never [s]
    gc_high: float = 0.85  # image garbage collection begins above this share of the disk ...
    gc_low: float = 0.80  # ... and ends below this one
    gc_period: float = 300.0  # [s]


@struct
class Retry:
    """How a runtime reacts to requests that fail.

    `delays` are the waits before the second, third, ... attempt [s]; when they are used up the pull fails.
    """

    rate_limited: tuple[float, ...] = ()  # after 429
    server_error: tuple[float, ...] = ()  # after 500, 502, 503, 504
    broken: tuple[float, ...] = ()  # after a refused or broken connection
    resumes: bool = True  # a broken body goes on where it broke (Range), else from its beginning
    keeps_partial: bool = True  # a failed pull's unfinished layers are there for the next attempt


@struct
class RateLimit:
    """A token bucket: `rate` tokens per second, at most `burst` of them."""

    rate: float  # [1/s]
    burst: float
    per: Literal["account", "address"] = "account"
    counts: Literal["requests", "pulls"] = "requests"  # pulls: GET of a manifest; layers are free


@struct
class Redirect:
    """Object storage that serves the bytes of layers in the registry's place."""

    path: tuple[str, ...] = ()  # names of shared links that its bytes cross instead of the registry's own
    connection_cap: float | None = None  # [B/s]
    ttfb: float = 0.0  # [s]


@struct
class Disk:
    """What is on each node's disk before the rollout."""

    capacity: float  # [B]
    used: float = 0.0  # by what no garbage collection can remove [B]
    old_images: float = 0.0  # unused images, which garbage collection removes [B]


@struct
class Prices:
    """Money per GB (10^9 bytes) and month, in any currency; None: not given."""

    ssd: float | None = None
    hdd: float | None = None


@struct
class Fault:
    """Something goes wrong.

    Parameters
    ----------
    kind : str
        `node`: all nodes named crash; `registry`, `link`: capacity is `remaining` of the nominal one, a registry
        at 0 breaks its connections and refuses new ones; `requests`: each request to the registry fails with
        `probability`.
    target : str
        A node (web-007), a node group (one of its nodes at random), a registry or a shared link.
    at : float or None
        When [s]; None: at random, `rate` times a second.
    back_after : float or None
        Until it works again [s]; None: never.
    """

    name: str
    kind: Literal["node", "registry", "link", "requests"]
    target: str
    at: float | None = 0.0
    rate: float | None = None
    back_after: float | None = None
    remaining: float = 0.0
    probability: float = 0.0


@struct
class Push:
    """Images uploaded to their registries: the layers that a registry does not hold yet, `parallel` at a time.

    `at` None: before the rollout, which begins at 0 s when it is complete.
    """

    name: str  # of what pushes: `ci`
    link: str  # name of its shared link
    images: tuple[str, ...]
    held: tuple[str, ...] = ()  # images whose layers the registry holds already
    at: float | None = None
    parallel: int = 5
    via: tuple[str, ...] = ()
