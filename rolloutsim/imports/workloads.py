"""What Kubernetes rolls out, of its own YAML: workloads, and ImagePullJobs of OpenKruise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundPrepull, FoundWorkload
from rolloutsim.imports.shapes import mapping, maps, part, text, texts, whole

KINDS = ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job")
IMAGE_PULL_JOB = "ImagePullJob"
_POLICIES = {"Always": "always", "IfNotPresent": "if_not_present", "Never": "never"}


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
    kind, name = str(content.get("kind")), text(content, "metadata", "name") or "unnamed"
    place = f"{one.place}: {kind} {name}"
    pod = mapping(content, "spec", "template", "spec")
    images, policies = [], []
    for container in (*maps(pod, "initContainers"), *maps(pod, "containers")):
        image = text(container, "image")
        if image is None:
            raise UnreadableError(
                f"{place}: a container without an image; render it first: helm template or kustomize build"
            )
        images.append(image)
        policies.append(text(container, "imagePullPolicy") or derived_policy(image))
    if not images:
        raise UnreadableError(f"{place}: no containers in spec.template.spec; is the file cut?")
    for policy in policies:
        if policy not in _POLICIES:
            raise UnreadableError(f"{place}: imagePullPolicy is {policy!r:.40}; allowed: {', '.join(_POLICIES)}")
    remarks: dict[str, str] = {}
    replicas = None if kind == "DaemonSet" else _replicas(content, kind, place, remarks)
    own = set(policies)
    if any(text(one, "imagePullPolicy") is None for one in (*maps(pod, "initContainers"), *maps(pod, "containers"))):
        remarks["derived"] = "none given; Kubernetes derives it from the tag"
    if len(own) > 1:
        remarks["pull_policy"] = "containers differ: " + ", ".join(
            f"{i}: {p}" for i, p in zip(images, policies, strict=True)
        )
    return FoundWorkload(
        kind=kind,
        name=name,
        origin=one.label,
        images=tuple(dict.fromkeys(images)),
        replicas=replicas,
        pull_policy=_POLICIES[own.pop()] if len(own) == 1 else None,
        rollout=_rollout(content, kind, place),
        selector=texts(pod, "nodeSelector"),
        tolerations=tuple(maps(pod, "tolerations")),
        remarks=remarks,
    )


def derived_policy(image: str) -> str:
    """The pull policy that Kubernetes gives a container without one.

    Source: kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Container.
    """
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _replicas(content: Any, kind: str, place: str, remarks: dict[str, str]) -> int:
    word = "parallelism" if kind == "Job" else "replicas"
    replicas = whole(content, place, "spec", word)
    if replicas is None:
        remarks["replicas"] = f"no {word} given, and Kubernetes' default is 1"
        return 1
    return replicas


def _rollout(content: Any, kind: str, place: str) -> dict[str, Any]:
    spec = mapping(content, "spec")
    found: dict[str, Any] = {}
    if kind in ("Job", "ReplicaSet"):
        return {"strategy": "all_at_once"}
    strategy = mapping(spec, "strategy" if kind == "Deployment" else "updateStrategy")
    rolling = mapping(strategy, "rollingUpdate")
    if strategy.get("type") == "Recreate":
        found["strategy"] = "all_at_once"
    elif kind == "StatefulSet":
        found["strategy"] = "statefulset"
        if part(spec, "podManagementPolicy") == "Parallel":
            found["parallel"] = True
    for word, key in (("maxSurge", "max_surge"), ("maxUnavailable", "max_unavailable")):
        value = rolling.get(word)
        if value is not None and found.get("strategy") != "all_at_once":
            found[key] = _count_or_share(value, f"{place}: {word}")
    partition = whole(rolling, place, "partition")
    if partition and kind == "StatefulSet":
        found["partition"] = partition
    ready = whole(spec, place, "minReadySeconds")
    if ready:
        found["min_ready"] = f"{ready} s"
    deadline = whole(spec, place, "progressDeadlineSeconds", least=1) if kind == "Deployment" else None
    if deadline is not None:
        found["progress_deadline"] = f"{deadline} s"
    return found


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
