"""Waves: the pods of a wave are all replaced at once, then a pause and a look at their health.

A wave deletes as many old pods as it has and creates as many new ones at the same moment; where a pod has its
place (a DaemonSet), the new one is created when the old one is gone. So a wave's size is what may be unavailable;
`max_surge` and `max_unavailable` play no part. Shares are of all pods and rounded up; what is left after the
last wave in the list is one more wave. A wave passes its gate when all pods of it and of those before are
available. All of this is assumed: it is what scripts and operators do around Kubernetes, which has no waves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rolloutsim.fleet.pod_group import NOBODY
from rolloutsim.rollout.controller import Controller
from rolloutsim.rollout.fenceposts import wave_sizes

if TYPE_CHECKING:
    from rolloutsim.fleet.pods import Cluster, Pod
    from rolloutsim.rollout.client import ApiClient, Call


class Waves(Controller):
    """Replaces pods wave after wave.

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
        waves = self.strategy.waves
        sizes = wave_sizes(tuple(wave.size for wave in waves), self.wanted)
        after = [(wave.gate, wave.pause) for wave in waves] + [(False, 0.0)]
        # A wave that has nothing left to replace is none.
        self._ahead = deque((size, *then) for size, then in zip(sizes, after, strict=False) if size)
        self._released = 0  # pods of all waves so far
        self._gate: float | None = None  # the pause that follows when all of them are available [s]
        self._pausing = False
        self._nodes = cluster.nodes_of[number] if self.workload.daemonset else ()
        self._old = {pod.node: pod for pod in self.pods.old} if self.workload.daemonset else {}
        self._vacated: dict[int, Pod | None] = {}  # nodes of a DaemonSet that lack their new pod

    def touched(self, pod: Pod) -> None:
        """An old pod of a DaemonSet that is gone makes room."""
        if self._nodes and pod.old and pod.gone:
            self._vacated[pod.node] = pod

    def reconcile(self, trigger: int) -> None:
        """Begin the next wave if it is time, and bring the pods of all waves so far to the new version."""
        if not self.sync.may_act(trigger):
            return
        deletions: list[Call] = []
        if self._gate is not None and self.pods.new_available >= self._released:
            pause, self._gate = self._gate, None
            self._pause(pause, self.sync.reason[0])
        while self._gate is None and not self._pausing and self._ahead:
            size, gate, pause = self._ahead.popleft()
            self._release(range(self._released, self._released + size), deletions)
            if gate:
                self._gate = pause
            else:
                self._pause(pause)
        self._act(deletions)

    def _release(self, places: Sequence[int], deletions: list[Call]) -> None:
        """The turn of some pods has come; a DaemonSet's by the places of their nodes."""
        self._released += len(places)
        if self._nodes:
            for place in places:
                node = self._nodes[place]
                old = self._old.get(node)
                if old is None:
                    self._vacated[node] = None
                else:
                    deletions.append(self._deletion(old))
            return
        left = self.pods.old_pods - len(deletions)
        for pod in self.pods.choose(left - (self.wanted - self._released)):
            deletions.append(self._deletion(pod))

    def _act(self, deletions: list[Call]) -> None:
        """Delete pods, then create those whose turn has come and whose places are free."""
        sync = self.sync
        sync.begin([deletions] if deletions else [])
        while not sync.busy and (creations := self._creations()):
            sync.begin([creations])

    def _creations(self) -> list[Call]:
        """The pods whose turn has come and whose places are free."""
        if not self._nodes:
            return [self._creation() for _ in range(self._released - self.pods.new_pods)]
        vacated, self._vacated = self._vacated, {}
        return [self._creation(node, vacated[node]) for node in sorted(vacated)]

    def _pause(self, pause: float, upon: int = NOBODY) -> None:
        """Wait, since the pod came that opened the gate, or by itself."""
        if pause > 0.0 and self._ahead:
            self._pausing = True
            self.cluster.network.call_later(pause, self._resume, upon)

    def _resume(self, upon: int) -> None:
        self._pausing = False
        self.cluster.look(self.number, upon)
