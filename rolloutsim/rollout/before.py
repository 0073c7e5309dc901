"""What is pushed before a rollout, and what the applications feel that are there by then."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simpy import Environment

from rolloutsim.fleet.background import RequestService
from rolloutsim.fleet.build import build
from rolloutsim.fleet.endless import most_events, within
from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.ledger import Ledger
from rolloutsim.fleet.pulls import Fleet
from rolloutsim.fleet.push import Pusher
from rolloutsim.network.fluid import FluidNetwork

if TYPE_CHECKING:
    from rolloutsim.fleet.push import ImagePush
    from rolloutsim.network.links import SharedLink
    from rolloutsim.scenario.resolved import Case, Push, ResolvedScenario


class Beside:
    """What one application had beside what was pushed before the rollout."""

    __slots__ = ("bytes", "latencies", "seconds", "times", "unknown")

    def __init__(self) -> None:
        self.times = array("d")  # when it sent requests, from the push's start [s]
        self.latencies = array("d")  # how long they took [s]
        self.unknown: dict[str, None] = {}  # links whose queues these met, and that have none here
        self.seconds = 0.0  # how long the pushes took [s]
        self.bytes = 0.0  # what it moved then [B]


class PushedBefore:
    """Pushes that the rollout waits for, side by side on a network that only the background has beside them.

    Applications are there that are there before the rollout: what has a size begins with it.

    Parameters
    ----------
    scenario, case
        What is pushed for.
    pushes : list of (Push, tuple of str)
        What, and the images of it that concern the case.
    """

    def __init__(self, scenario: ResolvedScenario, case: Case, pushes: list[tuple[Push, tuple[str, ...]]]) -> None:
        self.done: list[tuple[Push, list[ImagePush]]] = []
        self.beside: dict[str, Beside] = {}  # by application
        self.filled: set[str] = set()  # links of which constant rates take all
        self.endless = ""  # what goes on without an end, in words
        self.scenario = scenario
        there = tuple(replace(one, until=None) for one in scenario.background if one.size is None and one.start <= 0.0)
        if not pushes:
            return
        network = FluidNetwork(Environment())
        if not there:
            links = {name: network.link(name, link.capacity) for name, link in scenario.links.items()}
            self._push(pushes, network, links)
            return
        alone = replace(scenario, background=there, faults=(), fairness=None)
        fleet = Fleet(network, Ledger(), Incidents(), _nobody_pulls, _nobody_pulls)
        actors = build(alone, case, fleet, _nothing_random, _nothing_random)
        self._push(pushes, network, actors.links)
        self.filled = {link.name for link in network.links if link.capacity <= 0.0 < link.nominal}
        assert actors.observer is not None  # of what is there
        sent = actors.observer.sent()
        for one in actors.background:
            beside = self.beside[one.spec.name] = Beside()
            beside.seconds = network.now
            beside.bytes = one.moved()
            if isinstance(one, RequestService):
                times, latencies = sent[one]
                beside.times.extend(times)
                beside.latencies.extend(latencies)
                beside.unknown = {link.name: None for link in one.unknown}

    def _push(
        self, pushes: list[tuple[Push, tuple[str, ...]]], network: FluidNetwork, links: dict[str, SharedLink]
    ) -> None:
        """Let all pushers upload side by side, until the last one has."""
        left = len(pushes)

        def over() -> None:
            nonlocal left
            left -= 1
            if not left:
                network.halt()

        uploaded: set[tuple[str, str]] = set()
        pushers = [Pusher(self.scenario, push, images, network, links, uploaded, over) for push, images in pushes]
        endless = within(network, self.scenario.horizon, most_events(sum(len(images) for _, images in pushes)))
        self.endless = endless if left else ""
        self.done = [(pusher.spec, pusher.pushes) for pusher in pushers]


def _nobody_pulls(*_: object) -> None:
    raise AssertionError("nobody pulls before the rollout")


def _nothing_random() -> Any:
    raise AssertionError("nothing is random before the rollout")
