"""What Kubernetes rolls out, of its own YAML: workloads, and ImagePullJobs of OpenKruise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import probes
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundGuess, FoundPrepull, FoundWorkload
from rolloutsim.imports.shapes import mapping, maps, part, text, texts, whole

KINDS = ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job")
IMAGE_PULL_JOB = "ImagePullJob"
_POLICIES = {"Always": "always", "IfNotPresent": "if_not_present", "Never": "never"}
_CREATES = {
    "Job": "a Job's pods are new",
    "ReplicaSet": "a ReplicaSet replaces no pods: these are new",
    "ReplicationController": "a ReplicationController replaces no pods: these are new",
}
# What the DaemonSet controller adds: kubernetes pkg/controller/daemon/util/daemonset_util.go
# AddOrUpdateDaemonPodTolerations; the last one for pods in the node's network.
_OF_DAEMONSETS = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
        ("network-unavailable", "NoSchedule"),
    )
)  # fmt: skip
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def name_of(content: Mapping[str, Any]) -> str:
    """What an object is called; what names are generated of, where it has none."""
    generated = (text(content, "metadata", "generateName") or "").rstrip("-")
    return text(content, "metadata", "name") or generated or "unnamed"


def workload(content: Mapping[str, Any], one: Document) -> FoundWorkload:
    """A workload.

    Parameters
    ----------
    content : mapping
        An object of one of `KINDS`.
    one : Document
        Where it stands.

    Raises
    ------
    UnreadableError
        If it has no container with an image, or a value of the wrong kind.
    """
    kind, name = str(content.get("kind")), name_of(content)
    place = f"{one.place}: {kind} {name}"
    pod = mapping(content, "spec", "template", "spec")
    images = _images(pod, place)
    policies = [policy for _, policy, _ in images]
    remarks: dict[str, str] = {}
    number, told = (None, "") if kind == "DaemonSet" else replicas(content, kind, place)
    if told:
        remarks["replicas"] = told
    if not all(is_given for _, _, is_given in images):
        remarks["derived"] = "none given; Kubernetes derives it from the tag"
    if len(set(policies)) > 1:
        remarks["pull_policy"] = "containers differ: " + ", ".join(f"{image}: {policy}" for image, policy, _ in images)
    guesses: list[FoundGuess] = []
    tolerations = tuple(maps(pod, "tolerations"))
    if kind == "DaemonSet":
        tolerations += _OF_DAEMONSETS if part(pod, "hostNetwork") is True else _OF_DAEMONSETS[:-1]
    return FoundWorkload(
        kind=kind,
        name=name,
        origin=one.label,
        images=tuple(dict.fromkeys(image for image, _, _ in images)),
        replicas=number,
        pull_policy=_POLICIES[policies[0]] if len(set(policies)) == 1 else None,
        rollout=_rollout(content, kind, place, remarks, guesses),
        selector=texts(pod, "nodeSelector"),
        tolerations=tolerations,
        remarks=remarks,
        affinity=_affinity(pod),
        startup=probes.startup(pod, place),
        guesses=tuple(guesses),
        creates=_CREATES.get(kind, ""),
        namespace=text(content, "metadata", "namespace") or "",
    )


def _images(pod: Mapping[str, Any], place: str) -> list[tuple[str, str, bool]]:
    """Each image that a pod pulls, in the order in which it does, its pull policy, and whether that is given.

    Volumes of images come before all containers: kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go SyncPod.
    """
    found = []
    for volume in maps(pod, "volumes"):
        reference = text(volume, "image", "reference")
        if reference is not None:
            found.append((reference, text(volume, "image", "pullPolicy")))
    containers = (*maps(pod, "initContainers"), *maps(pod, "containers"))
    for container in containers:
        image = text(container, "image")
        if image is None:
            raise UnreadableError(
                f"{place}: a container without an image; render it first: helm template or kustomize build"
            )
        found.append((image, text(container, "imagePullPolicy")))
    if not containers:
        raise UnreadableError(f"{place}: no containers in spec.template.spec; is the file cut?")
    for _, policy in found:
        if policy is not None and policy not in _POLICIES:
            raise UnreadableError(f"{place}: imagePullPolicy is {policy!r:.40}; allowed: {', '.join(_POLICIES)}")
    return [(image, policy or derived_policy(image), policy is not None) for image, policy in found]


def _affinity(pod: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...] | None:
    required = part(pod, "affinity", "nodeAffinity", REQUIRED)
    return tuple(maps(required, "nodeSelectorTerms")) if isinstance(required, Mapping) else None


def derived_policy(image: str) -> str:
    """The pull policy that Kubernetes gives a container without one.

    Source: kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Container, pkg/util/parsers ParseImageName: a digest
    stands for a missing tag, and does not undo the tag latest.
    """
    name, at, _ = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or at) else "IfNotPresent"


def replicas(content: Any, kind: str, place: str) -> tuple[int, str]:
    """How many pods there are at once, and what to know of it.

    Of a Job as many as `parallelism` says, and no more than are to be completed: kubernetes
    pkg/controller/job/job_controller.go manageJob.
    """
    word = "parallelism" if kind == "Job" else "replicas"
    given = whole(content, place, "spec", word)
    if given is None:
        return 1, f"no {word} given, and Kubernetes' default is 1"
    completions = whole(content, place, "spec", "completions") if kind == "Job" else None
    if completions is None or completions == given:
        return given, ""
    if completions < given:
        return completions, f"completions; parallelism is {given}"
    return given, f"parallelism; the other {completions - given} of completions come after these"


def _rollout(content: Any, kind: str, place: str, remarks: dict[str, str], guesses: list[FoundGuess]) -> dict[str, Any]:
    spec = mapping(content, "spec")
    found: dict[str, Any] = {}
    if kind in _CREATES:
        return {"strategy": "all_at_once"}
    strategy = mapping(spec, "strategy" if kind == "Deployment" else "updateStrategy")
    rolling = mapping(strategy, "rollingUpdate")
    if kind == "Deployment" and strategy.get("type") == "Recreate":
        found["strategy"] = "all_at_once"
        remarks["rollout"] = "Recreate, whose new pods wait until all old ones are gone; here they do not"
        rolling = {}
    elif kind == "StatefulSet":
        found["strategy"] = "statefulset"
        if part(spec, "podManagementPolicy") == "Parallel":
            found["parallel"] = True
    if kind != "Deployment" and strategy.get("type") == "OnDelete":
        found.setdefault("strategy", "daemonset")
        why = "OnDelete: its pods are replaced when someone deletes them; here by RollingUpdate"
        remarks["rollout"] = f"assumed: {why}"
        command = f"kubectl get pods -w, while {kind} {place.rpartition(' ')[2]} is rolled out"
        guesses.append(FoundGuess("rollout", found["strategy"], why, command))
        rolling = {}
    if kind != "StatefulSet" and rolling.get("maxSurge") is not None:
        found["max_surge"] = _count_or_share(rolling["maxSurge"], f"{place}: maxSurge")
    if rolling.get("maxUnavailable") is not None:
        found["max_unavailable"] = _count_or_share(rolling["maxUnavailable"], f"{place}: maxUnavailable")
        if kind == "StatefulSet":
            remarks["rollout"] = "maxUnavailable counts with the feature MaxUnavailableStatefulSet, else it is 1"
    kept = partition(content, kind, place)
    if kept:
        found["partition"] = kept
    ready = whole(spec, place, "minReadySeconds")
    if ready:
        found["min_ready"] = f"{ready} s"
    deadline = whole(spec, place, "progressDeadlineSeconds", least=1) if kind == "Deployment" else None
    if deadline is not None:
        found["progress_deadline"] = f"{deadline} s"
    return found


def partition(content: Any, kind: str, place: str) -> int:
    """How many pods of a StatefulSet keep their version."""
    strategy = mapping(content, "spec", "updateStrategy")
    if kind != "StatefulSet" or strategy.get("type") == "OnDelete":
        return 0
    return whole(strategy, place, "rollingUpdate", "partition") or 0


def _count_or_share(value: Any, place: str) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return value
    raise UnreadableError(f"{place} is {value!r:.40}; allowed: a whole number, or a share such as '25%'")


def image_pull_job(content: Mapping[str, Any], one: Document) -> FoundPrepull:
    """An ImagePullJob.

    Parameters
    ----------
    content : mapping
        An object of kind ImagePullJob.
    one : Document
        Where it stands.
    """
    name = text(content, "metadata", "name") or "image-pull-job"
    place = f"{one.place}: {IMAGE_PULL_JOB} {name}"
    image = text(content, "spec", "image")
    if image is None:
        raise UnreadableError(f"{place}: no spec.image")
    settings: dict[str, Any] = {}
    parallelism = part(content, "spec", "parallelism")
    if parallelism is not None:
        settings["parallelism"] = _count_or_share(parallelism, f"{place}: parallelism")
    timeout = whole(content, place, "spec", "pullPolicy", "timeoutSeconds", least=1)
    if timeout is not None:
        settings["pull_timeout"] = f"{timeout} s"
    limit = whole(content, place, "spec", "pullPolicy", "backoffLimit")
    if limit is not None:
        settings["backoff_limit"] = limit
    return FoundPrepull(name, one.label, image, settings, texts(content, "spec", "selector", "matchLabels"))
