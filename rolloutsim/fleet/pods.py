"""Pods and the cluster that runs them: what a controller creates and deletes, and what becomes of it.

A pod of the new version is created on a node → `step_overhead` later its images are asked for → they are
there, its container starts → `startup` later it is ready → `min_ready` later it is available. A deleted pod
is not ready from that moment on and counts no more; it is gone `termination` later, or at once if its
container never started.

A node that goes down takes the readiness of its pods with it. When it is back, its pods start again: those of
the new version ask for their images again, those of the old version find theirs. Pods that were to go are gone
then. If it stays away, the pods of workloads whose pods have no place of their own are deleted, so that others
take their places (taint-based eviction); the pods of a DaemonSet or StatefulSet wait for their node.

A node that joins later has no pods until then; where no other node is there, pods wait for it. A node whose disk is too
full takes no pods: those that come nevertheless wait there until it does (in Kubernetes they
fail, and their controllers create them anew until they are let in).

Controllers are told at the end of each instant in which something changed, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isnan

from rolloutsim.fleet.instants import staggered
from rolloutsim.fleet.ledger import NEVER
from rolloutsim.fleet.pod_group import NOBODY, NOTHING
from rolloutsim.fleet.pod_group import Pod as Pod
from rolloutsim.fleet.pod_ledger import PodLedger
from rolloutsim.fleet.pod_life import KubeletProtocol as KubeletProtocol
from rolloutsim.fleet.pod_life import PodLife, Watcher
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.scenario.causes import (
    API_CALLS,
    CONTROLLER,
    CONTROLLER_PACING,
    DISK_PRESSURE,
    FAILED_PULL,
    NODE_DOWN,
    NODE_JOIN,
    OTHER_PULL,
    PULL,
    TERMINATION,
)
from rolloutsim.scenario.orchestration import Workload

# From a node's crash until pods that tolerate it no longer are deleted: node-monitor-grace-period 50 s, then the
# tolerationSeconds 300 that admission gives each pod. Sources: kube-controller-manager reference (1.32; 40 s
# before), k/k plugin/pkg/admission/defaulttolerationseconds/admission.go. [s]
EVICTED_AFTER = 350.0


class Cluster(PodLife):
    """The pods of a case; its parameters, and `settled`, are those of `PodLife`.

    Parameters
    ----------
    staggers : sequence of float
        Within which time each node asks for pods that are created at the same moment as others [s].
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
        staggers: Sequence[float] = (),
    ) -> None:
        super().__init__(network, workloads, nodes_of, kubelets, startup, ledger, joins)
        self.staggers = staggers
        self.created_at = -1.0  # the instant of the last creation [s] ...
        self.turns: dict[int, int] = {}  # ... and the turns of the nodes on which pods were created then
        self.joins = joins or {}
        for node, time in self.joins.items():
            network.call_later(time, self._join, node)
        for number, workload in enumerate(workloads):
            if not workload.create:
                self._populate(number, workload)
        self.placement.renew()

    def _populate(self, number: int, workload: Workload) -> None:
        """The pods of the old version, as the scheduler spread them."""
        absent = self.placement.absent
        nodes = self.nodes_of[number]
        places = [node for node in nodes if not absent[node]] if workload.daemonset else [-1] * workload.replicas
        for ordinal, place in enumerate(places):
            node = self.placement.pick(number) if place < 0 else place
            pod = Pod(self.ledger.old_pods.add(number, node), True, number, node, workload.images, ordinal)
            pod.started = pod.ready = pod.available = True
            self.placement.change(number, node, 1)
            self.groups[number].add_old(pod)
            self.on_node[node][pod.code] = pod

    # ---- what controllers do ------------------------------------------------------------------------

    def watch(self, workload: int, watcher: Watcher) -> None:
        """From now on a watcher is told of a workload's changes; its pods wait for their turn since its start."""
        self.watchers[workload] = watcher
        self.begun[workload] = self.workloads[workload].start

    def look(self, workload: int, trigger: int = NOBODY) -> None:
        """Let a workload's watcher act at the end of this instant, for a reason of its own or a pod's event."""
        self.triggers[workload] = trigger
        self.end_of_instant.ask()

    def look_again(self, workload: int) -> None:
        """Let a workload's watcher look at the end of this instant, without a reason to act that is new."""
        self.triggers.setdefault(workload, NOTHING)
        self.end_of_instant.ask()

    def create(
        self,
        workload: int,
        node: int | None = None,
        trigger: int = NOBODY,
        since: float | None = None,
        *,
        replaces: Pod | None = None,
        ordinal: int = -1,
    ) -> Pod:
        """Create a pod of the new version.

        Parameters
        ----------
        workload : int
            Its workload's number.
        node : int, optional
            Where; by default the scheduler picks.
        trigger : int
            The code of the pod whose event let it be created.
        since : float, optional
            When that was, if the controller's calls have held it up [s].
        replaces : Pod, optional
            The pod that had to be gone before.
        ordinal : int
            Its number in a StatefulSet.
        """
        now, spec = self.network.now, self.workloads[workload]
        if node is None:
            node = self.placement.pick(workload)
        row = self.ledger.pods.add(workload, node, now)
        pod = Pod(row, False, workload, node, spec.images, ordinal)
        pod.startup = self.startup(workload)
        self.pods.append(pod)
        self.on_node[node][pod.code] = pod
        self.groups[workload].new_pods += 1
        self._count(pod, 1)
        steps, begun = self.ledger.steps, self.begun[workload]
        decided = now if since is None else since
        joined = self.joins.get(node, 0.0) if spec.daemonset else 0.0
        if begun < joined <= now:
            steps.add(row, NODE_JOIN, begun, joined)
            begun = joined
        if replaces is not None:
            steps.add(row, CONTROLLER_PACING, begun, replaces.doomed_at, trigger=replaces.deleted_by)
            steps.add(row, API_CALLS, replaces.doomed_at, replaces.deleted_at)
            # The pod before could not end while its node was down.
            ended = replaces.gone_at if isnan(replaces.stuck_at) else replaces.stuck_at
            steps.add(row, TERMINATION, replaces.deleted_at, ended)
            steps.add(row, NODE_DOWN, ended, replaces.gone_at)
            begun = replaces.gone_at
        decided = max(decided, begun)
        steps.add(row, CONTROLLER_PACING, begun, decided, trigger=trigger)
        steps.add(row, API_CALLS, decided, now)
        pod.cause, pod.since = CONTROLLER, now
        self._note(pod)
        overhead = spec.strategy.step_overhead
        if self.staggers:
            if now != self.created_at:
                self.created_at = now
                self.turns = {}
            overhead += staggered(self.turns.setdefault(node, len(self.turns)), self.staggers[node])
        if overhead > 0.0:
            self.network.call_later(overhead, self._ask_if_same, (pod, pod.epoch))
        else:
            self._ask(pod)
        return pod

    def delete(self, pod: Pod, trigger: int = NOBODY, since: float | None = None) -> None:
        """Delete a pod: it is terminating at once, and gone when its container has ended.

        Parameters
        ----------
        trigger : int
            The code of the pod whose event let it be deleted.
        since : float, optional
            When that was, if the controller's calls have held it up [s].
        """
        if pod.deleted:
            return
        now = self.network.now
        self._unready(pod, now)
        on_its_way = pod.asked and not pod.started
        pod.deleted, pod.deleted_at, pod.deleted_by = True, now, trigger
        pod.doomed_at = now if since is None else max(since, self.begun[pod.workload])
        pod.epoch += 1
        self._count(pod, -1)
        if pod.old:
            self.groups[pod.workload].old_pods -= 1
            old = self.ledger.old_pods
            old.deleted[pod.row], old.decided[pod.row], old.trigger[pod.row] = now, pod.doomed_at, trigger
        else:
            self.groups[pod.workload].new_pods -= 1
            self.ledger.pods.deleted[pod.row] = now
            self._close(pod, now)
            pod.cause = None
        self._note(pod)
        if self.placement.down[pod.node]:
            pod.stuck_at = now
            return
        if on_its_way:
            self.kubelets[pod.node].forget(pod)
        termination = self.workloads[pod.workload].termination if pod.started else 0.0
        if termination > 0.0:
            self.network.call_later(termination, self._gone_if_same, (pod, pod.epoch))
        else:
            self._gone(pod)

    # ---- what kubelets and faults do ----------------------------------------------------------------

    def give_up(self, pod: Pod) -> None:
        """Nobody asks for a pod's images any more."""
        pod.given_up = True
        self.groups[pod.workload].given_up += 1
        self.look_again(pod.workload)

    def _join(self, node: int) -> None:
        """A node joins: pods that wait for it ask for their images, and those of DaemonSets come."""
        self.placement.set_absent(node, False)
        for pod in list(self.on_node[node].values()):
            if pod.cause is NODE_JOIN:
                self._ask(pod)
        for number, watcher in enumerate(self.watchers):
            if watcher is not None and self.workloads[number].daemonset:
                watcher.joined(node)

    def node_down(self, node: int) -> None:
        """A node goes away: what was on it is not ready any more."""
        if self.placement.down[node]:
            return
        now = self.network.now
        self.placement.set_down(node, True)
        self.outages[node] += 1
        evictable = False
        for pod in list(self.on_node[node].values()):
            pod.epoch += 1  # whatever it was about to do
            if pod.deleted:
                pod.stuck_at = now
                continue
            evictable = evictable or self._is_evictable(pod)
            was_ready = pod.ready
            self._unready(pod, now)
            pod.started = False
            if not pod.old and not pod.given_up:
                self._undo(pod, was_ready)
            self._note(pod)
        if evictable:
            self.network.call_later(EVICTED_AFTER, self._evict, (node, self.outages[node]))

    def _undo(self, pod: Pod, was_ready: bool) -> None:
        """A pod of the new version has to begin again when its node is back."""
        pods, row = self.ledger.pods, pod.row
        if was_ready:
            # It had ceased to wait: what it was ready for until now is lost to the outage.
            pod.cause, pod.pull, pod.since = NODE_DOWN, -1, pods.ready[row]
        else:
            if pod.cause in (PULL, OTHER_PULL):
                pod.cause = FAILED_PULL
            self.step(pod, NODE_DOWN)
        pods.started[row] = pods.ready[row] = pods.available[row] = NEVER

    def node_up(self, node: int) -> None:
        """A node is back: its pods start again, those that were to go are gone."""
        if not self.placement.down[node]:
            return
        self.placement.set_down(node, False)
        for pod in list(self.on_node[node].values()):
            pod.epoch += 1
            if pod.deleted:
                self._gone(pod)
            elif pod.old:
                pod.started = True
                self._start(pod, self.startup(pod.workload))
            elif not pod.given_up:
                self._ask(pod)

    def node_full(self, node: int, is_full: bool) -> None:
        """A node's disk is too full for it to take pods, or is not any more: those that it refused come in."""
        self.placement.set_full(node, is_full)
        if not is_full:
            for pod in list(self.on_node[node].values()):
                if pod.cause is DISK_PRESSURE:
                    self._ask(pod)

    def images_on(self, node: int) -> set[str]:
        """The images that pods of the new version on a node use."""
        pods = self.on_node[node].values()
        return {
            image for pod in pods if not (pod.old or pod.deleted or pod.cause is DISK_PRESSURE) for image in pod.images
        }

    def evict_from(self, node: int) -> bool:
        """Delete the pod that came to a node last, at once; whether there was one that a kubelet could delete."""
        for pod in reversed(self.on_node[node].values()):
            # Old pods of a StatefulSet may be kept by its partition, and come back as they were.
            stays = pod.old and self.workloads[pod.workload].strategy.name == "statefulset"
            if not pod.deleted and not stays and pod.cause is not DISK_PRESSURE:
                if pod.asked and not pod.started:
                    self.kubelets[node].forget(pod)
                pod.started = False  # its container does not get the time to end
                self.delete(pod, pod.code)
                return True
        return False

    def _evict(self, what: tuple[int, int]) -> None:
        node, outage = what
        if self.placement.down[node] and self.outages[node] == outage:
            for pod in list(self.on_node[node].values()):
                if self._is_evictable(pod):
                    self.delete(pod, pod.code)

    def _is_evictable(self, pod: Pod) -> bool:
        workload = self.workloads[pod.workload]
        return not workload.daemonset and workload.strategy.name != "statefulset"
