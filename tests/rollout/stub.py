"""A cluster whose kubelets bring images in given times, so that rollouts can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simpy import Environment

from rolloutsim.fleet.pod_ledger import PodLedger
from rolloutsim.fleet.pods import Cluster, Pod
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.rollout.controllers import Rollout, start
from rolloutsim.scenario.causes import OTHER_PULL, PULL, STEPS, Cause
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.orchestration import Amount, ApiCalls, Strategy, Wave, Workload


class StubKubelet:
    """Pulls a workload's images once, in `time` seconds; a second pod waits for the pull of the first."""

    def __init__(self, network: FluidNetwork, time: float, hops: int) -> None:
        self.network = network
        self.time = time
        self.hops = hops  # events at the instant when a pull is complete, before it is known
        self.cluster: Cluster
        self.held: set[tuple[str, ...]] = set()
        self.waiting: dict[tuple[str, ...], list[Pod]] = {}
        self.pulls = 0
        self.boots = 0

    def ensure(self, pod: Pod) -> None:
        if pod.images in self.held or self.time == 0.0:
            self.cluster.images_ready(pod, self.network.now)
        elif pod.images in self.waiting:
            self.waiting[pod.images].append(pod)
            self.cluster.step(pod, OTHER_PULL)
        else:
            self.waiting[pod.images] = [pod]
            self.cluster.step(pod, PULL, self.pulls)
            self.pulls += 1
            self.network.call_later(self.time, self._pulled, (pod.images, self.boots, self.hops))

    def forget(self, pod: Pod) -> None:
        self.waiting[pod.images].remove(pod)

    def crash(self) -> None:
        self.boots += 1
        self.waiting.clear()

    def _pulled(self, what: Any) -> None:
        images, boots, hops = what
        if hops:
            self.network.call_later(0.0, self._pulled, (images, boots, hops - 1))
        elif boots == self.boots:
            self.held.add(images)
            for pod in self.waiting.pop(images):
                self.cluster.images_ready(pod, self.network.now)


class Rolled:
    """A rollout that was simulated to its end.

    Parameters
    ----------
    pulls : float or sequence of float
        How long a pull takes on each node [s].
    crashes : sequence of (node, at, back at or None)
        Nodes that go down.
    hops : bool
        Whether it takes node k as many as k events to know of a pull at the instant when it is complete.
    """

    def __init__(
        self,
        workloads: Workload | Sequence[Workload],
        nodes: int,
        pulls: float | Sequence[float] = 10.0,
        *,
        crashes: Sequence[tuple[int, float, float | None]] = (),
        api_call: float = 0.0,
        limit: ApiCalls | None = None,
        nodes_of: Sequence[Sequence[int]] | None = None,
        cluster: type[Cluster] = Cluster,
        times: Callable[[int, int], Sequence[float]] | None = None,
        until: float = 1e12,
        hops: bool = False,
    ) -> None:
        self.workloads = [workloads] if isinstance(workloads, Workload) else list(workloads)
        self.env = Environment()
        self.network = network = FluidNetwork(self.env)
        each = [pulls] * nodes if isinstance(pulls, float) else list(pulls)
        self.kubelets = [StubKubelet(network, time, node if hops else 0) for node, time in enumerate(each)]
        self.ledger = PodLedger()
        self.cluster = cluster(
            network,
            self.workloads,
            nodes_of or [range(nodes)] * len(self.workloads),
            self.kubelets,
            lambda number: self.workloads[number].startup.low,
            self.ledger,
        )
        for kubelet in self.kubelets:
            kubelet.cluster = self.cluster
        self.rollout: Rollout = start(self.cluster, api_call, times, limit)
        for node, at, back in crashes:
            network.call_later(at, self._crash, node)
            if back is not None:
                network.call_later(back, self._boot, node)
        while self.rollout.waiting and self.network.peek() < until:
            self.network.run(most=1)
        self.pods = self.cluster.groups[0]
        self.end = self.env.now
        self.missing = self.rollout.missing([f"n{node}" for node in range(nodes)])
        self.cluster.close()

    def _crash(self, node: Any) -> None:
        self.cluster.node_down(node)
        self.kubelets[node].crash()

    def _boot(self, node: Any) -> None:
        self.cluster.node_up(node)

    def column(self, name: str) -> list[float]:
        """A column of the pods of the new version."""
        return list(getattr(self.ledger.pods, name))

    def old(self, name: str) -> list[float]:
        """A column of the pods of the old version."""
        return list(getattr(self.ledger.old_pods, name))

    def chain(self, pod: int) -> list[tuple[Cause, float, float]]:
        """What a pod waited for: (cause, from, to)."""
        steps = self.ledger.steps
        rows = zip(steps.pod, steps.cause, steps.started, steps.ended, strict=True)
        return [(STEPS[cause], started, ended) for row, cause, started, ended in rows if row == pod]

    def triggers(self, pod: int, cause: Cause) -> list[int]:
        """The triggers of a pod's steps of a cause."""
        steps = self.ledger.steps
        rows = zip(steps.pod, steps.cause, steps.trigger, strict=True)
        return [trigger for row, what, trigger in rows if row == pod and what == cause.number]


def amount(written: int | str) -> Amount:
    """`2` or `25%`."""
    if isinstance(written, int):
        return Amount(count=written)
    return Amount(share=float(written.rstrip("%")) / 100)


def workload(
    strategy: str,
    replicas: int,
    *,
    surge: int | str = 0,
    unavailable: int | str = 1,
    startup: float = 2.0,
    termination: float = 0.0,
    waves: Sequence[Wave] = (),
    daemonset: bool | None = None,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Workload:
    """A workload named `app`; `options` are the strategy's."""
    rest = dict(options or {})
    return Workload(
        name=more.pop("name", "app"),
        images=more.pop("images", ("app",)),
        replicas=replicas,
        daemonset=strategy == "daemonset" if daemonset is None else daemonset,
        groups=("node",),
        strategy=Strategy(strategy, amount(surge), amount(unavailable), waves=tuple(waves), **rest),  # type: ignore[arg-type]
        startup=Distribution(startup, startup),
        termination=termination,
        **more,
    )
