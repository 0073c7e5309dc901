"""Nodes, as `kubectl get nodes -o json` tells of them, and configurations of kubelets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundKubelet, FoundNode
from rolloutsim.imports.shapes import maps, part, quantity, text, texts, whole

_UNNAMED = "?"


def node(content: Mapping[str, Any], one: Document) -> FoundNode:
    """A node.

    Parameters
    ----------
    content : mapping
        An object of kind Node.
    one : Document
        Where it stands.
    """
    name = text(content, "metadata", "name") or _UNNAMED
    place = f"{one.place}: node {name}"
    labels = texts(content, "metadata", "labels")
    images: dict[str, int] = {}
    listed = 0
    for image in maps(content, "status", "images"):
        listed += 1
        size = whole(image, place, "sizeBytes")
        names = image.get("names")
        images |= {str(own): size or 0 for own in names} if isinstance(names, list) else {}
    return FoundNode(
        name=name,
        origin=one.label,
        labels=labels,
        taints=tuple(maps(content, "spec", "taints")),
        is_cordoned=part(content, "spec", "unschedulable") is True,
        os=text(content, "status", "nodeInfo", "operatingSystem") or labels.get("kubernetes.io/os", "linux"),
        runtime=text(content, "status", "nodeInfo", "containerRuntimeVersion") or "",
        disk=quantity(content, place, "status", "capacity", "ephemeral-storage"),
        memory=quantity(content, place, "status", "capacity", "memory"),
        images=images,
        listed=listed,
    )


def keep_each_once(nodes: Sequence[FoundNode]) -> None:
    """Refuse nodes that stand in what was given twice: there would be more of them than there are.

    Raises
    ------
    UnreadableError
        If two have the same name.
    """
    first: dict[str, FoundNode] = {}
    for one in nodes:
        before = first.setdefault(one.name, one)
        if before is not one and one.name != _UNNAMED:
            where = one.origin if one.origin == before.origin else f"{before.origin} and {one.origin}"
            raise UnreadableError(
                f"{where}: node {one.name} stands there twice; leave one of them out, and give clusters one by one"
            )


# Keys of KubeletConfiguration that are keys of a node group: kubernetes staging/src/k8s.io/kubelet/config/v1beta1.
KEYS = {
    "serializeImagePulls": ("serialize_image_pulls",),
    "maxParallelImagePulls": ("max_parallel_image_pulls",),
    "registryPullQPS": ("registry_pull_qps",),
    "registryBurst": ("registry_burst",),
    "imageGCHighThresholdPercent": ("image_gc", "high"),
    "imageGCLowThresholdPercent": ("image_gc", "low"),
}
_EVICTION = {"imagefs.available": "imagefs", "nodefs.available": "nodefs"}


def is_kubelet(content: Any) -> bool:
    """Whether a document is a kubelet's configuration, as a file or of its endpoint `configz`."""
    return text(content, "kind") == "KubeletConfiguration" or isinstance(part(content, "kubeletconfig"), Mapping)


def kubelet(one: Document) -> FoundKubelet:
    """The settings of a kubelet's configuration; what it does not say is the kubelet's default."""
    content = part(one.content, "kubeletconfig") or one.content
    settings: dict[str, Any] = {}
    free: dict[str, int] = {}
    for word, path in KEYS.items():
        value: Any = part(content, word)
        if value is None:
            continue
        if word == "serializeImagePulls":
            if not isinstance(value, bool):
                raise UnreadableError(f"{one.place}: {word} is {value!r:.60}; allowed: true or false")
        else:
            value = whole(content, one.place, word)
        if word.endswith("Percent"):
            value = f"{value}%"
        _set(settings, path, value)
    for word, key in _EVICTION.items():
        value = text(content, "evictionHard", word)
        if value is not None and value.endswith("%"):
            _set(settings, ("eviction_hard", key), value)
        elif value is not None:
            free[key] = quantity(content, one.place, "evictionHard", word) or 0
    return FoundKubelet(one.label, settings, free)


# Of KubeletConfiguration, what pulls depend on and no key says: key → what is the same as without it, and what it does.
_ABSENT: Mapping[str, tuple[tuple[Any, ...], str]] = {
    "evictionSoft": ((), "pods are evicted at the hard thresholds only"),
    "evictionMinimumReclaim": ((), "image garbage collection ends at image_gc.low"),
    "imageMinimumGCAge": (("2m0s", "2m", "0s"), "images are removed whatever their age"),
    "imageMaximumGCAge": (("0s",), "images are removed for want of space only"),
    "imageServiceEndpoint": ((), "images are pulled by the runtime that starts containers"),
    "imagePullCredentialsVerificationPolicy": (
        ("NeverVerify", "NeverVerifyPreloadedImages"), "images that are there are not checked again",
    ),
}  # fmt: skip
_INODES = {"nodefs.inodesFree": "5%", "imagefs.inodesFree": "5%"}  # upstream's


def kubelet_notes(one: Document) -> Iterator[str]:
    """What a kubelet's configuration says of pulls that has no key."""
    content = part(one.content, "kubeletconfig") or one.content
    for word, (same, what) in _ABSENT.items():
        value = part(content, word)
        if value not in (None, "", {}, *same):
            yield f"{word} of {one.label} has no key here: {what}"
    for word, usual in _INODES.items():
        value = text(content, "evictionHard", word)
        if value not in (None, usual, "0%"):
            yield f"evictionHard {word} of {one.label} has no key here: inodes are not counted"


def _set(settings: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        settings = settings.setdefault(step, {})
    settings[path[-1]] = value


def nodes(content: Any, one: Document) -> Iterator[FoundNode]:
    """The nodes of a list, whose items need not say that they are some."""
    for item in maps(content, "items"):
        yield node(item, one)
