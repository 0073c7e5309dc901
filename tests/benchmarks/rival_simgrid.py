"""SimGrid's fluid network model through its Python binding: one actor a node.

`network/model:raw` is bandwidth sharing without corrections for latency or cross traffic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.benchmarks.workloads import Problem

Array = np.ndarray[Any, np.dtype[np.float64]]


def version() -> str | None:
    """SimGrid's version, or None where its binding is not installed."""
    try:
        simgrid = import_module("simgrid")
    except ImportError:
        return None
    return str(getattr(simgrid, "simgrid_version", "of unknown version"))


def simulate(problem: Problem, starts: list[float]) -> Array:
    """When each layer of each node is complete [s]."""
    simgrid = import_module("simgrid")
    Comm, Engine, this_actor = simgrid.Comm, simgrid.Engine, simgrid.this_actor  # noqa: N806

    options = ["network/model:raw", "precision/work-amount:1e-9", "precision/timing:1e-12"]
    engine = Engine(["rival", "--log=root.thresh:error", *(f"--cfg={option}" for option in options)])
    zone = engine.netzone_root.add_netzone_full("all")
    registry = zone.add_host("registry", 1e9)
    uplink = zone.add_link("uplink", problem.registry)
    nodes, layers = len(starts), len(problem.layers)
    rack_count = 0 if problem.rack is None else -(-nodes // problem.nodes_per_rack)
    racks = [zone.add_link(f"rack{i}", problem.rack or 0.0) for i in range(rack_count)]
    finish = np.full((nodes, layers), np.nan)

    def pull(node: int, host: Any) -> None:
        this_actor.sleep_until(starts[node])
        flying: dict[int, tuple[Any, int]] = {}
        active = simgrid.ActivitySet()
        following = 0
        while following < layers or flying:
            while following < layers and len(flying) < problem.slots:
                comm = Comm.sendto_async(registry, host, int(problem.layers[following]))
                active.push(comm)
                flying[following] = (comm, following)
                following += 1
            active.wait_any()
            for number, (comm, _) in list(flying.items()):
                if comm.test():
                    finish[node, number] = Engine.clock
                    del flying[number]

    for node in range(nodes):
        host = zone.add_host(f"node{node}", 1e9)
        nic = zone.add_link(f"nic{node}", problem.nic)
        path = [uplink, *([racks[node % rack_count]] if racks else []), nic]
        zone.add_route(registry, host, [simgrid.LinkInRoute(link) for link in path], False)
        host.add_actor(f"pull{node}", pull, node, host)
    engine.run()
    return finish
