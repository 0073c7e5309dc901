"""The scenario of what was found: each value with where it is from, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import drafts
from rolloutsim.imports.drafts.assumed import NETWORK, NODES, Assumed
from rolloutsim.imports.found import Found
from rolloutsim.imports.writing import Said
from rolloutsim.scenario import explain
from rolloutsim.scenario.model import COMPRESSION_RATIO
from rolloutsim.structs import struct


@struct
class Draft:
    """A scenario before it is text."""

    content: dict[str, Any]
    assumed: tuple[Assumed, ...]
    notes: tuple[str, ...]
    summary: str


def draft(found: Found, origins: Sequence[str]) -> Draft:
    """The scenario of what was found.

    Parameters
    ----------
    found : Found
        What the documents tell.
    origins : sequence of str
        The files, for the scenario's name.

    Raises
    ------
    UnreadableError
        If what was found does not fit together.
    """
    assumed: list[Assumed] = []
    notes = list(found.notes)
    named = _named(found.workloads, notes)
    groups = drafts.groups.groups_of(found, notes)
    references = drafts.references.references(found)
    sizes = drafts.references.by_reference(found.images, references, notes)
    registries = drafts.references.registries(references)
    content: dict[str, Any] = {
        "rolloutsim": 1,
        "name": f"imported from {', '.join(origins[:3])}{f' and {len(origins) - 3} more' if len(origins) > 3 else ''}",
        "nodes": drafts.nodes.nodes(found, groups, references, assumed, notes),
        "network": Said(NETWORK, "assumed: the line rate of every NIC and of every registry's uplink"),
    }
    kind = next((one.instance_type for one in found.nodes if one.instance_type), None)
    command = f"aws ec2 describe-instance-types --instance-types {kind}" if kind else "ethtool eth0, on a node"
    assumed.append(Assumed("network", NETWORK, "line rate of every NIC and of every registry's uplink", command))
    if len(registries) > 1:
        content["registries"] = {
            name: Said({"uplink": NETWORK}, f"assumed; serves images of {host}") for host, name in registries.items()
        }
    content["images"] = {
        name: drafts.images.image(name, sizes.get(name), found, registries, assumed)
        for name in dict.fromkeys([*references, *sizes])
    }
    mirrors, hosts = drafts.runtimes.mirrors(found, list(content["images"]), registries, assumed, notes)
    if mirrors:
        content["mirrors"] = mirrors
        for group in content["nodes"].values():
            group["hosts"] = hosts
    if not content["images"]:
        raise UnreadableError(
            f"{', '.join(origins[:3])}: no image in what was given; give the workloads whose images roll out as well "
            "(kubectl get deployments,daemonsets -A -o json), or a manifest: "
            "crane manifest IMAGE | rolloutsim import IMAGE=-"
        )
    if named:
        content["workloads"] = {
            name: drafts.workloads.workload(one, found, groups, assumed) for name, one in named.items()
        }
    if found.prepulls:
        content["prepulls"] = {
            name: drafts.workloads.prepull(one, found, groups) for name, one in _named(found.prepulls, notes).items()
        }
    if named:
        assumed.append(Assumed(
            "rollout.startup", "0 s", "from a container's start until its pod is ready",
            "kubectl get pods -o json: status.conditions Ready less containerStatuses startedAt",
        ))  # fmt: skip
    assumed.append(Assumed(
        "nodes.<group>.disk.rate", explain("nodes.disk.rate").default, "write rate of the nodes' disks",
        "fio --name=w --rw=write --bs=1M --size=4G --end_fsync=1, on a node",
    ))  # fmt: skip
    assumed.append(Assumed(
        "images.<image>.ratio", str(COMPRESSION_RATIO),
        "unpacked / compressed bytes, where only one of the two is known",
        "docker image inspect IMAGE --format '{{.Size}}'",
    ))  # fmt: skip
    counts = [
        f"{sum(len(group.nodes) for group in groups) or NODES} nodes", f"{len(content['images'])} images",
        f"{len(named)} workloads",
    ]  # fmt: skip
    if found.unused:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(found.unused.items()))
        notes.append(f"not used: {kinds}")
    if "HorizontalPodAutoscaler" in found.unused:
        notes.append("a HorizontalPodAutoscaler sets the replicas of what it scales; those of the workload stand here")
    return Draft(content, tuple(assumed), tuple(notes), ", ".join(_plural(one) for one in counts))


def _plural(counted: str) -> str:
    return counted[:-1] if counted.startswith("1 ") else counted


def _named(several: Iterable[Any], notes: list[str]) -> dict[str, Any]:
    """Things by their names; of the same name the later ones with a number."""
    taken: dict[str, Any] = {}
    for one in several:
        name, number = one.name, 2
        while name in taken:
            name, number = f"{one.name}-{number}", number + 1
        if name != one.name:
            notes.append(f"{one.name} of {one.origin} stands as {name}: there is one of that name before it")
        taken[name] = one
    return taken
