"""Nodes that are equal in all that counts here."""

from __future__ import annotations

from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.drafts.placing import has, may_run
from rolloutsim.imports.drafts.references import name_of
from rolloutsim.imports.found import Found, FoundNode
from rolloutsim.structs import struct

# containerRuntimeVersion's scheme → runtime, and whether the images' sizes in a node's status are unpacked ones:
# kubernetes pkg/kubelet/images takes what the runtime says; containerd counts the compressed content.
RUNTIMES = {"containerd": ("containerd", False), "docker": ("dockerd", True), "cri-o": ("cri-o", True)}


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
        elif node.is_cordoned and not any(may_run(node, one) for one in found.workloads):
            notes.append(f"node {node.name} is left out: it is cordoned, and gets none of these pods")
        else:
            nodes.append(node)
    if found.nodes and not nodes:
        raise UnreadableError(f"{found.nodes[0].origin}: no node that is simulated: {'; '.join(notes[:3])}")
    zones = {node.zone for node in nodes}
    kinds = {runtime_of(node) for node in nodes}
    like: dict[Any, list[FoundNode]] = {}
    for node in nodes:
        able = tuple(may_run(node, one) for one in found.workloads)
        able += tuple(has(node, one.selector) for one in found.prepulls)
        like.setdefault((node.instance_type, node.zone, runtime_of(node), able), []).append(node)
    groups: list[Group] = []
    taken: set[str] = set()
    for (kind, zone, runtime, _), several in like.items():
        parts = [kind or "node", zone or "" if len(zones) > 1 else "", runtime or "" if len(kinds) > 1 else ""]
        parts += ["cordoned"] if all(node.is_cordoned for node in several) else []
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
