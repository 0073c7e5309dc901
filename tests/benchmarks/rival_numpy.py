"""A careful plain numpy loop: one step per event, all flows re-shared in arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.benchmarks.workloads import Problem

Array = np.ndarray[Any, np.dtype[np.float64]]


def share(node: Any, rack: Any, racks: int, problem: Problem) -> Array:
    """Max-min fair rates: freeze the flows of the lowest level, again and again."""
    count_node = np.bincount(node)
    nic = problem.nic / count_node[node]  # a NIC carries nothing but its node's flows, which are all alike
    rate = np.empty(len(node))
    open_ = np.arange(len(node))
    registry = problem.registry
    rack_room = np.full(racks, problem.rack or np.inf)
    while len(open_):
        level = np.minimum(nic[open_], registry / len(open_))
        if racks:
            in_rack = np.bincount(rack[open_], minlength=racks)
            per_rack = rack_room / np.maximum(in_rack, 1)
            level = np.minimum(level, per_rack[rack[open_]])
        lowest = level.min()
        frozen = level <= lowest * (1 + 1e-12)
        rate[open_[frozen]] = lowest
        registry -= lowest * np.count_nonzero(frozen)
        if racks:
            rack_room -= lowest * np.bincount(rack[open_[frozen]], minlength=racks)
        open_ = open_[~frozen]
    return rate


def simulate(problem: Problem, starts: list[float]) -> Array:
    """When each layer of each node is complete [s]."""
    nodes, layers = len(starts), len(problem.layers)
    racks = 0 if problem.rack is None else -(-nodes // problem.nodes_per_rack)
    sizes = np.array(problem.layers)
    finish = np.full((nodes, layers), np.nan)
    order = np.argsort(starts, kind="stable")
    begin = np.array(starts)[order]
    upcoming = 0
    following = np.zeros(nodes, dtype=int)  # the next layer that each node fetches
    node = np.empty(0, dtype=int)
    layer = np.empty(0, dtype=int)
    left = np.empty(0)
    now = 0.0
    while upcoming < nodes or len(node):
        rate = share(node, node % racks if racks else None, racks, problem) if len(node) else np.empty(0)
        due = left / rate
        step = due.min() if len(node) else np.inf
        arrival = begin[upcoming] - now if upcoming < nodes else np.inf
        if arrival <= step:
            left = left - rate * arrival
            now = begin[upcoming]
            done = left <= 0.0
        else:
            left = left - rate * step
            now += step
            done = due <= step
        finish[node[done], layer[done]] = now
        starting = list(node[done])
        node, layer, left = node[~done], layer[~done], left[~done]
        while upcoming < nodes and begin[upcoming] <= now:
            starting += [order[upcoming]] * problem.slots
            upcoming += 1
        for one in starting:
            if following[one] < layers:
                node = np.append(node, one)
                layer = np.append(layer, following[one])
                left = np.append(left, sizes[following[one]])
                following[one] += 1
    return finish
