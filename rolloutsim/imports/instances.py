"""Instance types, as `aws ec2 describe-instance-types` tells of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundInstance
from rolloutsim.imports.shapes import mapping, maps, number, part, text, whole
from rolloutsim.units import BITS_PER_BYTE

MOST_TYPES = 10_000  # of a document (assumed: EC2 has about 1,400)
_GBIT = Decimal(10**9) / BITS_PER_BYTE  # [B]
_MB = Decimal(10**6)  # [B]
_MIB = 2**20  # [B]
_FASTEST = 1e6  # of a network card [Gbit/s] and of disks [MB/s] (assumed: 100 times what there is)
_TYPES = "InstanceTypes"


def is_description(content: Any) -> bool:
    """Whether a document is EC2's description of instance types."""
    return isinstance(part(content, _TYPES), list)


def take(one: Document, found: Found) -> None:
    """Put the instance types of a document beside what was found.

    Parameters
    ----------
    one : Document
        What `aws ec2 describe-instance-types` printed.
    found : Found
        Where they go.

    Raises
    ------
    UnreadableError
        If there are none, a value is of the wrong kind, or a type is described twice in different ways.
    """
    types = list(maps(one.content, _TYPES))
    if not types:
        raise UnreadableError(
            f"{one.place}: no instance type in it; name some: "
            "aws ec2 describe-instance-types --instance-types m6i.large"
        )
    if len(types) > MOST_TYPES:
        raise UnreadableError(
            f"{one.place}: {len(types):,} instance types; at most {MOST_TYPES:,} are read; name some: --instance-types"
        )
    for described in types:
        instance = _instance(described, one)
        before = found.instances.setdefault(instance.name, instance)
        if dataclasses.replace(instance, origin=before.origin) != before:
            raise UnreadableError(
                f"{one.place}: another description of {instance.name} than in {before.origin}; leave one of them out"
            )


def _instance(content: Mapping[str, Any], one: Document) -> FoundInstance:
    name = text(content, "InstanceType")
    if name is None:
        raise UnreadableError(
            f"{one.place}: an instance type without a name (InstanceType); is the file cut, or edited?"
        )
    place = f"{one.place}: {name:.60}"
    cards = list(maps(content, "NetworkInfo", "NetworkCards"))
    card = _default_card(content, cards, place)
    nic, burst = (
        _rate(card, place, _GBIT, key) for key in ("BaselineBandwidthInGbps", "PeakBandwidthInGbps")
    )  # fmt: skip
    disks = mapping(content, "EbsInfo", "EbsOptimizedInfo")
    disk, disk_burst = (
        _rate(disks, place, _MB, key) for key in ("BaselineThroughputInMBps", "MaximumThroughputInMBps")
    )  # fmt: skip
    for what, lasting, most in (("network card", nic, burst), ("EBS volumes", disk, disk_burst)):
        if lasting is not None and most is not None and lasting > most:
            raise UnreadableError(f"{place}: the baseline of its {what} is above the peak; is the file edited?")
    memory = whole(content, place, "MemoryInfo", "SizeInMiB", least=1)
    return FoundInstance(
        name=name,
        origin=one.label,
        nic=nic,
        nic_burst=burst,
        cards=len(cards),
        disk=disk,
        disk_burst=disk_burst,
        iops=whole(disks, place, "BaselineIops", least=1),
        cores=whole(content, place, "VCpuInfo", "DefaultVCpus", least=1),
        memory=None if memory is None else memory * _MIB,
    )


def _default_card(content: Mapping[str, Any], cards: list[Mapping[str, Any]], place: str) -> Mapping[str, Any]:
    """The network card that the node's own address is on; pulls do not use the others."""
    index = whole(content, place, "NetworkInfo", "DefaultNetworkCardIndex") or 0
    return next((card for card in cards if card.get("NetworkCardIndex", 0) == index), cards[0] if cards else {})


def _rate(content: Mapping[str, Any], place: str, unit: Decimal, key: str) -> float | None:
    rate = number(content, place, key)
    if rate is not None and rate > _FASTEST:
        raise UnreadableError(f"{place}: {key} is {rate:g}; the most is {_FASTEST:g}")
    return None if rate is None else float(Decimal(repr(rate)) * unit)


def of_others(content: Any) -> str | None:
    """What to say of machine types of other clouds, None if it is none."""
    first = content[0] if isinstance(content, list) and content else content
    if part(first, "guestCpus") is not None and part(first, "memoryMb") is not None:
        name = text(first, "name") or "n2-standard-8"
        return _written_as(f"a machine type of Google Cloud, which says nothing of its bandwidth: {name:.60}", name)
    capabilities = {text(one, "name") for one in maps(first, "capabilities")}
    if "vCPUs" in capabilities and "MemoryGB" in capabilities:
        name = text(first, "name") or "Standard_D8s_v5"
        return _written_as(f"a size of Azure, which says nothing of its network bandwidth: {name:.60}", name)
    return None


def _written_as(what: str, name: str) -> str:
    return (
        f"{what}; write it into the node group (preset: {name:.60}; 'rolloutsim explain nodes.preset' lists those that "
        "are known), or import the nodes, whose labels name it: kubectl get nodes -o json | rolloutsim import -"
    )
