"""A controller's client of the API server: its calls pass a token bucket, first come first served.

Each controller of the controller manager has a clientset of its own, and a clientset has one token bucket
(`--kube-api-qps`, `--kube-api-burst`) for all that goes through it: creations and deletions of pods, the events that
tell of them, and status updates. A Deployment's pods are created and deleted by the ReplicaSets' controller, so that
all Deployments share that one's bucket, as all DaemonSets and all StatefulSets share theirs. So n calls of a
controller that was idle take

    (n - burst) / qps [s]

at least, and a workload of which p pods are created and d deleted needs n >= p + d of them.

Within a controller an object is synced by one worker at a time (`Sync`): what happens to its pods meanwhile is seen by
the next sync. A sync creates and deletes, waits for these calls, and then writes the status, if that has changed, as it
was when the sync began. Of events about an object 25 are sent, then one in 5 minutes. Workers are as many as there are
objects, and the Deployment controller's own calls, a few for each decision however many pods it is about, wait for
nothing (assumed: together they delay a decision by a tenth of a second).

Sources: k/k `cmd/kube-controller-manager/app/apps.go` (`ClientOrDie` for each controller),
`pkg/controller/replicaset/replica_set.go` (`Run`: events go through the same client; `syncReplicaSet`,
`manageReplicas`, `slowStartBatch`), `pkg/controller/daemon/daemon_controller.go` (`syncNodes`, `storeDaemonSetStatus`);
client-go `kubernetes/clientset.go` (`NewForConfig`: one rate limiter for all groups of an API),
`tools/record/events_cache.go` (`defaultSpamBurst` 25, `defaultSpamQPS` 1/300, by source and object);
golang.org/x/time/rate (`Limiter.Wait`: first come, first served).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from rolloutsim.fleet.buckets import TokenBucket
from rolloutsim.fleet.pod_group import NOBODY, NOTHING

if TYPE_CHECKING:
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.scenario.orchestration import ApiCalls

# Of the events about one object; see above.
EVENT_BURST = 25
EVENT_RATE = 1.0 / 300.0  # [1/s]

Reason = tuple[int, float]  # upon what something is done: the code of a pod whose event let it, and when that was [s]
Call = tuple[Callable[[Any], None], Any]  # what a call does when it has passed: a function and its argument


class ApiClient:
    """A controller's client.

    Parameters
    ----------
    network : FluidNetwork
        Whose clock it goes by.
    limit : ApiCalls or None
        Of its calls; None: they pass at once.
    """

    __slots__ = ("bucket", "network")

    def __init__(self, network: FluidNetwork, limit: ApiCalls | None) -> None:
        self.network = network
        self.bucket = None if limit is None else TokenBucket(limit.qps, limit.burst)

    def call(self) -> float:
        """Make a call, and say how long it takes until it passes [s]."""
        return 0.0 if self.bucket is None else self.bucket.reserve(self.network.now)


class Sync:
    """The syncs of one object, one after another.

    Parameters
    ----------
    network : FluidNetwork
        Whose clock it goes by.
    client : ApiClient
        Of its controller.
    counts : callable
        Gives the numbers that its status tells.
    again : callable
        Called when a sync that took time is over.
    """

    __slots__ = (
        "again", "busy", "client", "counts", "events", "is_late", "left", "network", "reason", "seen", "status",
        "under_way",
    )  # fmt: skip

    def __init__(
        self, network: FluidNetwork, client: ApiClient, counts: Callable[[], tuple[int, ...]], again: Callable[[], None]
    ) -> None:
        self.network = network
        self.client = client
        self.counts = counts
        self.again = again
        self.events = TokenBucket(EVENT_RATE, EVENT_BURST)
        self.busy = False
        self.left: deque[Sequence[Call]] = deque()  # calls that follow, those together that are made at once
        self.under_way = 0  # calls that have not passed
        self.status: tuple[int, ...] | None = None  # as last written
        self.seen: tuple[int, ...] | None = None  # the numbers when the present sync began
        self.reason: Reason = (-1, nan)  # of the present sync, or of the one that follows it
        self.is_late = False  # the next one could act upon it only now

    def may_act(self, trigger: int) -> bool:
        """Whether a sync may begin, for an event of a pod; if one is under way, the next one sees what happened."""
        if trigger == NOTHING:
            if not self.is_late and not self.busy:
                self.reason = NOBODY, self.network.now
        elif not self.is_late or self.busy:
            self.reason = trigger, self.network.now
        if self.busy:
            return False
        self.is_late = False
        return True

    def begin(self, calls: Sequence[Sequence[Call]], pause: float = 0.0) -> None:
        """Make the calls of a sync, each group when those before have passed, then write the status.

        Parameters
        ----------
        pause : float
            Between one group and the next [s].
        """
        self.seen = self.counts()
        if not calls and (self.client.bucket is None or self.seen == self.status):
            return
        self.left.extend(calls)
        self._go_on(pause)
        self.busy = bool(self.under_way or self.left)

    def _go_on(self, pause: float) -> None:
        """Make the calls that are next, as long as they pass at once."""
        self.busy = True
        while not self.under_way:
            if self.left:
                for function, argument in self.left.popleft():
                    self._call(function, argument, pause)
                if pause > 0.0 and self.left and not self.under_way:
                    self.network.call_later(pause, self._resume, pause)
                    return
            elif self.client.bucket is not None and self.seen != self.status:
                self._call(self._written, self.seen, pause)
            else:
                return

    def _call(self, function: Callable[[Any], None], argument: Any, pause: float) -> None:
        wait = self.client.call()
        if wait > 0.0:
            self.under_way += 1
            self.network.call_later(wait, self._passed, (function, argument, pause))
        else:
            function(argument)
            self._tell(function)

    def _passed(self, what: tuple[Callable[[Any], None], Any, float]) -> None:
        function, argument, pause = what
        function(argument)
        self._tell(function)
        self.under_way -= 1
        if self.under_way:
            return
        if pause > 0.0 and self.left:
            self.network.call_later(pause, self._resume, pause)
        else:
            self._resume(pause)

    def _resume(self, pause: float) -> None:
        self._go_on(pause)
        if not self.under_way and not self.left:
            self.busy = False
            self.is_late = True
            self.again()

    def _tell(self, function: Callable[[Any], None]) -> None:
        """The event about a creation or deletion takes its turn with the calls; nobody waits for it."""
        if self.client.bucket is None or function == self._written:
            return
        if self.events.accept(self.network.now):
            self.client.call()

    def _written(self, seen: tuple[int, ...]) -> None:
        self.status = seen


def doubling(calls: Sequence[Call], burst: int) -> list[Sequence[Call]]:
    """Creations as a controller groups them: 1, 2, 4, ... at a time, at most `burst` in one sync."""
    groups, at, size = [], 0, 1
    most = min(len(calls), burst)
    while at < most:
        groups.append(calls[at : min(at + size, most)])
        at += size
        size *= 2
    return groups
