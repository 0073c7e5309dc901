"""Shapes without symmetry, as scenario files by number of nodes: what makes one node unlike the next.

All have layers of 346 MB together, a registry of 100 Gbit/s, and the real model unless something is said of bandwidth
alone. Each name is what the nodes do not share. `measure` runs one of them from its text to its summary; what must
hold is that ten times the nodes take less than sixteen times as long.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from tests.benchmarks.workloads import LAYERS, START

if TYPE_CHECKING:
    from collections.abc import Callable

Document = dict[str, Any]

GBIT = 125e6
SIZES = [f"{size:.0f} B" for size in LAYERS]


def own_nic(nodes: int) -> Document:
    """No two NICs are equal."""
    return _document({f"n{i}": _node(nic=_rate(GBIT * (1 + i / nodes))) for i in range(nodes)})


def own_disk(nodes: int) -> Document:
    """No two disks are equal."""
    return _document({f"n{i}": _node(disk=_rate(GBIT * (1 + i / nodes))) for i in range(nodes)})


def own_image(nodes: int) -> Document:
    """A continuous-integration fleet: as many images as nodes."""
    return _document(
        {f"n{i}": _node(pulls=[{"image": f"i{i}", "at": "0 s"}]) for i in range(nodes)},
        images={f"i{i}": {"layers": _sizes_of(i)} for i in range(nodes)},
        rollout={"strategy": "schedule"},
    )


def own_start_and_image(nodes: int) -> Document:
    """As many images as nodes, each asked for at a time of its own."""
    return _document(
        {f"n{i}": _node(pulls=[{"image": f"i{i}", "at": f"{30 * i / nodes:.6f} s"}]) for i in range(nodes)},
        images={f"i{i}": {"layers": _sizes_of(i)} for i in range(nodes)},
        rollout={"strategy": "schedule"},
    )


def own_link(nodes: int) -> Document:
    """Edge sites: each node behind an uplink of its own."""
    return _document(
        {f"n{i}": _node(via=[f"l{i}"], start=START) for i in range(nodes)},
        network={"links": {f"l{i}": _rate(GBIT * (0.2 + i / nodes)) for i in range(nodes)}},
    )


def own_rack(nodes: int) -> Document:
    """A rack for each node, whose uplink binds."""
    return _document(
        {"node": _node(count=nodes, racks=[f"r{i}" for i in range(nodes)], start=START)},
        network={"racks": {"uplink": _rate(GBIT / 2)}},
    )


def three_tiers(nodes: int) -> Document:
    """Racks whose uplinks bind, rooms of ten racks whose uplinks bind, and a registry that binds."""
    racks = nodes // 40 or 1
    rooms = -(-racks // 10)
    groups = {
        f"room{room}": _node(
            count=nodes // rooms, racks=[f"r{room}-{i}" for i in range(10)], via=[f"u{room}"], start=START,
            nic=_rate(GBIT * (1 + room / rooms)),
        )
        for room in range(rooms)
    }  # fmt: skip
    return _document(
        groups,
        network={
            "racks": {"uplink": _rate(GBIT * 6)},
            "links": {f"u{room}": _rate(GBIT * (30 + 20 * room / rooms)) for room in range(rooms)},
        },
        registry={"uplink": _rate(GBIT * nodes / 12)},
    )


def two_registries(nodes: int) -> Document:
    """Racks, and an image from each of two registries, of which both bind."""
    pulls = [{"image": "api", "at": START}, {"image": "agent", "at": START}]
    racks = [f"r{i}" for i in range(-(-nodes // 40))]
    return _document(
        {"node": _node(count=nodes, racks=racks, pulls=pulls, nic=_rate(10 * GBIT))},
        network={"racks": {"uplink": _rate(GBIT * 40)}},
        registry=None,
        registries={"a": {"uplink": _rate(50 * GBIT)}, "b": {"uplink": _rate(30 * GBIT)}},
        images={"api": {"layers": SIZES, "registry": "a"}, "agent": {"layers": ["90 MB", "40 MB"], "registry": "b"}},
        rollout={"strategy": "schedule"},
    )


def background_rate(nodes: int) -> Document:
    """A constant rate into each node."""
    return _on_every_node(nodes, lambda i: {"rate": _rate(GBIT * (0.1 + 0.2 * i / nodes))})


def background_bulk(nodes: int) -> Document:
    """A bulk transfer into each node."""
    return _on_every_node(nodes, lambda i: {"size": f"{200 + 100 * i / nodes:.3f} MB", "connections": 2})


def background_requests(nodes: int) -> Document:
    """A service on each node that answers requests."""
    return _on_every_node(nodes, lambda i: {"request": {"size": "20 kB", "every": "1 s"}})


def fairness_bulk(nodes: int) -> Document:
    """Connections that share unevenly, with a bulk transfer beside them."""
    return _document(
        {"node": _node(count=nodes, start=START)},
        network={"fairness": {"sigma": 0.5, "memory": "10 s"}},
        background={"backup": {"links": ["registry.uplink"], "size": "100 GB", "connections": 16}},
    )


def many_workloads(nodes: int) -> Document:
    """1,000 Deployments, each with an image of its own."""
    return _workloads(nodes, 1000, -(-nodes // 1000))


def own_workload(nodes: int) -> Document:
    """As many Deployments as nodes, each with an image of its own."""
    return _workloads(nodes, nodes, 1)


def limited(nodes: int) -> Document:
    """A storm of 429: the registry takes fewer requests than the nodes make."""
    return _document(
        {"node": _node(count=nodes)},
        registry={"uplink": _rate(100 * GBIT), "rate_limit": {"rate": "50/s", "burst": 100, "per": "account"}},
        rollout={"strategy": "daemonset", "max_unavailable": "100%", "horizon": "24h"},
    )


def ten_replicas(nodes: int) -> Document:
    """Ten replicas of the registry, whose uplinks all bind."""
    return _document(
        {"node": _node(count=nodes, start=START)}, registry={"uplink": _rate(10 * GBIT), "replicas": 10}
    )  # fmt: skip


def cached_sets(nodes: int) -> Document:
    """Each node holds a random set of other images that share layers with the one pulled."""
    draw = random.Random(1)
    layers = {f"l{i}": {"digest": f"l{i}", "compressed": f"{5 + 3 * i} MB"} for i in range(20)}
    images = {f"base{i}": {"layers": {f"l{i}": layers[f"l{i}"]}} for i in range(20)}
    return _document(
        {
            f"n{i}": _node(start=START, cached={f"base{j}": 1 for j in sorted(draw.sample(range(20), 8))})
            for i in range(nodes)
        },
        images={"api": {"layers": layers}} | images,
        rollout={"strategy": "all_at_once"} | {"startup": "1 s"},
    )


def hundred_layers(nodes: int) -> Document:
    """An image of 100 layers."""
    return _document(
        {"node": _node(count=nodes, start=START)}, images={"api": {"layers": [f"{1 + i % 7} MB" for i in range(100)]}}
    )  # fmt: skip


def ranged(nodes: int) -> Document:
    """Layers that come in ranges of 16 MB."""
    return _document({"node": _node(count=nodes, start=START, layer_fetch_buffer="16 MB")})


SHAPES: dict[str, Callable[[int], Document]] = {
    shape.__name__: shape
    for shape in (
        own_nic, own_disk, own_image, own_start_and_image, own_link, own_rack, three_tiers, two_registries,
        background_rate, background_bulk, background_requests, fairness_bulk, many_workloads, own_workload, limited,
        ten_replicas, cached_sets, hundred_layers, ranged,
    )
}  # fmt: skip


def text(shape: str, nodes: int) -> str:
    """The scenario file of a shape."""
    return json.dumps(SHAPES[shape](nodes))


def _document(groups: Document, **others: Any) -> Document:
    document: Document = {
        "rolloutsim": 1,
        "name": "benchmark",
        "nodes": groups,
        "registry": {"uplink": _rate(100 * GBIT)},
        "images": {"api": {"layers": SIZES}},
    }
    document |= others
    if document["registry"] is None:
        del document["registry"]
    return document


def _node(count: int = 1, nic: str | None = None, **others: Any) -> Document:
    return {"count": count, "nic": nic or _rate(GBIT), **others}


def _sizes_of(i: int) -> list[str]:
    return [f"{size + 100 * i:.0f} B" for size in LAYERS]


def _on_every_node(nodes: int, traffic: Callable[[int], Document]) -> Document:
    width = max(len(str(nodes - 1)), 3)
    return _document(
        {"node": _node(count=nodes, start=START)},
        background={f"b{i}": {"links": [f"node-{i:0{width}d}.nic.in"]} | traffic(i) for i in range(nodes)},
    )


def _workloads(nodes: int, number: int, replicas: int) -> Document:
    return _document(
        {"node": _node(count=nodes)},
        images={f"i{i}": {"layers": _sizes_of(i)} for i in range(number)},
        workloads={f"w{i}": {"images": f"i{i}", "replicas": replicas} for i in range(number)},
        rollout={"strategy": "rolling"},
    )


def _rate(bytes_per_s: float) -> str:
    return f"{bytes_per_s:.0f} B/s"
