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

from rolloutsim.rollout.controller import Controller
from rolloutsim.rollout.fenceposts import statefulset

if TYPE_CHECKING:
    from rolloutsim.fleet.pods import Cluster, Pod


class StatefulSet(Controller):
    """Rolls a StatefulSet.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    """

    def __init__(self, cluster: Cluster, number: int) -> None:
        super().__init__(cluster, number)
        replicas = self.workload.replicas
        self.unavailable = statefulset(self.strategy.max_unavailable, replicas)
        # A new StatefulSet has one version only: its partition keeps nothing back.
        self.partition = 0 if self.workload.create else min(self.strategy.partition, replicas)
        self._current: list[Pod | None] = list(self.pods.old) or [None] * replicas
        self._next = replicas - 1  # the highest ordinal of the old version, unless below the partition
        # Ordinals without an available pod; outdated ones stay until they come to the top.
        self._unhealthy: list[int] = list(range(replicas)) if self.workload.create else []

    @property
    def wanted(self) -> int:
        """Pods from the partition on."""
        return self.workload.replicas - self.partition

    @property
    def _kept(self) -> int:
        return self.partition

    def touched(self, pod: Pod) -> None:
        """Its ordinal is looked at when the instant is over."""
        if not pod.available:
            heappush(self._unhealthy, pod.ordinal)

    def reconcile(self, trigger: int) -> None:
        """Bring back what is gone, then delete the next."""
        if self.strategy.parallel:
            self._create_all(trigger)
            available = self.pods.old_available + self.pods.new_available
            self._delete(self.unavailable - (self.workload.replicas - available), trigger)
            return
        ordinal = self._first_unhealthy()
        if ordinal is None:
            self._delete(self.unavailable, trigger)
        elif self._is_gone(ordinal):
            self._create(ordinal, trigger)

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

    def _create_all(self, trigger: int) -> None:
        waiting = []
        while self._unhealthy:
            ordinal = heappop(self._unhealthy)
            if self._is_gone(ordinal):
                waiting.append(ordinal)
        for ordinal in waiting:
            if self._is_gone(ordinal):
                self._create(ordinal, trigger)

    def _create(self, ordinal: int, trigger: int) -> None:
        old = self._current[ordinal]
        node = None if old is None else old.node
        # The pod is known only when its images have been asked for: they may be there, and it available at once.
        self._current[ordinal] = self.cluster.create(self.number, node, trigger, replaces=old, ordinal=ordinal)

    def _delete(self, number: int, trigger: int) -> None:
        """Delete pods of the old version, from the highest ordinal."""
        for _ in range(number):
            if self.workload.create or self._next < self.partition:
                return
            pod = self._current[self._next]
            self._next -= 1
            assert pod is not None
            self.cluster.delete(pod, trigger)
