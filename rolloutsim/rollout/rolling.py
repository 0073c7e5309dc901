"""A Deployment's rolling update: new pods beside old ones, within `max_surge` and `max_unavailable`.

Decisions say how many pods each of the two ReplicaSets shall have; these create and delete them, at most 500 in one
sync, and decisions see the numbers that the ReplicaSets last told. Where calls pass at once, all of that is one
moment; else new pods may come before old ones have gone that were to make room for them, since the surge is reckoned by
what ReplicaSets shall have. An old pod that is evicted is not brought
back elsewhere in its old version, a new one takes its place (assumed).

Sources: k/k `pkg/controller/deployment/rolling.go`, `progress.go`, `util/deployment_util.go`;
`pkg/controller/replicaset/replica_set.go` (`manageReplicas`, `BurstReplicas`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rolloutsim.fleet.pod_group import NOBODY, NOTHING
from rolloutsim.rollout.client import doubling
from rolloutsim.rollout.controller import Controller
from rolloutsim.rollout.fenceposts import deployment, scale_down, scale_up
from rolloutsim.scenario.strategies import BURST_REPLICAS
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.rollout.client import ApiClient, Call, Reason, Sync


BURST = BURST_REPLICAS["rolling"]  # pods that a ReplicaSet creates or deletes in one sync


class ReplicaSet:
    """What one of a Deployment's ReplicaSets has told, and what it has still to do.

    Parameters
    ----------
    sync : Sync
        Its syncs.
    calls : callable
        The calls of a sync that creates or deletes pods, for the reason of each of them.
    available : callable
        How many of its pods are available.
    """

    def __init__(
        self, sync: Sync, calls: Callable[[list[Reason]], list[Sequence[Call]]], available: Callable[[], int]
    ) -> None:
        self.sync = sync
        self.calls = calls
        self.live = available
        self.orders: deque[Reason] = deque()  # pods whose turn has not come, by the reasons of the decisions
        self.under_way = 0  # pods that the present sync creates or deletes, and has not yet

    @property
    def pending(self) -> int:
        """Pods that are to be created or deleted."""
        return len(self.orders) + self.under_way

    @property
    def available(self) -> int:
        """How many pods decisions see as available."""
        status = self.sync.status
        return status[-1] if self.sync.busy and status is not None else self.live()

    def order(self, pods: int, reason: Reason) -> None:
        """Create or delete more pods."""
        self.orders.extend([(max(reason[0], NOBODY), reason[1])] * pods)
        self.act(reason)

    def act(self, reason: Reason) -> None:
        """Do what there is to do, and tell of it."""
        sync = self.sync
        if sync.busy:
            if reason[0] != NOTHING:
                sync.reason = reason
            return
        sync.reason, sync.is_late = reason, False
        reasons = [self.orders.popleft() for _ in range(min(len(self.orders), BURST))]
        sync.begin(self.calls(reasons) if reasons else [])


class Rolling(Controller):
    """Rolls a Deployment.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    client : ApiClient
        Of the ReplicaSets' controller.
    """

    def __init__(self, cluster: Cluster, number: int, client: ApiClient) -> None:
        super().__init__(cluster, number, client)
        self.surge, self.unavailable = deployment(
            self.strategy.max_surge, self.strategy.max_unavailable, self.workload.replicas
        )
        self.new = ReplicaSet(self._new_sync(self._count_new), self._creations, lambda: self.pods.new_available)
        self.old = ReplicaSet(self._new_sync(self._count_old), self._deletions, lambda: self.pods.old_available)
        for one in (self.new, self.old):
            one.sync.status = one.sync.counts()  # nothing is new before the rollout
        self._seen = (0, 0, 0, 0)
        self._progress = 0.0  # when there last was some [s]
        self._is_watched = False  # a look at the deadline lies ahead

    def touched(self, pod: Pod) -> None:
        """The numbers of pods say it all."""

    def reconcile(self, trigger: int) -> None:
        """Scale up, scale down, until neither is allowed."""
        replicas, new, old = self.workload.replicas, self.new, self.old
        late = [one.sync for one in (new, old) if one.sync.is_late]
        reason = late[0].reason if late else (trigger, self.cluster.network.now)
        new.act(reason)
        old.act(reason)
        while True:
            more = scale_up(replicas, self.surge, self._new_pods, self._new_pods + self._old_pods)
            if more:
                new.order(more, reason)
            # What is about to go may still be told to be available.
            old_available = min(old.available, self._old_pods)
            less = scale_down(replicas, self.unavailable, self._new_pods, new.available, self._old_pods, old_available)
            if sum(less):
                old.order(sum(less), reason)
            elif not more:
                break
        self._note_progress()

    def _count_new(self) -> tuple[int, ...]:
        return self._new_pods, self.pods.new_pods, self.pods.new_ready, self.pods.new_available

    def _count_old(self) -> tuple[int, ...]:
        return self._old_pods, self.pods.old_pods, self.pods.old_ready, self.pods.old_available

    @property
    def _new_pods(self) -> int:
        """Those that the new ReplicaSet has been told to have."""
        return self.pods.new_pods + self.new.pending

    @property
    def _old_pods(self) -> int:
        """Those that the old one has been told to keep."""
        return self.pods.old_pods - self.old.pending

    def _creations(self, reasons: list[Reason]) -> list[Sequence[Call]]:
        self.new.under_way = len(reasons)
        return doubling([(self._create_new, reason) for reason in reasons], BURST)

    def _create_new(self, reason: Reason) -> None:
        self.new.under_way -= 1
        self.cluster.create(self.number, None, *reason)

    def _deletions(self, reasons: list[Reason]) -> list[Sequence[Call]]:
        chosen = self.pods.choose(len(reasons))
        self.old.under_way = len(chosen)
        return [[(self._delete_old, pair) for pair in zip(chosen, reasons, strict=False)]]

    def _delete_old(self, what: tuple[Pod, Reason]) -> None:
        self.old.under_way -= 1
        self._delete(what)

    def _note_progress(self) -> None:
        """More new, ready or available pods, or fewer old ones, are progress; pulling is not."""
        deadline = self.strategy.progress_deadline
        if deadline is None:
            return
        pods = self.pods
        before = self._seen
        ready = pods.old_ready + pods.new_ready
        available = pods.old_available + pods.new_available
        self._seen = (pods.new_pods, -pods.old_pods, ready, available)
        if any(now > then for now, then in zip(self._seen, before, strict=True)):
            self._progress = self.cluster.network.now
            if not self._is_watched and not self.done:
                self._is_watched = True
                self.cluster.network.call_later(deadline, self._look_at_deadline)

    def _look_at_deadline(self, _: object) -> None:
        deadline = self.strategy.progress_deadline
        assert deadline is not None
        self._is_watched = False
        if self.done:
            return
        now = self.cluster.network.now
        # The sum is made as the clock makes it, so that a look that was put off comes out exactly in time.
        if self._progress + deadline > now:
            self._is_watched = True
            self.cluster.network.call_later(self._progress + deadline - now, self._look_at_deadline)
            return
        what = (
            f"progress deadline exceeded: no progress for {format_time(deadline)}, "
            f"{self.pods.new_available} of {self.wanted} pods of the new version are available"
        )
        self.cluster.ledger.conditions.append((now, self.workload.name, what))
