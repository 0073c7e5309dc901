"""Nodes that are equal in all that counts here, and which pods may run on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.drafts.references import name_of
from rolloutsim.imports.found import Found, FoundNode
from rolloutsim.structs import struct

# containerRuntimeVersion's scheme → runtime, and whether the images' sizes in a node's status are unpacked ones:
# kubernetes pkg/kubelet/images takes what the runtime says; containerd counts the compressed content.
RUNTIMES = {"containerd": ("containerd", False), "docker": ("dockerd", True), "cri-o": ("cri-o", True)}
_HARD = ("NoSchedule", "NoExecute")


@struct
class Group:
    """Nodes that are equal, under the name that they have in the scenario."""

    name: str
    nodes: tuple[FoundNode, ...]


def groups_of(found: Found, notes: list[str]) -> list[Group]:
    """Nodes that are equal in all that counts here."""
    nodes = []
    for node in found.nodes:
        if node.os != "linux":
            notes.append(f"node {node.name} is left out: {node.os} is not simulated")
        elif node.is_cordoned:
            notes.append(f"node {node.name} is left out: it is cordoned, and gets no new pods")
        else:
            nodes.append(node)
    if found.nodes and not nodes:
        raise UnreadableError(f"{found.nodes[0].origin}: no node that is simulated: {'; '.join(notes[:3])}")
    zones = {node.zone for node in nodes}
    kinds = {runtime_of(node) for node in nodes}
    like: dict[Any, list[FoundNode]] = {}
    for node in nodes:
        able = tuple(may_run(node, one.selector, one.tolerations) for one in found.workloads)
        able += tuple(has(node, one.selector) for one in found.prepulls)
        like.setdefault((node.instance_type, node.zone, runtime_of(node), able), []).append(node)
    groups: list[Group] = []
    taken: set[str] = set()
    for (kind, zone, runtime, _), several in like.items():
        parts = [kind or "node", zone or "" if len(zones) > 1 else "", runtime or "" if len(kinds) > 1 else ""]
        name = first = name_of("-".join(one for one in parts if one))
        number = 2
        while name in taken:
            name, number = f"{first}-{number}", number + 1
        taken.add(name)
        groups.append(Group(name, tuple(several)))
    return groups


def runtime_of(node: FoundNode) -> str | None:
    """The runtime's word in a scenario, None where the node names none that is known."""
    scheme, _, version = node.runtime.partition("://")
    found = RUNTIMES.get(scheme)
    if found is None:
        return None
    return "containerd-1" if found[0] == "containerd" and version.startswith("1.") else found[0]


def has(node: FoundNode, selector: Mapping[str, str]) -> bool:
    """Whether a node has all labels of a selector."""
    return all(node.labels.get(key) == value for key, value in selector.items())


def labels(selector: Mapping[str, str]) -> str:
    """A selector in words."""
    return ", ".join(f"{key}={value}" for key, value in selector.items())


def may_run(node: FoundNode, selector: Mapping[str, str], tolerations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether pods of a workload are scheduled there: by its node selector and tolerations."""
    if not has(node, selector):
        return False
    return all(
        any(_tolerates(one, taint) for one in tolerations) for taint in node.taints if taint.get("effect") in _HARD
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    # kubernetes staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity: ToleratesTaint.
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    key = toleration.get("key")
    if key in (None, ""):
        return toleration.get("operator") == "Exists"
    if key != taint.get("key"):
        return False
    return toleration.get("operator") == "Exists" or (toleration.get("value") or "") == (taint.get("value") or "")
