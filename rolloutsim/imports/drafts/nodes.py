"""The `nodes` of a scenario that is drafted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import drafts
from rolloutsim.imports.drafts.assumed import NODES, Assumed
from rolloutsim.imports.drafts.groups import Group, runtime_of
from rolloutsim.imports.drafts.references import full
from rolloutsim.imports.found import Found, FoundNode
from rolloutsim.imports.writing import Said
from rolloutsim.units import exact_text

MOST_LISTED = 50  # kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go: nodeStatusMaxImages 50


def nodes(
    found: Found, groups: Sequence[Group], references: Sequence[str], assumed: list[Assumed], notes: list[str]
) -> Any:
    """All node groups, with what the kubelet's configuration says."""
    if not groups:
        settings = _kubelet(found, None, notes) | drafts.runtimes.settings(found, "node", None, assumed, notes)
        assumed.append(
            Assumed("nodes", str(NODES), "how many nodes there are", "kubectl get nodes -o json > nodes.json")
        )
        return {"node": {"count": Said(NODES, "assumed"), **settings}}
    return {
        group.name: {
            **_group(group, references, assumed, notes), **_kubelet(found, group, notes),
            **drafts.runtimes.settings(found, group.name, runtime_of(group.nodes[0]), assumed, notes),
        }
        for group in groups
    }  # fmt: skip


_OF_DISKS = ("eviction_hard", "image_gc")  # keys that need the disk's size


def _kubelet(found: Found, group: Group | None, notes: list[str]) -> dict[str, Any]:
    """What the kubelet's configuration says of a group; None: of nodes that nothing is known of."""
    for other in found.kubelets[1:]:
        if (other.settings, other.free) != (found.kubelets[0].settings, found.kubelets[0].free):
            raise UnreadableError(
                f"{other.origin}: another kubelet configuration than {found.kubelets[0].origin}; "
                "give one, and write what differs into the scenario by hand"
            )
    if not found.kubelets:
        return {}
    one = found.kubelets[0]
    content = {key: Said(value, f"from {one.origin}") for key, value in one.settings.items()}
    disk = min((node.disk for node in group.nodes if node.disk), default=0) if group is not None else 0
    if not disk:
        dropped = [
            key for key in _OF_DISKS if content.pop(key, None) is not None or (key in _OF_DISKS[:1] and one.free)
        ]
        if dropped:
            note = (
                f"{' and '.join(dropped)} of {one.origin}: not taken, since nothing tells how large the disks are; "
                "kubectl get nodes -o json > nodes.json"
            )
            notes += [] if note in notes else [note]
        return content
    shares, sizes = dict(one.settings.get("eviction_hard", {})), []
    for key, free in one.free.items():
        if free < disk:
            shares[key] = exact_text("share", round(free / disk, 4))
            sizes.append(f": {key} {exact_text('size', free)} of {exact_text('size', disk)}")
        else:
            notes.append(
                f"evictionHard {key}.available of {one.origin} is {exact_text('size', free)}, and the disks are smaller"
            )
    return content | ({"eviction_hard": Said(shares, f"from {one.origin}{''.join(sizes)}")} if sizes else {})


def _group(group: Group, references: Sequence[str], assumed: list[Assumed], notes: list[str]) -> dict[str, Any]:
    nodes, origin = group.nodes, f"from {group.nodes[0].origin}"
    content: dict[str, Any] = {"count": Said(len(nodes), origin)}
    runtime = runtime_of(nodes[0])
    if runtime is None:
        shown = nodes[0].runtime or "none named"
        content["runtime"] = Said("containerd", f"assumed: the nodes' own is not known here ({shown})")
        assumed.append(
            Assumed(f"nodes.{group.name}.runtime", "containerd", f"the nodes say: {shown}", "kubectl get nodes -o wide")
        )
    else:
        content["runtime"] = Said(runtime, f"{origin}: {nodes[0].runtime}")
    memory, disk = [one.memory for one in nodes if one.memory], [one.disk for one in nodes if one.disk]
    if memory:
        content["memory"] = Said(exact_text("size", min(memory)), origin + _span(memory))
    if disk:
        content["disk"] = Said({"capacity": exact_text("size", min(disk))}, origin + _span(disk))
    cached = {}
    for reference in references:
        holders = sum(lists(node, reference) is not None for node in nodes)
        if holders:
            cached[reference] = Said(
                "100%" if holders == len(nodes) else holders,
                f"{origin}: {holders} of {len(nodes)} nodes list it"
                + ("; lists end at 50 images, so more may have it" if _is_cut(nodes) and holders < len(nodes) else ""),
            )
            notes.append(
                f"{reference} is on {holders} of {len(nodes)} nodes of {group.name} already and is not fetched; "
                f"for a new version of it take it out of nodes.{group.name}.cached"
            )
    if cached:
        content["cached"] = cached
    return content


def _span(sizes: Sequence[int]) -> str:
    """What to say where nodes differ."""
    return "" if min(sizes) == max(sizes) else f", the least; the most is {exact_text('size', max(sizes))}"


def _is_cut(nodes: Sequence[FoundNode]) -> bool:
    return any(node.listed >= MOST_LISTED for node in nodes)


def lists(node: FoundNode, reference: str) -> int | None:
    """The size of an image in a node's list, None if it is not there."""
    return next((size for name, size in node.images.items() if full(name) == full(reference)), None)
