"""NICs, disks and cores of a scenario that is drafted: from EC2's description, from presets, or assumed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rolloutsim.imports.drafts.assumed import NETWORK, Assumed
from rolloutsim.imports.drafts.groups import Group
from rolloutsim.imports.found import Found, FoundInstance
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.presets import AWS, VOLUMES, known, written
from rolloutsim.units import plain_text

_LABEL = "node.kubernetes.io/instance-type"
_VOLUME = VOLUMES["gp3"]
_SHOWN = 3  # names in a message (assumed: more are not read)
_IOPS = "assumed: gp3 without provisioned IOPS"
_EC2 = re.compile(r"[a-z][a-z0-9-]{0,20}\.[a-z0-9-]{2,20}")  # t3.medium; nothing that a shell would read


def machine(group: Group, found: Found) -> dict[str, Any]:
    """The keys of a group's machine: EC2's own description, else a preset, else none."""
    kind = group.nodes[0].instance_type
    if any(one.instance_type != kind for one in group.nodes):
        return {}  # what is put together by hand has no one machine
    described = found.instances.get(kind or "")
    if described is not None and described.nic is not None:
        keys = _described(described)
        if any(one.memory for one in group.nodes):
            keys.pop("memory", None)
        return keys
    if known(kind):
        return {"preset": Said(kind, f"from {group.nodes[0].origin}: {_LABEL}")}
    if described is None:
        return {}
    keys = _described(described)
    return {key: keys[key] for key in ("disk", "unpack") if key in keys}


def only(found: Found, notes: list[str]) -> dict[str, Any]:
    """The keys of the machine of the group that stands where no nodes were given: of the only type there is."""
    if not found.instances:
        return {}
    first = next(iter(found.instances.values()))
    if len(found.instances) > 1:
        notes.append(
            f"{first.origin} describes {_listed(found.instances)}, and no nodes say how many there are of which; give "
            "them as well: kubectl get nodes -o json > nodes.json"
        )
        return {}
    notes.append(
        f"all nodes are taken to be {first.name}, of {first.origin}; give the nodes as well: "
        "kubectl get nodes -o json > nodes.json"
    )
    if first.nic is None:
        notes.append(_without_bandwidth(first))
        if known(first.name):
            return {"preset": Said(first.name, f"from {first.origin}")}
    return _described(first)


def _described(one: FoundInstance) -> dict[str, Any]:
    """What EC2 says of a type, as keys of a node group."""
    origin = f"from {one.origin}"
    keys: dict[str, Any] = {}
    if one.nic is not None:
        burst = one.nic_burst or one.nic
        remark = f"{origin}: without bursts"
        if burst > one.nic:
            remark = f"{origin}: baseline; it may burst to {_bits(burst)}, for how long is not published"
        if one.cards > 1:
            remark += f"; one of {one.cards} network cards: pulls go over the default one"
        keys["nic"] = Said(_bits(one.nic), remark)
    if one.disk is not None:
        rate, _ = written(one.disk, _VOLUME)
        moves = f"{_bytes(one.disk)} to its disks"
        if one.disk_burst is not None and one.disk_burst > one.disk:
            moves += f", {_bytes(one.disk_burst)} in bursts"
        remark = f"{origin}: the machine moves {moves}; assumed: a volume that takes as much"
        if rate < one.disk:
            remark = f"assumed: gp3 without provisioned throughput; {origin}: the machine moves {moves}"
        keys["disk"] = {"rate": Said(_bytes(rate), remark)}
        if one.iops is not None and _VOLUME.iops is not None:
            remark = f"{origin}: the machine's, fewer than gp3's" if one.iops < _VOLUME.iops else _IOPS
            keys["disk"]["iops"] = Said(min(one.iops, _VOLUME.iops), remark)
    if one.memory is not None:
        keys["memory"] = Said(plain_text("size", float(one.memory)), origin)
    if one.cores is not None:
        keys["unpack"] = {"cores": Said(one.cores, f"{origin}: vCPUs")}
    return keys


def remarks(found: Found, groups: Sequence[Group], notes: list[str]) -> None:
    """What to say of descriptions that lack something, or that no node has."""
    kinds = {one.instance_type for group in groups for one in group.nodes}
    for group in groups:
        several = list(dict.fromkeys(one.instance_type or "unknown" for one in group.nodes))
        if len(several) > 1:
            notes.append(
                f"{group.name} has nodes of several instance types ({listing(several, _SHOWN, ', ')}): its NIC and "
                "disk are left as they are; give each type a group of its own"
            )
    for name, one in found.instances.items():
        if name in kinds and one.nic is None:
            notes.append(_without_bandwidth(one))
    unused = [name for name in found.instances if name not in kinds]
    if unused:
        notes.append(f"not used: EC2's description of {listing(unused, _SHOWN, ', ')}, which no node is")


def _without_bandwidth(one: FoundInstance) -> str:
    instead = "its preset stands in its place" if known(one.name) else "its NIC is assumed"
    return (
        f"{one.origin} says nothing of the bandwidth of {one.name}: old versions of the AWS CLI (2.11) leave it out; "
        f"{instead}. Update it, and ask again: {AWS.command.format(one.name)}"
    )


def network(found: Found, groups: Sequence[Group], registries: int, assumed: list[Assumed]) -> dict[str, Any]:
    """The `network` of the scenario: the rate of the NICs that nothing tells, and of the registries' uplinks."""
    unknown = [group for group in groups if not _has_nic(machine(group, found))]
    none_known = not groups and not _has_nic(only(found, []))
    if not unknown and not none_known:
        if registries > 1:  # each of them has an uplink of its own
            assumed.append(Assumed("registries.<registry>.uplink", NETWORK, "its line rate", _ON_REGISTRY))
            return {}
        assumed.append(Assumed("network", NETWORK, "line rate of the registry's uplink", _ON_REGISTRY))
        return {"network": Said(NETWORK, "assumed: the line rate of the registry's uplink")}
    kind = next((group.nodes[0].instance_type for group in unknown if group.nodes[0].instance_type), None)
    command = "ethtool eth0, on a node"
    if kind is not None and _EC2.fullmatch(kind):
        command = f"{AWS.command.format(kind)} > types.json, and import that as well"
    whose = "every NIC"
    if len(unknown) < len(groups):
        whose = f"the NICs of {listing([group.name for group in unknown], _SHOWN, ', ')}"
    what = f"line rate of {whose} and of every registry's uplink"
    assumed.append(Assumed("network", NETWORK, what, command))
    return {"network": Said(NETWORK, f"assumed: the {what}")}


_ON_REGISTRY = (
    "ethtool eth0, on the registry's host; where that is not yours, a lower bound: time crane pull IMAGE image.tar, "
    "on a node"
)


def _has_nic(keys: Mapping[str, Any]) -> bool:
    return "nic" in keys or "preset" in keys


def disks(found: Found, groups: Sequence[Group], assumed: list[Assumed]) -> None:
    """What is assumed of the rate of the nodes' disks."""
    told = [machine(group, found) for group in groups] or [only(found, [])]
    command = "fio --name=w --rw=write --bs=1M --size=4G --end_fsync=1, on a node"
    if any("preset" in keys or "disk" in keys for keys in told):
        assumed.append(Assumed(
            "nodes.<group>.disk.rate", "the provider's usual volume",
            "write rate of the nodes' disks, where they have no other volume", command,
        ))  # fmt: skip
    if not all("preset" in keys or "disk" in keys for keys in told):
        assumed.append(Assumed("nodes.<group>.disk.rate", "125 MiB/s", "write rate of the nodes' disks", command))


def told(found: Found) -> str:
    """What EC2's descriptions say, for who gave nothing else; empty if there are none."""
    if not found.instances or found.nodes:
        return ""
    one = next(iter(found.instances.values()))
    if one.nic is None:
        return f"{_without_bandwidth(one)}; "
    keys = []
    for key, said in _described(one).items():
        parts = "" if isinstance(said, Said) else ", ".join(f"{name}: {inner.value}" for name, inner in said.items())
        keys.append(f"{key}: {{{parts}}}" if parts else f"{key}: {said.value}")
    return f"{one.name} has {', '.join(keys)}, which you may write into a node group; "


def _listed(names: Iterable[str]) -> str:
    return listing(names, _SHOWN, ", ")


def _bits(rate: float) -> str:
    return plain_text("rate", rate, bits=True)


def _bytes(rate: float) -> str:
    return plain_text("rate", rate)
