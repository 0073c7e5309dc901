"""The workloads, as scenario files by number of nodes.

All have 5 layers of 346 MB together, 3 download slots and starts uniform over 5 s. `star` and the two `racks`
use bandwidth sharing only, so that the rivals can run the same work; `mixed` adds what makes nodes differ;
`full` is the real model with all its phases.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS = (120e6, 100e6, 80e6, 40e6, 6e6)
SLOTS = 3
START = {"min": "0 s", "max": "5 s"}
NODES_PER_RACK = 40

# Payload capacities [B/s]: 1 Gbit/s NICs; 100 Gbit/s of registry binds from 100 nodes on; 10 Gbit/s of rack
# uplink are a quarter of what its NICs could take.
NIC = 125e6
REGISTRY = 12.5e9
RACK = 1.25e9


@dataclass(frozen=True)
class Problem:
    """What a rival needs to know about a star or about racks: sizes [B], capacities [B/s]."""

    registry: float
    rack: float | None
    nic: float = NIC
    layers: tuple[float, ...] = LAYERS
    slots: int = SLOTS
    nodes_per_rack: int = NODES_PER_RACK


def star(nodes: int) -> str:
    """Every node behind its NIC, one registry that binds."""
    return _text(nodes=_group(nodes), registry=_rate(REGISTRY))


def racks_registry(nodes: int) -> str:
    """Racks of 40 nodes; the registry binds, the racks' uplinks do not."""
    return _in_racks(nodes, REGISTRY)


def racks_racks(nodes: int) -> str:
    """Racks of 40 nodes; every rack's uplink binds, the registry does not."""
    return _in_racks(nodes, NIC * nodes)


def mixed(nodes: int) -> str:
    """NICs of 1, 10 and 25 Gbit/s, connection caps, and two images that share layers."""
    slow, fast = nodes * 6 // 10, nodes * 3 // 10
    pulls = [{"image": "api", "at": START}]
    both = [*pulls, {"image": "agent", "at": START}]
    groups = {
        "slow": _group(slow) | {"pulls": pulls},
        "fast": _group(fast, nic=NIC * 10) | {"connection_cap": "60 MB/s", "pulls": both},
        "fastest": _group(nodes - slow - fast, nic=NIC * 25) | {"pulls": both},
    }
    for group in groups.values():
        del group["start"]
    sizes = {f"layer{i}": {"digest": f"layer{i}", "compressed": f"{size:.0f} B"} for i, size in enumerate(LAYERS)}
    own = {f"own{i}": {"digest": f"own{i}", "compressed": "25 MB"} for i in range(2)}
    shared = {name: sizes[name] for name in list(sizes)[:3]}
    return _text(
        nodes=groups,
        registry=_rate(REGISTRY),
        images={"api": {"layers": sizes}, "agent": {"layers": shared | own}},
        rollout={"strategy": "schedule"},
    )


def full(nodes: int) -> str:
    """The real model on a star: requests, slow start, disk, unpacking, start-up."""
    return _text(
        nodes=_group(nodes),
        registry=_rate(REGISTRY),
        model="real",
        rollout={"startup": {"p50": "4 s", "p95": "9 s"}},
    )


WORKLOADS: dict[str, Callable[[int], str]] = {
    "star": star,
    "racks_registry": racks_registry,
    "racks_racks": racks_racks,
    "mixed": mixed,
    "full": full,
}


def problem(workload: str, nodes: int) -> Problem:
    """A workload as the rivals see it; only for those that they can run."""
    return {
        "star": Problem(REGISTRY, None),
        "racks_registry": Problem(REGISTRY, RACK),
        "racks_racks": Problem(NIC * nodes, RACK),
    }[workload]


def _in_racks(nodes: int, registry: float) -> str:
    racks = [f"r{i}" for i in range(-(-nodes // NODES_PER_RACK))]
    return _text(
        nodes=_group(nodes) | {"racks": racks},
        registry=_rate(registry),
        network={"efficiency": "100%", "racks": {"uplink": _rate(RACK)}},
    )


def _group(count: int, nic: float = NIC) -> dict[str, Any]:
    return {"count": count, "nic": _rate(nic), "parallel_layers": SLOTS, "start": START}


def _rate(bytes_per_s: float) -> str:
    return f"{bytes_per_s:.0f} B/s"


def _text(nodes: dict[str, Any], registry: str, **others: Any) -> str:
    scenario = {
        "rolloutsim": 1,
        "name": "benchmark",
        "model": "ideal",
        "nodes": {"node": nodes} if "count" in nodes else nodes,
        "network": {"efficiency": "100%"},
        "registry": {"uplink": registry},
        "images": {"api": {"layers": [f"{size:.0f} B" for size in LAYERS]}},
    }
    return json.dumps(scenario | others, indent=1)
