"""The kernel floor: SimPy processing one timeout per layer of each node, and nothing else.

`timeouts` schedules bare timeouts and runs them: the floor that ratios refer to, as no simulation on SimPy can
do with less. `processes` has one process a node that waits for its layers in turn: what the smallest model that
still knows nodes would cost. Python's garbage collector is off, as nothing here becomes garbage in cycles; it
would only add to the floor.
"""

from __future__ import annotations

import gc
import random
from typing import TYPE_CHECKING, Any

from simpy import Environment

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


def delays(count: int, until: float = 300.0, seed: int = 1) -> list[float]:
    """Delays spread evenly at random, like the ends of layers in a rollout [s]."""
    draw = random.Random(seed).uniform
    return [draw(0.0, until) for _ in range(count)]


def timeouts(all_delays: Sequence[float]) -> None:
    """Schedule one timeout for each delay and process them all."""
    gc.disable()
    env = Environment()
    for delay in all_delays:
        env.timeout(delay)
    env.run()
    gc.enable()


def processes(all_delays: Sequence[float], layers: int) -> None:
    """Let one process for each `layers` delays wait for them one after another."""
    gc.disable()
    env = Environment()

    def node(own: Sequence[float]) -> Generator[Any, Any, None]:
        for delay in own:
            yield env.timeout(delay)

    for first in range(0, len(all_delays), layers):
        env.process(node(all_delays[first : first + layers]))
    env.run()
    gc.enable()
