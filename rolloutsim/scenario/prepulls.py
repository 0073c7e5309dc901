"""Who pulls images before a rollout, and what each of them does by default.

Pinned sources: openkruise/kruise 11e5ac09, Kubernetes as in `rolloutsim.fleet.kubelet`; kube-fledged as documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from rolloutsim.structs import struct

Prepuller = Literal["image_pull_job", "daemonset", "kube_fledged", "schedule"]

DEFAULT_PREPULLER: Prepuller = "image_pull_job"  # assumed


@struct
class Behaviour:
    """What one kind does.

    Parameters
    ----------
    parallelism : int or None
        Nodes that pull an image at a time, in the order of their names; None: all of them.
    kubelet : bool
        Whether it pulls through the kubelet, by whose rules a failed pull is tried again, without an end.
    in_order : bool
        Whether a node pulls the images one after another.
    pull_timeout : float or None
        A pull that takes so long is cut and counts as failed; None: none is [s].
    backoff_limit : int or None
        How often a node tries again; None: until it succeeds.
    backoff, backoff_max : float
        The wait after the first failure, which doubles, and the longest [s]; of no kubelet.
    deadline : float or None
        Nothing is tried again so long after a node's first try; None: there is no such time [s].
    sources : mapping of str to str
        Where its values come from, by their names.
    """

    parallelism: int | None = None
    kubelet: bool = False
    in_order: bool = False
    pull_timeout: float | None = None
    backoff_limit: int | None = None
    backoff: float = 0.0
    backoff_max: float = 0.0
    deadline: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


_JOB = "openkruise/kruise pkg/controller/imagepulljob/imagepulljob_controller.go: "
_WORKER = "openkruise/kruise pkg/daemon/imagepuller/imagepuller_worker.go: "

BEHAVIOURS: Mapping[Prepuller, Behaviour] = {
    # A job for each image, as an ImageListPullJob makes them; the daemon asks the runtime itself.
    "image_pull_job": Behaviour(
        parallelism=1,
        pull_timeout=600.0,
        backoff_limit=3,
        backoff=1.0,
        backoff_max=30.0,
        sources={
            "parallelism": _JOB + "defaultParallelism 1, the next nodes by name",
            "pull_timeout": _WORKER + "defaultImagePullingTimeout 10 min",
            "backoff_limit": _WORKER + "defaultImagePullingBackoffLimit 3, after 1 s doubling to 30 s",
        },
    ),
    # Init containers, one an image; how many pods may be unavailable paces updates, not the first creation.
    "daemonset": Behaviour(
        kubelet=True,
        in_order=True,
        sources={
            "parallelism": "kubernetes pkg/controller/daemon/daemon_controller.go syncNodes: pods on all nodes",
            "pull_timeout": "kubernetes: the kubelet's pull_timeout",
            "backoff_limit": "kubernetes pkg/kubelet/images/image_manager.go: the kubelet's back-off, without an end",
        },
    ),
    "kube_fledged": Behaviour(
        kubelet=True,
        deadline=300.0,
        sources={
            "parallelism": "kube-fledged pkg/images/image_manager.go: a Job for each node and image, all at once",
            "pull_timeout": "kube-fledged --image-pull-deadline-duration 5m: nothing is tried again then",
            "backoff_limit": "kube-fledged pkg/images: Jobs of back-off limit 0; the kubelet tries again until then",
        },
    ),
    "schedule": Behaviour(
        in_order=True,
        backoff_limit=0,
        sources={
            "parallelism": "assumed: each node pulls when its time has come",
            "pull_timeout": "assumed: a client's pull has no end",
            "backoff_limit": "assumed: a scheduled command runs once",
        },
    ),
}


# What stands for None, by key and whether it is the kubelet's affair.
_NONE: Mapping[tuple[str, bool], str] = {
    ("parallelism", True): "all",
    ("parallelism", False): "all",
    ("pull_timeout", True): "that of the nodes",
    ("pull_timeout", False): "unlimited",
    ("backoff_limit", True): "no limit",
    ("backoff_limit", False): "no limit",
}


def own_default(kind: str, name: str) -> tuple[str, str] | None:
    """The default of a key for one kind as users write it, and where it comes from; None: it hangs on no kind."""
    behaviour = next((one for known, one in BEHAVIOURS.items() if known == kind), None)
    if behaviour is None or name not in behaviour.sources:
        return None
    value = getattr(behaviour, name)
    text = _NONE[name, behaviour.kubelet] if value is None else f"{value:g}{' s' if 'time' in name else ''}"
    return text, behaviour.sources[name]


def shown_default(name: str) -> str:
    """The defaults of a key as users write them: `1 (image_pull_job), all (daemonset, kube_fledged, schedule)`."""
    kinds: dict[str, list[str]] = {}
    for kind in BEHAVIOURS:
        own = own_default(kind, name)
        assert own is not None
        kinds.setdefault(own[0], []).append(kind)
    return ", ".join(f"{text} ({', '.join(of)})" for text, of in kinds.items())


def default_source(name: str) -> str:
    """Where they come from."""
    return "; ".join(f"{kind}: {behaviour.sources[name]}" for kind, behaviour in BEHAVIOURS.items())
