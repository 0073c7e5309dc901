"""The `nodes` of a scenario that is drafted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import or_
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import cluster, drafts
from rolloutsim.imports.drafts import machines
from rolloutsim.imports.drafts.assumed import NODES, Assumed
from rolloutsim.imports.drafts.groups import Group, runtime_of
from rolloutsim.imports.drafts.references import full
from rolloutsim.imports.drafts.running import holds
from rolloutsim.imports.found import Found, FoundNode
from rolloutsim.imports.writing import Said
from rolloutsim.units import exact_text

MOST_LISTED = 50  # kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go: nodeStatusMaxImages 50


def nodes(
    found: Found,
    groups: Sequence[Group],
    references: Sequence[str],
    assumed: list[Assumed],
    notes: list[str],
    is_alone: bool,
) -> Any:
    """All node groups, with what the kubelet's configuration says; alone, or for a scenario that is there."""
    if not groups:
        machine = machines.only(found, notes)
        settings = _kubelet(found, None, notes, is_alone) | drafts.runtimes.settings(
            found, "node", "dockerd" if found.is_swarm else None, _has_cores(machine), assumed, notes
        )
        command = "docker node ls -q | wc -l" if found.is_swarm else "kubectl get nodes -o json > nodes.json"
        assumed.append(Assumed("nodes", str(NODES), "how many nodes there are", command))
        group = {"count": Said(NODES, "assumed"), **machine, **_of_swarm(found), **settings}
        return {"node": group}
    machines.remarks(found, groups, notes)
    running = holds(found)
    content = {
        group.name: {
            **_group(group, found, references, running, assumed), **_kubelet(found, group, notes, is_alone),
            **drafts.runtimes.settings(
                found, group.name, runtime_of(group.nodes[0]) or group.nodes[0].runtime or None,
                _has_cores(machines.machine(group, found)), assumed, notes,
            ),
        }
        for group in groups
    }  # fmt: skip
    told = {f"nodes.{name}.runtime" for name, one in content.items() if not one["runtime"].remark.startswith("assumed")}
    assumed[:] = [one for one in assumed if one.key not in told]  # a configuration may tell what the nodes do not
    notes += _of_cached(groups, content, references)
    return content


def _of_cached(groups: Sequence[Group], content: Mapping[str, Any], references: Sequence[str]) -> list[str]:
    """Which images are on nodes already, which do not fetch them, a note for each image."""
    total = sum(len(group.nodes) for group in groups)
    found = []
    for reference in references:
        on = {
            group.name: len(group.nodes) if said.value == "100%" else said.value
            for group in groups
            if (said := content[group.name].get("cached", {}).get(reference)) is not None
        }
        if on:
            holders = sum(on.values())
            where = f"all {total} nodes" if holders == total > 1 else f"{holders} of {total} nodes"
            whose = next(iter(on)) if len(on) == 1 else "<group>"
            found.append(
                f"{reference} is on {where} already; they do not fetch it. For a new version take it out of "
                f"nodes.{whose}.cached"
            )
    return found


def _has_cores(machine: Mapping[str, Any]) -> bool:
    return "preset" in machine or "unpack" in machine


def _of_swarm(found: Found) -> dict[str, Any]:
    """What holds for nodes of a Swarm, which run Docker Engine and no kubelet; nothing where there may be others."""
    if not found.is_swarm:
        return {}
    return {
        "runtime": Said("dockerd", "nodes of a Swarm run Docker Engine"),
        "serialize_image_pulls": Said(False, "they have no kubelet"),
        "registry_pull_qps": Said(0, "they have no kubelet"),
    }


OF_DISKS = ("eviction_hard", "image_gc")  # keys that need the disk's size
KUBELET = (*OF_DISKS, *(path[0] for path in cluster.KEYS.values()))  # keys that nodes without a kubelet do not have


def _kubelet(found: Found, group: Group | None, notes: list[str], is_alone: bool) -> dict[str, Any]:
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
    is_of_swarm = group is None and found.is_swarm
    if is_alone and (is_of_swarm or not found.workloads):
        note = f"{one.origin} is not used: " + (
            "nodes of a Swarm have no kubelet"
            if is_of_swarm
            else "without workloads nodes pull on their own, and have no kubelet; give those as well: kubectl get "
            "deployments,daemonsets -A -o json > workloads.json"
        )
        notes += [] if note in notes else [note]
        return {}
    content = {key: Said(value, f"from {one.origin}") for key, value in one.settings.items()}
    disk = min((node.disk for node in group.nodes if node.disk), default=0) if group is not None else 0
    if not disk and is_alone:
        dropped = [key for key in OF_DISKS if content.pop(key, None) is not None or (key in OF_DISKS[:1] and one.free)]
        if dropped:
            note = (
                f"{' and '.join(dropped)} of {one.origin}: not taken, since nothing tells how large the disks are; "
                "kubectl get nodes -o json > nodes.json"
            )
            notes += [] if note in notes else [note]
        return content
    if not disk:  # a scenario that is there may tell how large they are
        if one.free:
            notes.append(
                f"evictionHard of {one.origin} in bytes is not taken: give the nodes as well, whose disks it is of"
            )
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


def _group(
    group: Group,
    found: Found,
    references: Sequence[str],
    running: Mapping[str, set[str]],
    assumed: list[Assumed],
) -> dict[str, Any]:
    nodes, origin = group.nodes, f"from {group.nodes[0].origin}"
    machine = machines.machine(group, found)
    content: dict[str, Any] = {"count": Said(len(nodes), origin), **machine}
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
        capacity = exact_text("size", min(disk))
        if "disk" in content:
            content["disk"] = {"capacity": Said(capacity, origin + _span(disk)), **content["disk"]}
        else:
            content["disk"] = Said({"capacity": capacity}, origin + _span(disk))
    cached = {}
    for reference in references:
        has = [lists(node, reference) is not None for node in nodes]
        runs = [full(reference) in running.get(node.name, ()) for node in nodes]
        holders = sum(map(or_, has, runs))
        if holders:
            cached[reference] = Said(
                "100%" if holders == len(nodes) else holders,
                f"{origin}: {holders} of {len(nodes)} nodes list it{' or run it' if sum(has) < holders else ''}"
                + ("; lists end at 50 images, so more may have it" if _is_cut(nodes) and holders < len(nodes) else ""),
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
