"""Who asks: nodes at their own times (all at once, spread by a distribution, by a schedule), or pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.instants import staggered
from rolloutsim.fleet.timeouts import may_time_out

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    import numpy as np

    from rolloutsim.fleet.build import Actors
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.scenario.distribution import Distribution
    from rolloutsim.scenario.resolved import Case, NodeGroup, ResolvedScenario


def plan(
    scenario: ResolvedScenario,
    case: Case,
    actors: Actors,
    network: FluidNetwork,
    rng: Callable[[], np.random.Generator],
    pulled: Container[tuple[int, int]],
) -> int:
    """Let each node ask for its images at its times.

    Parameters
    ----------
    rng : callable
        Gives the generator that draws the times: in the order of groups, their pulls, their nodes.
    pulled : container of (int, int)
        The numbers of nodes and of images that they have pulled; those that are cached aside.

    Returns
    -------
    int
        How many pulls there will be.
    """
    first = 0
    planned = 0
    times = Times(rng)
    for group in scenario.groups:
        cached = cached_images(group)
        for pull in case.pulls.get(group.name, ()):
            for i, at in enumerate(times.of(group, pull.at), first):
                is_cached = pull.image in cached[i - first]
                network.call_later(at, _ask, (actors.nodes[i], actors.recipes[i][pull.image], is_cached, pulled))
            planned += group.count
        first += group.count
    return planned


class Times:
    """When nodes ask whose pulls are no pods': asked for in the order of groups, and of their pulls.

    Parameters
    ----------
    rng : callable
        Gives the generator that draws random times.
    """

    def __init__(self, rng: Callable[[], np.random.Generator]) -> None:
        self.rng = rng
        self.turns: dict[float, int] = {}  # how many were to ask at a time [s]

    def of(self, group: NodeGroup, at: Distribution) -> list[float]:
        """When each node of a group asks, which is to ask at a time after it has joined [s]."""
        times: list[float] = at.sample(self.rng, group.count).tolist()
        if at.is_constant:
            turn = self.turns.get(at.low, 0)
            self.turns[at.low] = turn + group.count
            if group.stagger:
                times = [time + staggered(number, group.stagger) for number, time in enumerate(times, turn)]
        if group.join is not None:
            times = [time + group.join.time(index) for index, time in enumerate(times)]
        return times


def _ask(whom: Any) -> None:
    node, recipe, is_cached, pulled = whom
    node.ask(recipe, is_cached or (node.index, recipe.image) in pulled)


def asks_again(case: Case) -> bool:
    """Whether a node asks for an image more than once."""
    return any(len({pull.image for pull in pulls}) < len(pulls) for pulls in case.pulls.values())


def is_orchestrated(scenario: ResolvedScenario, case: Case) -> bool:
    """Whether pods ask for images, so that somebody asks again where a pull can fail."""
    return bool(
        case.workloads
        or scenario.faults
        or scenario.pushes
        or scenario.prepulls
        or any(server.may_refuse or server.mirrors for server in scenario.servers.values())
        or (bool(scenario.peers) and any(group.host_per_image and group.hosts for group in scenario.groups))
        or any(group.storage or group.kubelet.pull_timeout is not None for group in scenario.groups)
        or any(group.snapshotter is not None or group.volume_snapshot is not None for group in scenario.groups)
        or may_time_out(scenario, case)
    )
