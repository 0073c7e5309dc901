"""Events of Kubernetes, as `kubectl get events -o json|yaml` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.imports.observed import messages, times
from rolloutsim.imports.observed.seen import Seen, Source
from rolloutsim.imports.shapes import mapping, maps, part, text

_MOST = 10**9  # times that an event was merged (assumed: more is no count)


def events(content: Any) -> Iterator[Mapping[str, Any]]:
    """The events of an object, a list, or what a watch writes; nothing if there are none."""
    if not isinstance(content, Mapping):
        return
    kind = text(content, "kind") or ""
    if kind.endswith("List"):
        for item in maps(content, "items"):
            if text(item, "kind") in ("Event", None) and (kind == "EventList" or text(item, "kind")):
                yield item
    elif kind == "Event":
        yield content
    elif isinstance(content.get("object"), Mapping) and text(content, "type"):
        yield from events(content["object"])


def event(content: Mapping[str, Any], place: str, seen: Seen, pods: Mapping[str, str]) -> None:
    """Take an event of core/v1 or events.k8s.io/v1.

    Parameters
    ----------
    content : mapping
        The object.
    place : str
        Where it stands.
    seen : Seen
        What it is added to.
    pods : mapping of str to str
        Pod → the node that the scheduler gave it.
    """
    uid = text(content, "metadata", "uid")
    said = text(content, "message") or text(content, "note") or ""
    message = messages.message(said)
    if message is None or text(content, "reason") not in _REASONS[message.kind]:
        seen.others["events"] += 1
        return
    count = _count(content)
    if uid:
        before = seen.counts.get(uid, 0)  # a watch, or several files, tell an event again when it has grown
        if not seen.is_new(f"event {uid} {count}"):
            return
        seen.counts[uid] = max(before, count)
        count = max(0, count - before)
    pod = _pod(content)
    stamp = _stamp(content)
    source = Source(
        name="kubelet event",
        place=place,
        clock="",
        at=stamp[0] if stamp else None,
        resolution=stamp[1] if stamp else 1.0,
        node=_node(content) or pods.get(pod or ""),
        pod=pod,
    )
    seen.said(message, source, count)


# The reason that stands with each kind of message, kubernetes pkg/kubelet/events/event.go.
_REASONS = {
    "pulled": ("Pulled",), "present": ("Pulled",), "pulling": ("Pulling",), "failed": ("Failed",),
    "backed off": ("BackOff",),
}  # fmt: skip


def assigned(content: Any) -> dict[str, str]:
    """Pod → node, of the scheduler's events."""
    found = {}
    for one in events(content):
        if text(one, "reason") == "Scheduled":
            pair = messages.assigned(text(one, "message") or text(one, "note") or "")
            if pair is not None:
                found[pair[0]] = pair[1]
    return found


def _object(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(content, "involvedObject") or mapping(content, "regarding")


def _pod(content: Mapping[str, Any]) -> str | None:
    of = _object(content)
    if text(of, "kind") != "Pod" or not text(of, "name"):
        return None
    return f"{text(of, 'namespace') or 'default'}/{of['name']}"


def _node(content: Mapping[str, Any]) -> str | None:
    host = text(content, "source", "host") or text(content, "deprecatedSource", "host")
    if host:
        return host
    component = text(content, "reportingComponent") or text(content, "reportingController") or "kubelet"
    if component == "kubelet" and text(content, "reportingInstance"):
        return text(content, "reportingInstance")
    of = _object(content)
    return text(of, "name") if text(of, "kind") == "Node" else None


def _stamp(content: Mapping[str, Any]) -> tuple[float, float] | None:
    """When it was told last."""
    for path in (
        ("series", "lastObservedTime"), ("lastTimestamp",), ("deprecatedLastTimestamp",), ("eventTime",),
        ("firstTimestamp",), ("deprecatedFirstTimestamp",), ("metadata", "creationTimestamp"),
    ):  # fmt: skip
        found = times.stamp(part(content, *path))
        if found is not None:
            return found
    return None


def _count(content: Mapping[str, Any]) -> int:
    for path in (("series", "count"), ("count",), ("deprecatedCount",)):
        found = part(content, *path)
        if isinstance(found, int) and not isinstance(found, bool) and 0 < found < _MOST:
            return found
    return 1
