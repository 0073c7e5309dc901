"""A StatefulSet's rolling update: from the highest ordinal down to `partition`, each pod on its own node.

As many pods as may be unavailable are deleted when all pods are available; those that are gone come back in
ascending order, each when all before it are available. `parallel` (podManagementPolicy) creates at once what is
gone, and deletes as soon as the number of unavailable pods allows.

A pod whose node is down waits for the node, and the rollout with it.

Sources: k/k `pkg/controller/statefulset/stateful_set_control.go` (`updateStatefulSet`, `processReplica`,
`updateStatefulSetAfterInvariantEstablished`, which is behind the gate MaxUnavailableStatefulSet).
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from rolloutsim.rollout.client import doubling
from rolloutsim.rollout.controller import Controller
from rolloutsim.rollout.fenceposts import statefulset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.rollout.client import ApiClient, Call


class StatefulSet(Controller):
    """Rolls a StatefulSet.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    client : ApiClient
        Over which it creates and deletes pods.
    """

    def __init__(self, cluster: Cluster, number: int, client: ApiClient) -> None:
        super().__init__(cluster, number, client)
        replicas = self.workload.replicas
        self.unavailable = statefulset(self.strategy.max_unavailable, replicas)
        # A new StatefulSet has one version only: its partition keeps nothing back.
        self.partition = 0 if self.workload.create else min(self.strategy.partition, replicas)
        self._current: list[Pod | None] = list(self.pods.old) or [None] * replicas
        self._next = replicas - 1  # the highest ordinal of the old version, unless below the partition
        # Ordinals without an available pod; outdated ones stay until they come to the top.
        self._unhealthy: list[int] = []

    @property
    def wanted(self) -> int:
        """Pods from the partition on."""
        return self.workload.replicas - self.partition

    @property
    def _kept(self) -> int:
        return self.partition

    def begin(self, trigger: int) -> None:
        """Look at what there is: nodes may have gone down before."""
        current = enumerate(self._current)
        self._unhealthy = [ordinal for ordinal, pod in current if pod is None or not pod.available]
        super().begin(trigger)

    def makes_room(self, pod: Pod) -> bool:
        """An ordinal comes back when its pod is gone."""
        return True

    def touched(self, pod: Pod) -> None:
        """Its ordinal is looked at when the instant is over."""
        if not pod.available:
            heappush(self._unhealthy, pod.ordinal)

    def reconcile(self, trigger: int) -> None:
        """Bring back what is gone, then delete the next."""
        if not self.sync.may_act(trigger):
            return
        if self.strategy.parallel:
            self.sync.begin(self._creations())
            if not self.sync.busy:
                available = self.pods.old_available + self.pods.new_available
                self.sync.begin(self._deletions(self.unavailable - (self.workload.replicas - available)))
            return
        ordinal = self._first_unhealthy()
        if ordinal is None:
            self.sync.begin(self._deletions(self.unavailable))
        elif self._is_gone(ordinal):
            self.sync.begin([[self._call_for(ordinal)]])
        else:
            self.sync.begin([])

    def _awaited(self) -> tuple[Sequence[Pod], str]:
        """The first without which the next has to wait, or those who have used up what may be unavailable."""
        if self.strategy.parallel:
            pods = [pod for pod in self._current if pod is not None and not pod.available and not pod.gone]
            if self.pods.old_pods > self._kept and len(pods) >= self.unavailable:
                return pods, f"max_unavailable is {self.unavailable}"
            return self._terminating(), ""
        ordinal = self._first_unhealthy()
        pod = None if ordinal is None else self._current[ordinal]
        if pod is None or pod.gone:
            return (), ""
        return (pod,), "the next has its turn when all before it are available"

    def _first_unhealthy(self) -> int | None:
        while self._unhealthy:
            pod = self._current[self._unhealthy[0]]
            if pod is None or not pod.available:
                return self._unhealthy[0]
            heappop(self._unhealthy)
        return None

    def _is_gone(self, ordinal: int) -> bool:
        pod = self._current[ordinal]
        return pod is None or pod.gone

    def _creations(self) -> list[Sequence[Call]]:
        """Bring back all that is gone."""
        waiting = []
        while self._unhealthy:
            ordinal = heappop(self._unhealthy)
            if self._is_gone(ordinal) and ordinal not in waiting:
                waiting.append(ordinal)
        return doubling([self._call_for(ordinal) for ordinal in waiting], len(waiting))

    def _call_for(self, ordinal: int) -> Call:
        old = self._current[ordinal]
        return self._creation(None if old is None else old.node, old, ordinal)

    def _created(self, pod: Pod) -> None:
        self._current[pod.ordinal] = pod

    def _deletions(self, number: int) -> list[Sequence[Call]]:
        """Delete pods of the old version, from the highest ordinal, one after another."""
        calls: list[Sequence[Call]] = []
        for _ in range(number):
            if self.workload.create or self._next < self.partition:
                break
            pod = self._current[self._next]
            self._next -= 1
            assert pod is not None
            calls.append([self._deletion(pod)])
        return calls
