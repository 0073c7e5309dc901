"""Groups of nodes: their pulls, disks, runtimes and hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.strategies import POD_KEYS, SOME_KEYS
from tests.fuzz.completing.values import MOST_NODES, drop, is_map, means, once, only, quantity, strategy

if TYPE_CHECKING:
    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data

_DISKS = ("500 MB", "2 GB", "20 GB", "200 GB")
_KUBELET = (
    "kubelet", "serialize_image_pulls", "max_parallel_image_pulls", "registry_pull_qps", "registry_burst",
    "image_backoff", "image_gc", "eviction_hard",
)  # fmt: skip
_CLIENT = ("times", "after", "growth", "jitter")


def complete_nodes(drawn: Drawn) -> None:
    data, random = drawn.data, drawn.random
    if not data.get("nodes"):
        data["nodes"] = {"web": {"count": 3}} if random.random() < 0.7 else 3
    if not is_map(data["nodes"]):
        data["nodes"] = min(data["nodes"], MOST_NODES)
        return
    for name, group in list(data["nodes"].items()):
        if isinstance(group, dict):
            group.setdefault("count", random.randint(1, 4))
            group["count"] = min(group["count"], MOST_NODES)
            if "sites" in group and "racks" in group:
                del group[random.choice(("sites", "racks"))]
            for key in ("racks", "sites"):
                if isinstance(group.get(key), list):
                    group[key] = once(group[key])
                elif isinstance(group.get(key), int):
                    group[key] = min(group[key], MOST_NODES)
                if not group.get(key, True):
                    del group[key]
        else:
            data["nodes"][name] = min(group, MOST_NODES)


def complete_groups(drawn: Drawn) -> None:
    random = drawn.random
    scheduled = strategy(drawn.data.get("rollout")) == "schedule"
    pulling = [group for group in drawn.groups.values() if group.get("pulls")]
    if pulling and not drawn.pods and not scheduled and random.random() < 0.7:
        rollout = drawn.data.get("rollout")
        if isinstance(rollout, dict):
            rollout["strategy"] = "schedule"
            drop(rollout, (*SOME_KEYS, *POD_KEYS))
        else:
            drawn.data["rollout"] = "schedule"
        scheduled = True
    elif scheduled and not pulling:
        if drawn.groups:
            random.choice(list(drawn.groups.values()))["pulls"] = [{"image": random.choice(drawn.images)}]
        else:
            del drawn.data["rollout"]
            scheduled = False
    for group in drawn.groups.values():
        _group(drawn, group, scheduled)


def _group(drawn: Drawn, group: Data, scheduled: bool) -> None:
    random = drawn.random
    drop(group, ("start",) if scheduled else ("pulls",))
    for pull in group.get("pulls", ()):
        means(pull, "image", drawn.images, random)
    only(group, "cached", drawn.images)
    for image, value in group.get("cached", {}).items():
        if isinstance(value, int):
            group["cached"][image] = min(value, group["count"])
    retry = group.get("retry")
    if drawn.pods:
        if isinstance(retry, dict):
            drop(retry, _CLIENT)
        if {"image_gc", "eviction_hard"} & group.keys():
            disk = group.get("disk", {})
            group["disk"] = disk = disk if isinstance(disk, dict) else {"rate": disk}
            disk.setdefault("capacity", random.choice(_DISKS))
    else:
        drop(group, _KUBELET)
        if isinstance(retry, dict) and set(_CLIENT) & retry.keys():
            retry.setdefault("times", random.randint(1, 3))
    disk = group.get("disk")
    if isinstance(disk, dict) and {"used", "old_images"} & disk.keys():
        disk.setdefault("capacity", random.choice(_DISKS))
    if isinstance(disk, dict) and "capacity" in disk:
        _disk(drawn, disk)
    if group.get("serialize_image_pulls") and "max_parallel_image_pulls" in group:
        group["max_parallel_image_pulls"] = 1
    _order(drawn, group.get("image_backoff"), "initial", "max", "time", "1 s", "30 s")
    _order(drawn, group.get("image_gc"), "low", "high", "share", "50%", "70%")
    _runtime(drawn, group)
    _hosts(drawn, group)


def _disk(drawn: Drawn, disk: Data) -> None:
    if quantity("size", disk["capacity"]) < 3e8 and drawn.random.random() < 0.9:
        disk["capacity"] = drawn.random.choice(_DISKS)
    there = sum(quantity("size", disk[key]) for key in ("used", "old_images") if key in disk)
    if there > quantity("size", disk["capacity"]):
        for key in ("used", "old_images"):
            if key in disk:
                disk[key] = "100 MB"


def _order(drawn: Drawn, part: Any, low: str, high: str, kind: Any, lower: str, higher: str) -> None:
    """Of two quantities the smaller one first."""
    if isinstance(part, dict) and (low in part or high in part):
        first, second = part.get(low, lower), part.get(high, higher)
        if quantity(kind, first) >= quantity(kind, second):
            first, second = (second, first) if quantity(kind, second) < quantity(kind, first) else (lower, higher)
        part[low], part[high] = first, second


def _runtime(drawn: Drawn, group: Data) -> None:
    if "snapshotter" in group:
        if group.get("runtime") not in ("containerd", "containerd-1"):
            group.pop("runtime", None)
        group.pop("partial_images", None)
    if group.get("partial_images"):
        group["runtime"] = "cri-o"
    if {"layer_fetch_buffer", "parallel_unpacks"} & group.keys():
        if group.get("partial_images"):
            drop(group, ("layer_fetch_buffer", "parallel_unpacks"))
        else:
            group.pop("runtime", None)
    if quantity("size", group.get("layer_fetch_buffer", "1 GB")) < 1e6:
        group["layer_fetch_buffer"] = drawn.random.choice(("8 MB", "1 MiB", "512 kB"))
    if "recheck_requests" in group:
        group["recheck_requests"] = min(group["recheck_requests"], group.get("resolve_requests", 1))


def _hosts(drawn: Drawn, group: Data) -> None:
    """Whom the nodes ask: of servers in each rack only those that are in theirs."""
    random = drawn.random
    may: list[str] = [*drawn.of("peers")]
    for section in ("mirrors", "caches"):
        for name, spec in drawn.of(section).items():
            place = spec.get("in", "core") if isinstance(spec, dict) else "core"
            if place not in ("rack", "site") or group.get(f"{place}s"):
                may.append(name)
    if may and "hosts" not in group and random.random() < 0.8:
        group["hosts"] = random.sample(may, random.randint(1, min(2, len(may))))
    if "hosts" in group:
        means(group, "hosts", [*may, *drawn.registries], random)
