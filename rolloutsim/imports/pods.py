"""Pods as they run: on which node, of which workload, with which images, and how long they took until they were ready.

That time is from the start of a pod's last container until its condition Ready turned true, both whole seconds of its
node's clock. A pod that was restarted tells nothing of its first start and is left out; one whose readiness came and
went since looks as if it had taken that long, which the median withstands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundPod
from rolloutsim.imports.shapes import mapping, maps, part, text, whole

_HASH = "pod-template-hash"  # kubernetes pkg/apis/apps: DefaultDeploymentUniqueLabelKey, in a ReplicaSet's name as well


def pod(content: Mapping[str, Any], one: Document) -> FoundPod | None:
    """A pod, None if it does not run.

    Parameters
    ----------
    content : mapping
        An object of kind Pod.
    one : Document
        Where it stands.

    Raises
    ------
    UnreadableError
        If a time in its status is none.
    """
    if text(content, "status", "phase") != "Running":
        return None
    place = f"{one.place}: Pod {text(content, 'metadata', 'name') or '?'}"
    kind, name = _owner(content)
    containers = (*maps(content, "spec", "initContainers"), *maps(content, "spec", "containers"))
    return FoundPod(
        origin=one.label,
        namespace=text(content, "metadata", "namespace") or "",
        owner=(kind, name),
        node=text(content, "spec", "nodeName") or "",
        images=tuple(image for container in containers if (image := text(container, "image"))),
        startup=_startup(content, place),
        was_restarted=any(whole(status, place, "restartCount") for status in _statuses(content)),
    )


def _owner(content: Mapping[str, Any]) -> tuple[str, str]:
    """What made a pod; of a Deployment's ReplicaSet the Deployment, whose name it has before the hash."""
    for owner in maps(content, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            kind, name = text(owner, "kind") or "", text(owner, "name") or ""
            tail = text(content, "metadata", "labels", _HASH)
            if kind == "ReplicaSet" and tail and name.endswith(f"-{tail}"):
                return "Deployment", name.removesuffix(f"-{tail}")
            return kind, name
    return "", ""


def _statuses(content: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(maps(content, "status", "containerStatuses"))


def _startup(content: Mapping[str, Any], place: str) -> float | None:
    """From the start of the last container until the pod was ready [s]."""
    statuses = _statuses(content)
    begun = [_time(mapping(one, "state", "running"), place, "startedAt") for one in statuses]
    ready = [
        _time(one, place, "lastTransitionTime")
        for one in maps(content, "status", "conditions")
        if one.get("type") == "Ready" and one.get("status") == "True"
    ]
    times = [time for time in begun if time is not None]
    if not ready or ready[0] is None or not times or len(times) < len(begun):
        return None
    took = (ready[0] - max(times)).total_seconds()
    return took if took >= 0.0 and not any(whole(one, place, "restartCount") for one in statuses) else None


def _time(content: Mapping[str, Any], place: str, key: str) -> datetime | None:
    value = part(content, key)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError
    except (TypeError, ValueError):
        raise UnreadableError(
            f"{place}: {key} is {value!r:.60}; it must be a time such as 2026-01-31T12:00:00Z"
        ) from None
    return found
