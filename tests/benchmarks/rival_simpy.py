"""A naive SimPy model, as one would write it by hand: every change re-shares all and interrupts every flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.benchmarks.workloads import Problem

Finish = np.ndarray[Any, np.dtype[np.float64]]


class Network:
    """Links by number, the flows that cross them, and their rates."""

    def __init__(self, env: simpy.Environment, capacity: list[float]) -> None:
        self.env = env
        self.capacity = np.array(capacity)
        self.flows: dict[Any, tuple[int, ...]] = {}
        self.rate: dict[Any, float] = {}

    def share(self) -> None:
        """Max-min fair rates by progressive filling."""
        paths = list(self.flows.values())
        room = self.capacity.copy()
        unfrozen = np.ones(len(paths), dtype=bool)
        width = max((len(path) for path in paths), default=0)
        links = np.array([[*path, *path[-1:] * (width - len(path))] for path in paths], dtype=int)
        rates = np.zeros(len(paths))
        while unfrozen.any():
            count = np.zeros(len(room))
            for column in links[unfrozen].T:
                np.add.at(count, column, 1)
            with np.errstate(divide="ignore", invalid="ignore"):
                level = np.where(count > 0, room / count, np.inf)
            lowest = level.min()
            frozen = unfrozen & (level[links] <= lowest * (1 + 1e-12)).any(axis=1)
            rates[frozen] = lowest
            for column in links[frozen].T:
                np.subtract.at(room, column, lowest)
            unfrozen &= ~frozen
        self.rate = dict(zip(self.flows, rates.tolist(), strict=True))

    def change(self, cause: Any) -> None:
        """Re-share, and wake every other flow so that it learns its new rate."""
        self.share()
        for flow in list(self.flows):
            if flow is not cause:
                flow.interrupt()

    def transfer(self, path: tuple[int, ...], size: float) -> Generator[Any, Any, None]:
        """Move `size` bytes along a path."""
        me = self.env.active_process
        self.flows[me] = path
        self.change(me)
        left = size
        while left > 0.0:
            rate, since = self.rate[me], self.env.now
            try:
                yield self.env.timeout(left / rate)
                left = 0.0
            except simpy.Interrupt:
                left -= rate * (self.env.now - since)
                # What is less than a rounding of the clock will never be seen to arrive.
                if left <= 1e-6:
                    left = 0.0
        del self.flows[me]
        self.change(None)


def simulate(problem: Problem, starts: list[float]) -> Finish:
    """When each layer of each node is complete [s]."""
    env = simpy.Environment()
    nodes = len(starts)
    racks = 0 if problem.rack is None else -(-nodes // problem.nodes_per_rack)
    capacity = [problem.registry, *[problem.rack or 0.0] * racks, *[problem.nic] * nodes]
    network = Network(env, capacity)
    finish = np.full((nodes, len(problem.layers)), np.nan)

    def layer(node: int, number: int, slots: simpy.Resource) -> Generator[Any, Any, None]:
        with slots.request() as slot:
            yield slot
            rack = (1 + node % racks,) if racks else ()
            yield from network.transfer((0, *rack, 1 + racks + node), problem.layers[number])
            finish[node, number] = env.now

    def pull(node: int) -> Generator[Any, Any, None]:
        yield env.timeout(starts[node])
        slots = simpy.Resource(env, problem.slots)
        for number in range(len(problem.layers)):
            env.process(layer(node, number, slots))

    for node in range(nodes):
        env.process(pull(node))
    env.run()
    return finish
