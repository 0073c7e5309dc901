"""How much memory a scenario takes, by its numbers: known before any of it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf

from rolloutsim.scenario.images import layers
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.places import Path, Problem
from rolloutsim.scenario.strategies import wanted
from rolloutsim.units import format_size

# Bytes of a node, of a node's kubelet, of a pod and of a layer that a node fetches, with what is written down of them
# (measured: 313 MB for 100,000 pulls of a layer, 301 MB for 20,000 of 20, 369 MB for a DaemonSet on 50,000 nodes,
# 983 MB for 400,000 pods on 100,000).
_NODE, _KUBELET, _POD, _FETCH = 2500.0, 2600.0, 1700.0, 600.0
# The most of it (assumed: what a machine with 4 GB has left).
_MOST = 3.3e9
# Pulls that take less than that: no image has more than a few thousand layers and ranges, but for odd ones.
_FEW = 50


def memory_problems(document: Document) -> Iterator[Problem]:
    """A scenario that takes more memory than a small machine has."""
    nodes = sum(group.count for group in document.nodes.values())
    if nodes * len(document.images) <= _FEW and document.workloads is None:
        return
    # Ranges of a layer are fetches of their own.
    range_ = min((group.layer_fetch_buffer or inf for group in document.nodes.values()), default=inf)
    of = {
        name: sum(max(ceil(layer.compressed / range_), 1) for layer in found)
        for name, found in layers(document).of.items()
    }
    workloads = wanted(document)
    pods = sum(one.replicas for one in workloads)
    # Of the pods on a node one fetches the layers.
    several = [(min(one.replicas, one.nodes), one.images) for one in workloads] or [(nodes, tuple(of))]
    fetches = sum(pulls * sum(of.get(name, 0) for name in images) for pulls, images in several)
    parts: dict[Path, float] = {
        ("nodes",): nodes * (_NODE + (_KUBELET if workloads else 0.0)),
        ("images",): fetches * _FETCH,
        ("workloads",): pods * _POD if document.workloads else 0.0,
    }
    size = sum(parts.values())
    if size > _MOST:
        pulled = f", {pods:,} pods" if pods else ""
        yield Problem(
            max(parts, key=lambda path: parts[path]),
            f"{nodes:,} nodes{pulled} and {fetches:,} layers (or ranges of them) to fetch would take about "
            f"{format_size(size)} of memory, "
            f"and the most is {format_size(_MOST)}",
            "simulate a part of them, such as a rack of each kind, with links as wide as its share of them",
            at="key",
            related=(("nodes",), ("images",), ("workloads",)),
        )
