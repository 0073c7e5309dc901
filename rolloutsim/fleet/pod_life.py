"""The life of a pod, from its creation to readiness or deletion, step by step.

Whoever creates and deletes pods, and whatever befalls their nodes, is the business of `rolloutsim.fleet.pods`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from rolloutsim.fleet.instants import EndOfInstant
from rolloutsim.fleet.ledger import NEVER
from rolloutsim.fleet.placement import Placement
from rolloutsim.fleet.pod_group import NOTHING, Pod, PodGroup
from rolloutsim.fleet.pod_ledger import PodLedger
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.scenario.causes import (
    DISK_PRESSURE,
    KUBELET_QUEUE,
    NODE_DOWN,
    NODE_JOIN,
    OTHER_PULL,
    PULL,
    STARTUP,
    Cause,
)
from rolloutsim.scenario.orchestration import Workload


class KubeletProtocol(Protocol):
    """What the cluster asks of a node's kubelet."""

    def ensure(self, pod: Pod) -> None:
        """Bring the pod's images, then call `Cluster.images_ready`."""

    def forget(self, pod: Pod) -> None:
        """The pod is deleted while its images are on their way."""

    def refuse(self, pod: Pod) -> None:
        """The pod is not let in: the node's disk is too full."""


class Watcher(Protocol):
    """Who is told of changes among the pods of a workload."""

    def touched(self, pod: Pod) -> None:
        """A pod was created, became ready or available, ceased to be, was deleted or is gone."""

    def joined(self, node: int) -> None:
        """A node has joined on which its pods may run."""

    def makes_room(self, pod: Pod) -> bool:
        """Whether something may be created since a pod is gone, and could not be when it was deleted."""

    def reconcile(self, trigger: int) -> None:
        """Act on all changes of this instant.

        `trigger` is the code of a pod whose event is among them and may let it act, `NOBODY` if it acts by itself, or
        `NOTHING`.
        """


class PodLife:
    """What becomes of pods, and who is told of it.

    Parameters
    ----------
    network : FluidNetwork
        Whose clock it goes by.
    workloads : sequence of Workload
        Whose pods there are.
    nodes_of : sequence of sequence of int
        The nodes of each workload's groups, in ascending order.
    kubelets : sequence of KubeletProtocol
        One a node.
    startup : callable
        Gives a container's time until readiness [s] for a workload's number; asked once a pod of the new version.
    ledger : PodLedger
        Where facts are written.
    joins : mapping of int to float
        Nodes that are not there from the beginning, and when they join [s].

    `settled` is called after controllers have acted, with the workloads in which something has changed, and may be set.
    """

    def __init__(
        self,
        network: FluidNetwork,
        workloads: Sequence[Workload],
        nodes_of: Sequence[Sequence[int]],
        kubelets: Sequence[KubeletProtocol],
        startup: Callable[[int], float],
        ledger: PodLedger,
        joins: Mapping[int, float] | None = None,
    ) -> None:
        self.network = network
        self.workloads = workloads
        self.nodes_of = nodes_of
        self.kubelets = kubelets
        self.startup = startup
        self.ledger = ledger
        spread = [not workload.daemonset for workload in workloads]
        self.placement = Placement(nodes_of, spread, len(kubelets), joins or ())
        self.groups = [PodGroup(self.placement.of_workload[number]) for number in range(len(workloads))]
        self.watchers: list[Watcher | None] = [None] * len(workloads)
        self.begun = [0.0] * len(workloads)  # when each workload's controller began [s]
        self.pods: list[Pod] = []  # of the new version, in the order of their rows
        self.on_node: list[dict[int, Pod]] = [{} for _ in kubelets]  # all that are not gone, by their codes
        self.outages = [0] * len(kubelets)
        self.crowded = 0  # nodes that are to look at a disk that is too full before the rollout can be over
        self.triggers: dict[int, int] = {}  # workloads with changes → a pod that changed
        self.told: dict[int, int] = {}  # those that the watchers were told of last
        self.settled: Callable[[Iterable[int]], None] = _nothing  # called when the watchers have acted
        self.end_of_instant = EndOfInstant(network, self._tell)

    def images_ready(self, pod: Pod, now: float, first: Cause = STARTUP) -> None:
        """All images of a pod are on its node: its container starts; it may have to read of them before all else."""
        if pod.deleted or pod.started or self.placement.down[pod.node]:
            return
        self.step(pod, first)
        pod.started = True
        self.ledger.pods.started[pod.row] = now
        if first is STARTUP:
            self._start(pod, pod.startup)

    def has_read(self, pod: Pod, pull: int) -> None:
        """A pod has read what it needs, last of all of what a pull had mounted; -1: of what was there without one."""
        pod.pull = pull
        self.step(pod, STARTUP)
        self._start(pod, pod.startup)

    def step(self, pod: Pod, cause: Cause, pull: int = -1) -> None:
        """A pod begins to wait for something else; the wait before is over.

        Parameters
        ----------
        cause : Cause
            What it waits for now, one of the steps.
        pull : int
            Row of the pull that it waits for, if it waits for one.
        """
        now = self.network.now
        self._close(pod, now)
        pod.cause, pod.pull, pod.since = cause, pull, now

    def step_together(self, pods: list[Pod], cause: Cause, pulls: Iterable[int]) -> None:
        """Pods whose last pull failed begin to wait for something else at once, each for a pull or -1."""
        now = self.network.now
        if len(pods) == 1:
            (pod,) = pods
            if pod.cause is not None:
                self.ledger.steps.add(pod.row, pod.cause, pod.since, now, pull=pod.pull)
        else:
            self.ledger.steps.add_all(pods, now)
        for pod, pull in zip(pods, pulls, strict=True):
            pod.cause, pod.pull, pod.since = cause, pull, now

    def relabel(self, pod: Pod, cause: Cause) -> None:
        """What a pod has been waiting for turns out to be something else, such as a pull that failed."""
        pod.cause = cause

    def close(self) -> None:
        """Write down what pods still wait for, when nothing more will happen."""
        for pod in self.pods:
            if pod.cause is not None:
                self.ledger.steps.add(pod.row, pod.cause, pod.since, NEVER, pull=pod.pull)
                pod.cause = None

    # ---- a pod's way --------------------------------------------------------------------------------

    def _ask_if_same(self, what: tuple[Pod, int]) -> None:
        pod, epoch = what
        if pod.epoch == epoch:
            self._ask(pod)

    def _ask(self, pod: Pod) -> None:
        """Its node asks for its images."""
        if self.placement.down[pod.node]:
            self.step(pod, NODE_DOWN)
            return
        if self.placement.absent[pod.node]:
            self.step(pod, NODE_JOIN)
            return
        if self.placement.full[pod.node]:
            self.step(pod, DISK_PRESSURE)
            self.kubelets[pod.node].refuse(pod)
            return
        self.step(pod, KUBELET_QUEUE)
        if not pod.asked:
            pod.asked = True
            self.ledger.pods.asked[pod.row] = self.network.now
        self.kubelets[pod.node].ensure(pod)

    def _start(self, pod: Pod, startup: float) -> None:
        if startup > 0.0:
            self.network.call_later(startup, self._ready, (pod, pod.epoch))
        else:
            self._ready((pod, pod.epoch))

    def _ready(self, what: tuple[Pod, int]) -> None:
        pod, epoch = what
        if pod.epoch != epoch:
            return
        now, group = self.network.now, self.groups[pod.workload]
        pod.ready = True
        self.ledger.replicas.add(now, pod.workload, pod.old, 1)
        if pod.old:
            group.old_ready += 1
        else:
            group.new_ready += 1
            self._close(pod, now)
            pod.cause = None
            self.ledger.pods.ready[pod.row] = now
        self._note(pod)
        wait = self.workloads[pod.workload].strategy.min_ready
        if wait > 0.0:
            self.network.call_later(wait, self._available, (pod, epoch))
        else:
            self._available(what)

    def _available(self, what: tuple[Pod, int]) -> None:
        pod, epoch = what
        if pod.epoch != epoch:
            return
        pod.available = True
        if pod.old:
            self.groups[pod.workload].old_available += 1
        else:
            self.groups[pod.workload].new_available += 1
            self.ledger.pods.available[pod.row] = self.network.now
        self._note(pod)

    def _unready(self, pod: Pod, now: float) -> None:
        """It is neither ready nor available any more."""
        group = self.groups[pod.workload]
        if pod.ready:
            pod.ready = False
            self.ledger.replicas.add(now, pod.workload, pod.old, -1)
            if pod.old:
                group.old_ready -= 1
                group.add_unready(pod)
            else:
                group.new_ready -= 1
        if pod.available:
            pod.available = False
            if pod.old:
                group.old_available -= 1
            else:
                group.new_available -= 1

    def _gone_if_same(self, what: tuple[Pod, int]) -> None:
        pod, epoch = what
        if pod.epoch == epoch:
            self._gone(pod)

    def _gone(self, pod: Pod) -> None:
        pod.gone, pod.gone_at = True, self.network.now
        if pod.old:
            self.ledger.old_pods.gone[pod.row] = pod.gone_at
        del self.on_node[pod.node][pod.code]
        self._note(pod)

    # ---- accounts -----------------------------------------------------------------------------------

    def _count(self, pod: Pod, by: int) -> None:
        self.placement.change(pod.workload, pod.node, by, alike=not pod.old)
        self.groups[pod.workload].rank(pod.node)

    def _close(self, pod: Pod, now: float) -> None:
        """Write down the step that a pod is in."""
        if pod.cause is None:
            return
        self.ledger.steps.add(pod.row, pod.cause, pod.since, now, pull=pod.pull)
        if pod.pull >= 0 and pod.cause in (PULL, OTHER_PULL):
            self.ledger.pods.pull[pod.row] = pod.pull
        pod.pull = -1

    def _note(self, pod: Pod) -> None:
        """Something changed; its watcher acts at the end of the instant."""
        watcher = self.watchers[pod.workload]
        if watcher is None:
            return
        watcher.touched(pod)
        known = self.triggers.get(pod.workload, NOTHING)
        if pod.gone and not watcher.makes_room(pod):
            self.triggers[pod.workload] = known
        else:
            # Ties may come in any order: the lowest code stands for all of them.
            self.triggers[pod.workload] = pod.code if known == NOTHING else min(known, pod.code)
        self.end_of_instant.ask()

    def _tell(self) -> None:
        triggers, self.triggers = self.triggers, {}
        self.told = triggers
        for number in sorted(triggers):
            watcher = self.watchers[number]
            assert watcher is not None
            watcher.reconcile(triggers[number])
        self.settled((*triggers, *self.triggers))


def _nothing(_: object) -> None:
    """Stand in for what nobody asked for."""
