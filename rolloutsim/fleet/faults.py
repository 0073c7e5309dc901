"""Nodes that crash, registries and links that fail or slow down, requests that fail at random.

Each fault comes at a time, or at random times with a rate (a Poisson process: independent faults), and is over
`back_after` later. Faults of one target that overlap last until the last of them is over; of several reduced
capacities the smallest counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan
from typing import TYPE_CHECKING, Any, Protocol

from rolloutsim.fleet.background import ConstantRate

if TYPE_CHECKING:
    import numpy as np

    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.kubelet import Kubelet
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.scenario.resolved import Fault, ResolvedScenario


class Nodes(Protocol):
    """What faults tell the cluster of."""

    def node_down(self, node: int) -> None:
        """A node crashed."""

    def node_up(self, node: int) -> None:
        """A node is back."""


class FaultColumns:
    """Rows of `rolloutsim.results.facts.records.FaultRecords`."""

    def __init__(self) -> None:
        self.name: list[str] = []
        self.kind: list[str] = []
        self.target: list[str] = []
        self.started: list[float] = []
        self.ended: list[float] = []


class Faults:
    """All faults of a case.

    Parameters
    ----------
    scenario : ResolvedScenario
        What can fail.
    actors : Actors
        Whom it hits.
    kubelets : list of Kubelet
        One a node.
    cluster : Nodes
        Whom to tell of nodes.
    rng : callable
        Gives the generator of faults at random times.
    """

    def __init__(
        self,
        scenario: ResolvedScenario,
        network: FluidNetwork,
        actors: Actors,
        kubelets: list[Kubelet],
        cluster: Nodes,
        rng: Callable[[], np.random.Generator],
    ) -> None:
        self.scenario = scenario
        self.network = network
        self.actors = actors
        self.kubelets = kubelets
        self.cluster = cluster
        self.rng = rng
        self.columns = FaultColumns()
        # (kind of target, target) → faults that last, and how often: a rate may bring more than could be listed.
        self.active: dict[tuple[str, str], dict[Fault, int]] = {}
        inelastic = (flow for flow in actors.background if isinstance(flow, ConstantRate))
        self.rates = next((flow.rates for flow in inelastic), None)  # all that there are share with one another
        self.node_of = {name: index for index, name in enumerate(actors.names)}
        first = 0
        groups: dict[str, range] = {}
        for group in scenario.groups:
            groups[group.name] = range(first, first + group.count)
            first += group.count
        self.groups: Mapping[str, range] = groups
        for fault in scenario.faults:
            self._plan(fault)

    def _plan(self, fault: Fault) -> None:
        """The next time that a fault comes."""
        if fault.at is not None:
            self.network.call_later(fault.at - self.network.now, self._begin, fault)
        elif fault.rate:
            self.network.call_later(float(self.rng().exponential(1.0 / fault.rate)), self._begin, fault)

    def _begin(self, what: Any) -> None:
        fault: Fault = what
        target = fault.target
        if fault.kind == "node" and target in self.groups:
            nodes = self.groups[target]
            target = self.actors.names[nodes[int(self.rng().integers(len(nodes)))]]
        row = len(self.columns.name)
        self.columns.name.append(fault.name)
        self.columns.kind.append(fault.kind)
        self.columns.target.append(target)
        self.columns.started.append(self.network.now)
        self.columns.ended.append(nan)
        active = self.active.setdefault((fault.kind, target), {})
        active[fault] = active.get(fault, 0) + 1
        self._apply(fault.kind, target, active)
        if fault.back_after is not None:
            self.network.call_later(fault.back_after, self._end, (row, fault, target))
        if fault.at is None:
            self._plan(fault)

    def _end(self, what: Any) -> None:
        row, fault, target = what
        self.columns.ended[row] = self.network.now
        active = self.active[fault.kind, target]
        active[fault] -= 1
        if not active[fault]:
            del active[fault]
        self._apply(fault.kind, target, active)

    def _apply(self, kind: str, target: str, active: Mapping[Fault, int]) -> None:
        """Bring a target into the state that its faults call for."""
        if kind == "node":
            self._apply_node(self.node_of[target], bool(active))
        elif kind == "link":
            self._scale([self.actors.links[target]], min((f.remaining for f in active), default=1.0))
        elif kind == "registry":
            self._apply_registry(target, active)
        else:
            failing = 1.0
            for fault, times in active.items():
                failing *= (1.0 - fault.probability) ** times
            self.actors.registries[target].failing = 1.0 - failing

    def _apply_node(self, node: int, down: bool) -> None:
        kubelet = self.kubelets[node]
        if down and not kubelet.down:
            # The cluster first: its pods' pulls end as lost with the node, not as failed.
            self.cluster.node_down(node)
            kubelet.crash()
            for peers in self.actors.peers:
                peers.go_away(node)
            self.actors.nodes[node].crash()
        elif not down and kubelet.down:
            for peers in self.actors.peers:
                peers.come_back(node)
            kubelet.boot()
            self.cluster.node_up(node)

    def _apply_registry(self, name: str, active: Mapping[Fault, int]) -> None:
        remaining = min((fault.remaining for fault in active), default=1.0)
        served, registry = self.actors.registries[name], self.scenario.server(name)
        if remaining <= 0.0 and not any(fault.silent for fault in active if fault.remaining <= 0.0):
            if served.up:
                served.go_down()
            return
        if not served.up:
            served.come_up()
        # An uplink without a limit is not a link.
        into = () if registry.copied is None else registry.inbound
        crossed = dict.fromkeys((*registry.replicas, *registry.path, *into))
        own = [link for link in crossed if link in self.scenario.links]
        kinds = ("registry_uplink", "registry_storage")
        self._scale([self.actors.links[link] for link in own if self.scenario.links[link].kind in kinds], remaining)

    def _scale(self, links: list[SharedLink], remaining: float) -> None:
        for link in links:
            if link.nominal < inf:
                self.network.degrade(link, remaining)
        if self.rates is not None:
            self.rates.narrow(links)
