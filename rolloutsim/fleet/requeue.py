"""When a kubelet looks again at a pod whose sync failed.

An image's back-off says only from when on it may be pulled again; the kubelet finds that out when it next syncs the
pod. So a pull is tried at the first such look at or after the end of the back-off, and what failed together does not
come back together.

Sources: Kubernetes `pkg/kubelet/pod_workers.go`, `completeWork`: a pod whose sync failed is queued with Jitter(10 s,
0.5), in kubelets that know when a back-off ends with Jitter(what is left of it, at least 0 and at most the resync
interval of 1 min, 0.5); `pkg/kubelet/kubelet.go` `backOffPeriod`; apimachinery `pkg/util/wait/backoff.go` `Jitter`: the
time, lengthened by up to that share of it, uniformly. The kubelet looks into that queue once a second, which is left
out (assumed: half a second more on average).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.scenario.orchestration import Requeue

PERIOD = 10.0  # from a failed sync to the next [s]
RESYNC = 60.0  # longest time to the next sync [s]
JITTER = 0.5  # share of it that may come on top

_BLOCK = 1024  # numbers that are drawn at a time
_MOST = 10_000  # looks of one back-off, of which the last is at its end (assumed: those of more than a day)


class Looks:
    """Draws the times at which kubelets look at pods in back-off.

    Parameters
    ----------
    random : callable
        Gives so many numbers in [0, 1).
    """

    __slots__ = ("_numbers", "_place", "_random", "_sums")

    def __init__(self, random: Callable[[int], list[float]]) -> None:
        self._random = random
        self._numbers: list[float] = []
        self._sums: list[float] = []  # of as many times as there are numbers before, from one fixed look to the next
        self._place = 0

    def after(self, since: float, end: float, requeue: Requeue) -> list[float]:
        """The times of the looks after a sync that failed at `since`, until the first at or after `end` [s]."""
        if requeue == "exact":
            return [end]
        most = int(min((end - since) / PERIOD, _MOST)) + 2
        if self._place + most > len(self._numbers):
            self._numbers = self._random(max(_BLOCK, most))
            self._sums = [*accumulate([PERIOD * (1.0 + JITTER * number) for number in self._numbers], initial=0.0)]
            self._place = 0
        first = self._place
        if requeue == "fixed":
            sums = self._sums
            shift = since - sums[first]
            place = bisect_left(sums, end - shift, first + 1)
            self._place = min(place, first + most)
            looks = [shift + each for each in sums[first + 1 : self._place + 1]]
            return looks if place == self._place else [*looks, end]
        looks = []
        now = since
        while not looks or now < end:
            left = end - now if len(looks) < _MOST else 0.0
            more = 1.0 + JITTER * self._numbers[self._place]
            self._place += 1
            now = now + RESYNC * more if left > RESYNC else max(now + left * more, end)
            looks.append(now)
        return looks
