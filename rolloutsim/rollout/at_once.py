"""All at once: every pod is replaced when its time comes, which is the start for all of them if nothing is said.

The old pod is deleted and the new one created at the same moment, on a DaemonSet's nodes when the old pod is gone
(as Kubernetes' Recreate does). Nothing waits for anything, so that nothing may serve for a while; the output shows
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.rollout.waves import Waves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rolloutsim.fleet.pods import Cluster
    from rolloutsim.rollout.client import ApiClient, Call

    Times = Callable[[int, int], Sequence[float]]


class AtOnce(Waves):
    """Replaces all pods at once, or each at a time of its own.

    Parameters
    ----------
    cluster : Cluster
        Where its pods are.
    number : int
        Its workload's number in the cluster.
    client : ApiClient
        Over which it creates and deletes pods.
    times : callable, optional
        Gives the times of its pods [s] after its start, by its number and theirs; a DaemonSet's in the order of nodes.
    """

    def __init__(self, cluster: Cluster, number: int, client: ApiClient, times: Times | None = None) -> None:
        super().__init__(cluster, number, client)
        self._times = times
        self._ahead.clear()
        self._due: list[int] = []  # places of the pods whose time is now

    def begin(self, trigger: int) -> None:
        """Set the time of each pod."""
        super().begin(trigger)
        times = [0.0] * self.wanted if self._times is None else self._times(self.number, self.wanted)
        places: dict[float, list[int]] = {}
        for place, time in enumerate(times):
            places.setdefault(time, []).append(place)
        for time, due in places.items():
            if time > 0.0:
                self.cluster.network.call_later(time, self._come, due)
            else:
                self._due += due

    def reconcile(self, trigger: int) -> None:
        """Replace the pods whose time has come."""
        if not self.sync.may_act(trigger):
            return
        due, self._due = self._due, []
        deletions: list[Call] = []
        if due:
            self._release(due, deletions)
        self._act(deletions)

    def _come(self, places: list[int]) -> None:
        self._due += places
        self.cluster.look(self.number)
