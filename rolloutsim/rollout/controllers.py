"""From workloads to their controllers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rolloutsim.rollout.at_once import AtOnce
from rolloutsim.rollout.daemonset import API_CALL as API_CALL
from rolloutsim.rollout.daemonset import DaemonSet
from rolloutsim.rollout.rolling import Rolling
from rolloutsim.rollout.statefulset import StatefulSet
from rolloutsim.rollout.waves import Waves
from rolloutsim.scenario.causes import Cause

if TYPE_CHECKING:
    from rolloutsim.fleet.pods import Cluster
    from rolloutsim.rollout.controller import Controller

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
    """

    def __init__(self, cluster: Cluster, api_call: float, times: Times | None) -> None:
        self.cluster = cluster
        self.controllers = [_controller(cluster, number, api_call, times) for number in range(len(cluster.workloads))]
        self.waiting = self.going = len(self.controllers)
        self._done = [False] * len(self.controllers)
        self._over = [False] * len(self.controllers)
        cluster.settled = self._count
        for workload, controller in zip(cluster.workloads, self.controllers, strict=True):
            cluster.network.call_later(workload.start, controller.begin)

    def _count(self, changed: Iterable[int]) -> None:
        for number in changed:
            done, over = self.controllers[number].done, self.controllers[number].over
            self.waiting += self._done[number] - done
            self.going += self._over[number] - over
            self._done[number], self._over[number] = done, over
        if not self.going:
            self.cluster.network.halt()

    def missing(self) -> tuple[str, ...]:
        """What is missing of each workload that is not done, in words."""
        waits = [Counter[Cause]() for _ in self.controllers]
        for pod in self.cluster.pods:
            if pod.cause is not None:
                waits[pod.workload][pod.cause] += 1
        texts = (one.missing(waiting) for one, waiting in zip(self.controllers, waits, strict=True))
        return tuple(text for text in texts if text)


def start(cluster: Cluster, api_call: float = API_CALL, times: Times | None = None) -> Rollout:
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
    """
    return Rollout(cluster, api_call, times)


def _controller(cluster: Cluster, number: int, api_call: float, times: Times | None) -> Controller:
    strategy = cluster.workloads[number].strategy.name
    if strategy == "daemonset":
        return DaemonSet(cluster, number, api_call)
    if strategy == "all_at_once":
        return AtOnce(cluster, number, times)
    return _BY_STRATEGY[strategy](cluster, number)
