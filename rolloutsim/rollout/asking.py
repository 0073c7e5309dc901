"""Who asks: nodes at their own times (all at once, spread by a distribution, by a schedule), or pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.instants import staggered

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from rolloutsim.fleet.build import Actors
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.scenario.resolved import Case, ResolvedScenario


def plan(
    scenario: ResolvedScenario,
    case: Case,
    actors: Actors,
    network: FluidNetwork,
    rng: Callable[[], np.random.Generator],
) -> int:
    """Let each node ask for its images at its times.

    Parameters
    ----------
    rng : callable
        Gives the generator that draws the times: in the order of groups, their pulls, their nodes.

    Returns
    -------
    int
        How many pulls there will be.
    """
    first = 0
    planned = 0
    turns: dict[float, int] = {}  # who were to ask at a time [s]
    for group in scenario.groups:
        for pull in case.pulls.get(group.name, ()):
            times = pull.at.sample(rng, group.count).tolist()
            if pull.at.is_constant:
                turn = turns.get(pull.at.low, 0)
                turns[pull.at.low] = turn + group.count
                if group.stagger:
                    times = [at + staggered(number, group.stagger) for number, at in enumerate(times, turn)]
            if group.join is not None:
                times = [time + group.join.time(index) for index, time in enumerate(times)]
            for i, at in enumerate(times, first):
                network.call_later(at, _ask, (actors.nodes[i], actors.recipes[i][pull.image]))
            planned += group.count
        first += group.count
    return planned


def _ask(whom: Any) -> None:
    node, recipe = whom
    node.ask(recipe)


def is_orchestrated(scenario: ResolvedScenario, case: Case) -> bool:
    """Whether pods ask for images, so that somebody asks again where a pull can fail."""
    return bool(
        case.workloads
        or scenario.faults
        or scenario.pushes
        or any(registry.may_refuse for registry in scenario.registries.values())
        or any(group.storage or group.kubelet.pull_timeout is not None for group in scenario.groups)
    )
