"""Which objects of Kubernetes roll out.

What Kubernetes does not roll out is left out, with a note: what is paused, suspended, over or without replicas, and
what another object makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolloutsim.imports import pods, workloads
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundScaler
from rolloutsim.imports.shapes import mapping, maps, part, text, texts, whole
from rolloutsim.scenario.hints import listing

CRON_JOB = "CronJob"
SCALER = "HorizontalPodAutoscaler"
POD = "Pod"
_MOST_RESOURCES = 3  # names in a note (assumed: more are not read)
KINDS = (*workloads.KINDS, CRON_JOB, SCALER, POD)


def take(content: Mapping[str, Any], one: Document, found: Found) -> None:
    """Take in an object of Kubernetes that rolls out or runs, or a note of why it does not.

    Parameters
    ----------
    content : mapping
        An object of one of `KINDS`.
    one : Document
        Where it stands.
    found : Found
        Takes it.

    Raises
    ------
    UnreadableError
        If it has no container with an image, or a value of the wrong kind.
    """
    kind, name = str(content.get("kind")), workloads.name_of(content)
    if kind == SCALER:
        found.scalers.append(_scaler(content, one, f"{one.place}: {kind} {name}"))
        return
    if kind == POD:
        running = pods.pod(content, one)
        if running is not None:
            found.pods.append(running)
        else:
            found.unused[kind] = found.unused.get(kind, 0) + 1
        return
    why = _left_out(content, kind, name, f"{one.place}: {kind} {name}")
    if why:
        found.notes.append(f"{kind} {name} is left out: {why}")
        return
    found.workloads.append(workloads.workload(content, one))
    pod = mapping(content, "spec", "template", "spec")
    spread = _spread(pod)
    if spread:
        found.notes.append(f"{kind} {name}: {spread} not taken; pods go to the node that has the fewest of them")
    extended = _extended(pod) if kind != "DaemonSet" else ""  # whose pods are one on each node
    if extended:
        found.notes.append(
            f"{kind} {name}: its pods ask for {extended}; how many of them fit on a node is not simulated, pods go to "
            "the node that has the fewest of them"
        )


def _left_out(content: Mapping[str, Any], kind: str, name: str, place: str) -> str | None:
    """Why Kubernetes rolls out nothing of an object, None if it does."""
    for owner in maps(content, "metadata", "ownerReferences"):
        if owner.get("controller") is True and owner.get("kind") in ("Deployment", CRON_JOB):
            return f"{owner['kind']} {text(owner, 'name') or '?'} makes it; give that"
    if kind == CRON_JOB:
        return (
            "its Jobs pull when their time comes, not with a rollout; for one of them: "
            f"kubectl create job --from=cronjob/{name} {name} --dry-run=server -o json"
        )
    if kind == "Deployment" and part(content, "spec", "paused") is True:
        return f"it is paused; it rolls out after: kubectl rollout resume deployment/{name}"
    if kind == "Job":
        if part(content, "spec", "suspend") is True:
            return "it is suspended, and has no pods"
        if any(
            one.get("type") in ("Complete", "Failed") and one.get("status") == "True"
            for one in maps(content, "status", "conditions")
        ):
            return "it is over"
    if kind == "DaemonSet":
        return None
    replicas, _ = workloads.replicas(content, kind, place)
    if not replicas:
        return "it has no pods: its " + ("parallelism or its completions are 0" if kind == "Job" else "replicas are 0")
    kept = workloads.partition(content, kind, place)
    return f"its partition {kept} keeps all {replicas} pods at their version" if kept >= replicas else None


def _spread(pod: Mapping[str, Any]) -> str:
    """What a pod says of the pods beside it, which has no key here."""
    found = [
        f"{word}.{workloads.REQUIRED}"
        for word in ("podAffinity", "podAntiAffinity")
        if part(pod, "affinity", word, workloads.REQUIRED)
    ]
    # Absent is DoNotSchedule, which is required as well; ScheduleAnyway is a wish.
    if any(one.get("whenUnsatisfiable") != "ScheduleAnyway" for one in maps(pod, "topologySpreadConstraints")):
        found.append("topologySpreadConstraints")
    return f"{' and '.join(found)} {'is' if len(found) == 1 else 'are'}" if found else ""


def _extended(pod: Mapping[str, Any]) -> str:
    """The extended resources that a pod asks for, such as GPUs.

    Source: kubernetes pkg/apis/core/v1/helper/helpers.go IsExtendedResourceName, IsNativeResource.
    """
    names = {
        name: None
        for containers in ("initContainers", "containers")
        for container in maps(pod, containers)
        for kind in ("limits", "requests")
        for name in texts(container, "resources", kind)
        if "/" in name and "kubernetes.io/" not in name
    }
    return listing(names, _MOST_RESOURCES, ", ") if names else ""


def _scaler(content: Mapping[str, Any], one: Document, place: str) -> FoundScaler:
    """A HorizontalPodAutoscaler; without minReplicas it has 1: kubernetes pkg/apis/autoscaling/v2/defaults.go."""
    namespace = text(content, "metadata", "namespace") or ""
    kind, name = text(content, "spec", "scaleTargetRef", "kind"), text(content, "spec", "scaleTargetRef", "name")
    least = whole(content, place, "spec", "minReplicas")
    return FoundScaler(
        workloads.name_of(content), one.label, (kind or "", namespace, name or ""), 1 if least is None else least,
        whole(content, place, "spec", "maxReplicas"),
    )  # fmt: skip
