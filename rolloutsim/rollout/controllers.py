"""From workloads to their controllers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rolloutsim.fleet.pod_group import NOBODY
from rolloutsim.rollout.at_once import AtOnce
from rolloutsim.rollout.client import ApiClient
from rolloutsim.rollout.daemonset import API_CALL as API_CALL
from rolloutsim.rollout.daemonset import DaemonSet
from rolloutsim.rollout.rolling import Rolling
from rolloutsim.rollout.statefulset import StatefulSet
from rolloutsim.rollout.waves import Waves
from rolloutsim.scenario.causes import Cause

if TYPE_CHECKING:
    from rolloutsim.fleet.pods import Cluster
    from rolloutsim.rollout.controller import Controller
    from rolloutsim.scenario.orchestration import ApiCalls, Workload

Times = Callable[[int, int], Sequence[float]]

_BY_STRATEGY: dict[str, type[Controller]] = {
    "rolling": Rolling,
    "statefulset": StatefulSet,
    "waves": Waves,
}


class Rollout:
    """All controllers of a case.

    `waiting` is how many of them are not done, `going` for how many of these something may come; both kept up to date.

    Parameters
    ----------
    cluster : Cluster
        Whose workloads roll out.
    api_call : float
        From one batch of a new DaemonSet's creations to the next [s].
    times : callable, optional
        Gives the times of the pods of a workload that rolls out all at once.
    limit : ApiCalls, optional
        Of the calls of each of the controller manager's clients.
    """

    def __init__(self, cluster: Cluster, api_call: float, times: Times | None, limit: ApiCalls | None = None) -> None:
        self.cluster = cluster
        clients = {name: ApiClient(cluster.network, limit) for name in map(_client, cluster.workloads)}
        self.controllers = [
            _controller(cluster, number, clients[_client(workload)], api_call, times)
            for number, workload in enumerate(cluster.workloads)
        ]
        self.waiting = self.going = len(self.controllers)
        self._done = [False] * len(self.controllers)
        self._over = [False] * len(self.controllers)
        cluster.settled = self._count
        numbers = {workload.name: number for number, workload in enumerate(cluster.workloads)}
        # Those that come after others: what they wait for, which is over once it was.
        self._awaited = {
            number: {numbers[other] for other in workload.after}
            for number, workload in enumerate(cluster.workloads)
            if workload.after
        }
        for workload, controller in zip(cluster.workloads, self.controllers, strict=True):
            if not workload.after:
                cluster.network.call_later(workload.start, controller.begin, NOBODY)

    def _count(self, changed: Iterable[int]) -> None:
        for number in changed:
            done, over = self.controllers[number].done, self.controllers[number].over
            self.waiting += self._done[number] - done
            self.going += self._over[number] - over
            self._done[number], self._over[number] = done, over
            if done and self._awaited:
                self._let_begin(number)
        if not self.going and not self.cluster.crowded:
            self.cluster.network.halt()

    def _let_begin(self, over: int) -> None:
        """A rollout is over: those that came after it, and after no other, begin."""
        for number, awaited in list(self._awaited.items()):
            awaited.discard(over)
            if not awaited:
                del self._awaited[number]
                self.controllers[number].begin(max(self.cluster.told.get(over, NOBODY), NOBODY))

    def missing(self, names: Sequence[str], bare: bool = False) -> tuple[str, ...]:
        """What is missing of each workload that is not done, in words; parameters as for `Controller.missing`."""
        waits = [Counter[Cause]() for _ in self.controllers]
        for pod in self.cluster.pods:
            if pod.cause is not None:
                waits[pod.workload][pod.cause] += 1
        texts = (one.missing(waiting, names, bare) for one, waiting in zip(self.controllers, waits, strict=True))
        return tuple(text for text in texts if text)


def start(
    cluster: Cluster, api_call: float = API_CALL, times: Times | None = None, limit: ApiCalls | None = None
) -> Rollout:
    """Let each workload's controller begin at its time.

    Parameters
    ----------
    cluster : Cluster
        Whose workloads roll out.
    api_call : float
        From one batch of a new DaemonSet's creations to the next [s]; 0 where calls take no time.
    times : callable, optional
        Gives, for a workload's number and how many pods it has, the times [s] after its start at which they are
        due; asked once for each workload that rolls out all at once. By default all are due at once.
    limit : ApiCalls, optional
        Of the calls of each of the controller manager's clients; by default they pass at once.
    """
    return Rollout(cluster, api_call, times, limit)


def _client(workload: Workload) -> str:
    """Over whose client the pods of a workload are created and deleted."""
    if workload.strategy.name == "statefulset":
        return "statefulset"
    return "daemonset" if workload.daemonset else "replicaset"


def _controller(cluster: Cluster, number: int, client: ApiClient, api_call: float, times: Times | None) -> Controller:
    strategy = cluster.workloads[number].strategy.name
    if strategy == "daemonset":
        return DaemonSet(cluster, number, client, api_call)
    if strategy == "all_at_once":
        return AtOnce(cluster, number, client, times)
    return _BY_STRATEGY[strategy](cluster, number, client)
