"""A kubelet's eviction manager: what a node does when little of its disk is free.

Every 10 s it looks at the disk. If less than the threshold is free (`evictionHard`: 15 % of the file system of images,
10 % of the node's; here they are one, so that the larger one holds), the node has DiskPressure: it takes no pods until
5 min have passed in which it did not find so little free. It removes all images that no pod uses and that are 2 min old
or older; if that is not enough it evicts a pod, and looks again. Evicted pods are gone at once, and their controllers
replace them: a Deployment's on other nodes, others wait for this one.

Which pod goes hangs on what it has written, which is not known here: the one that came last goes first (assumed). The
looks are at whole multiples of 10 s (assumed), and images that are cached but are no case's stay.

Sources: k/k `pkg/kubelet/eviction/eviction_manager.go` (`synchronize`, `reclaimNodeLevelResources`, `Admit`),
`pkg/kubelet/eviction/helpers.go` (`buildSignalToNodeReclaimFuncs`), `pkg/kubelet/kubelet.go`
(`evictionMonitoringPeriod` 10 s), `pkg/kubelet/images/image_gc_manager.go` (`DeleteUnusedImages`, `MinAge`),
`pkg/kubelet/apis/config/v1beta1/defaults.go` (`EvictionPressureTransitionPeriod` 5 min, `ImageMinimumGCAge` 2 min).
"""

from __future__ import annotations

from math import ceil, floor, inf, isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.fleet.disk import DiskSpace
    from rolloutsim.fleet.kubelet import Kubelet

PERIOD = 10.0  # between two looks; evictionMonitoringPeriod [s]
TRANSITION = 300.0  # evictionPressureTransitionPeriod [s]
MIN_AGE = 120.0  # imageMinimumGCAge [s]

# A share of a size may lack its last bits.
_EPSILON = 1e-12


class EvictionManager:
    """That of one node.

    Parameters
    ----------
    kubelet : Kubelet
        Whose it is.
    disk : DiskSpace
        At which it looks.
    least_free : float
        The share of it that must be free [1].
    """

    __slots__ = ("disk", "holds", "is_planned", "is_pressed", "kubelet", "observed", "pulled")

    def __init__(self, kubelet: Kubelet, disk: DiskSpace, least_free: float) -> None:
        self.kubelet = kubelet
        self.disk = disk
        disk.limit = disk.capacity * (1.0 - least_free) * (1.0 + _EPSILON)
        disk.crossed = self.look_soon
        self.is_planned = self.is_pressed = False
        self.holds = False  # the rollout is not over before it has looked
        self.observed = -inf  # when so little was last found free [s]
        self.pulled: dict[str, float] = {}  # when images came to the node; those of the beginning are older
        self.check()

    def has_come(self, image: str) -> None:
        """An image was pulled."""
        self.pulled[image] = self.kubelet.network.now
        self.check()

    def check(self) -> None:
        """See whether there is something to look at."""
        if self.disk.used > self.disk.limit:
            self.look_soon()

    def look_soon(self) -> None:
        """Look at the disk when it is time."""
        if not self.is_planned:
            self._plan(PERIOD - self.kubelet.network.now % PERIOD)
        if not self.holds:
            self.holds = True
            self.kubelet.cluster.crowded += 1

    def _plan(self, wait: float) -> None:
        self.is_planned = True
        self.kubelet.network.call_later(wait, self._look)

    def _look(self, _: object) -> None:
        self.is_planned = False
        disk, cluster, node = self.disk, self.kubelet.cluster, self.kubelet.node.index
        if self.kubelet.down or disk.used <= disk.limit:
            self._let_go()
            return
        now = self.observed = self.kubelet.network.now
        if not self.is_pressed:
            self.is_pressed = True
            disk.pressed = now if isnan(disk.pressed) else disk.pressed
            cluster.node_full(node, True)
        disk.collect_all()
        next_age = self._remove_unused(now)
        if disk.used <= disk.limit:
            self.kubelet.network.call_later(TRANSITION, self._end)
            self._let_go()
        elif cluster.evict_from(node):
            disk.evicted += 1
            self._plan(PERIOD)
        else:
            # Nobody is left who could go: an image may become old enough to be removed.
            if next_age < inf:
                self._plan(max(ceil((now + next_age) / PERIOD), floor(now / PERIOD) + 1) * PERIOD - now)
            self._let_go()

    def _let_go(self) -> None:
        """For all that the disk is to it, the rollout may be over."""
        if self.holds:
            self.holds = False
            self.kubelet.cluster.crowded -= 1
            self.kubelet.cluster.settled(())

    def _end(self, _: object) -> None:
        """The time after the last look that found too little free is over, unless there was another one."""
        disk = self.disk
        if self.is_pressed and self.kubelet.network.now - self.observed >= TRANSITION and disk.used <= disk.limit:
            self.is_pressed = False
            self.kubelet.cluster.node_full(self.kubelet.node.index, False)

    def _remove_unused(self, now: float) -> float:
        """Remove images that no pod uses and that are not too young; how long until another one is old enough [s]."""
        kubelet, node, disk = self.kubelet, self.kubelet.node, self.disk
        used = kubelet.cluster.images_on(node.index)
        known = [image for image in sorted(kubelet.present) if image in kubelet.recipes and image not in used]
        old = [image for image in known if now - self.pulled.get(image, -inf) >= MIN_AGE]
        left = [image for image in kubelet.present if image in kubelet.recipes and image not in old]
        kept = {step.layer for image in left for step in kubelet.recipes[image].steps}
        kept.update(step.layer for pull in node.pulls for step in pull.recipe.steps)
        gone: list[int] = []
        for image in old:
            kubelet.present.discard(image)
            for step in kubelet.recipes[image].steps:
                if step.layer not in kept and node.held.get(step.word, 0) & step.bit:
                    node.held[step.word] &= ~step.bit
                    disk.remove(step.unpacked + (step.compressed if disk.keeps_compressed else 0.0))
                    gone.append(step.layer)
        for peers in node.fleet.peers:
            peers.lacks(node.index, gone, [kubelet.recipes[image].image for image in old])
        young = [self.pulled[image] + MIN_AGE - now for image in known if image not in old]
        return min(young, default=inf)
