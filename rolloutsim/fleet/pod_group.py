"""A pod, and the pods of one workload: how many there are, and which of the old ones goes next."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush
from math import nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.scenario.causes import Cause

# In the place of a pod's code, whose event lets a controller act: no pod's, it acts by itself; or nothing does.
NOBODY, NOTHING = -1, -2


class Pod:
    """A pod on a node.

    `epoch` grows when what it was about to do will not happen; a pod of the new version that waits for something
    has its `cause` and `since`.
    """

    __slots__ = (
        "asked", "available", "cause", "code", "deleted", "deleted_at", "deleted_by", "doomed_at", "epoch", "given_up",
        "gone", "gone_at", "images", "node", "old", "ordinal", "pull", "ready", "row", "since", "started", "startup",
        "stuck_at", "workload",
    )  # fmt: skip

    def __init__(self, row: int, old: bool, workload: int, node: int, images: tuple[str, ...], ordinal: int) -> None:
        self.row = row
        self.old = old
        self.code = 2 * row + old  # names it among old and new ones
        self.workload = workload
        self.node = node
        self.images = images
        self.ordinal = ordinal
        self.asked = self.started = self.ready = self.available = self.deleted = self.gone = False
        self.given_up = False  # nobody asks for its images any more
        self.epoch = 0
        self.cause: Cause | None = None
        self.since = nan
        self.pull = -1  # of the present step
        self.startup = 0.0
        self.doomed_at = self.deleted_at = self.gone_at = nan  # its end was decided, called for, and came [s]
        self.stuck_at = nan  # when its node went away, if it was to go [s]
        self.deleted_by = -1


class PodGroup:
    """The pods of one workload that are not deleted, counted, and the order in which old ones go.

    A ReplicaSet deletes pods that are not ready first, then those on the nodes with the most pods of the
    workload; the ranks are those before the first of a batch goes. Source: k/k `pkg/controller/controller_utils.go`
    (`ActivePodsWithRanks`), `pkg/controller/replicaset/replica_set.go` (`getPodsToDelete`). Kubernetes breaks the
    ties that are left at random, here the first pod goes (assumed).

    Parameters
    ----------
    on_node : mapping of int to int
        How many pods of the workload each node has; kept by the placement.
    """

    def __init__(self, on_node: Mapping[int, int]) -> None:
        self.on_node = on_node
        self.old_pods = self.old_ready = self.old_available = 0
        self.new_pods = self.new_ready = self.new_available = 0
        self.given_up = 0  # pods for whose images nobody asks any more
        self.old: list[Pod] = []
        self._left: dict[int, deque[Pod]] = {}  # by node, in the order of their rows
        # Outdated entries stay until they come to the top.
        self._ranked: list[tuple[int, int, int]] = []  # (-pods on the node, row of its first pod, node)
        self._unready: list[int] = []  # ordinals

    def add_old(self, pod: Pod) -> None:
        """There is a pod of the old version, ready and available."""
        self.old_pods += 1
        self.old_ready += 1
        self.old_available += 1
        self.old.append(pod)
        self._left.setdefault(pod.node, deque()).append(pod)
        self.rank(pod.node)

    def add_unready(self, pod: Pod) -> None:
        """A pod of the old version is not ready any more."""
        heappush(self._unready, pod.ordinal)

    def rank(self, node: int) -> None:
        """The pods on a node have another rank."""
        left = self._left.get(node)
        if left:
            heappush(self._ranked, (-self.on_node[node], left[0].row, node))

    def choose(self, number: int) -> list[Pod]:
        """The pods of the old version that go next, at most `number` of them."""
        chosen: dict[int, Pod] = {}
        while self._unready and len(chosen) < number:
            pod = self.old[heappop(self._unready)]
            if not pod.deleted and not pod.ready:
                chosen[pod.row] = pod
        while self._ranked and len(chosen) < number:
            count, row, node = heappop(self._ranked)
            left = self._left[node]
            moved = False
            while left and (left[0].deleted or left[0].row in chosen):
                left.popleft()
                moved = True
            if left and row == left[0].row and -count == self.on_node[node]:
                chosen[row] = left.popleft()
                moved = True
            if moved:
                self.rank(node)
        return list(chosen.values())
