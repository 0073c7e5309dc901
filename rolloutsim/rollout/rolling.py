"""A Deployment's rolling update: new pods beside old ones, within `max_surge` and `max_unavailable`.

The ReplicaSets' batches (1, 2, 4, ... within one look) take no time. An old pod that is evicted is not brought
back elsewhere in its old version, a new one takes its place (assumed).

Sources: k/k `pkg/controller/deployment/rolling.go`, `progress.go`, `util/deployment_util.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.rollout.controller import Controller
from rolloutsim.rollout.fenceposts import deployment, scale_down, scale_up
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.fleet.pods import Cluster, Pod


class Rolling(Controller):
    """Rolls a Deployment.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    """

    def __init__(self, cluster: Cluster, number: int) -> None:
        super().__init__(cluster, number)
        self.surge, self.unavailable = deployment(
            self.strategy.max_surge, self.strategy.max_unavailable, self.workload.replicas
        )
        self._seen = (0, 0, 0, 0)
        self._progress = 0.0  # when there last was some [s]
        self._is_watched = False  # a look at the deadline lies ahead

    def touched(self, pod: Pod) -> None:
        """The numbers of pods say it all."""

    def reconcile(self, trigger: int) -> None:
        """Scale up, scale down, until neither is allowed."""
        pods, replicas = self.pods, self.workload.replicas
        while True:
            new = scale_up(replicas, self.surge, pods.new_pods, pods.new_pods + pods.old_pods)
            for _ in range(new):
                self.cluster.create(self.number, trigger=trigger)
            old = scale_down(
                replicas, self.unavailable, pods.new_pods, pods.new_available, pods.old_pods, pods.old_available
            )
            for pod in pods.choose(sum(old)):
                self.cluster.delete(pod, trigger)
            if not new and not sum(old):
                break
        self._note_progress()

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
