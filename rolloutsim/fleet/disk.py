"""How full a node's disk is, and what image garbage collection removes."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan


class DiskSpace:
    """The bytes in use on one node's disk.

    Parameters
    ----------
    capacity : float
        What fits [B].
    used : float
        In use before the rollout, `old_images` included [B].
    old_images : float
        Of these, images that no pod uses [B].
    keeps_compressed : bool
        Whether a layer's compressed bytes stay when it is unpacked.

    Above `limit` [B], which a kubelet sets, `crossed` is called; what its eviction manager did stands in `pressed`, the
    time when it first found so much in use [s], `evicted` and `refused`, numbers of pods.
    """

    __slots__ = (
        "before", "capacity", "collected", "crossed", "evicted", "keeps_compressed", "limit", "old_images", "peak",
        "pressed", "refused", "used",
    )  # fmt: skip

    def __init__(self, capacity: float, used: float, old_images: float, keeps_compressed: bool) -> None:
        self.capacity = capacity
        self.before = self.peak = self.used = used
        self.old_images = old_images
        self.keeps_compressed = keeps_compressed
        self.collected = 0.0
        self.limit = inf
        self.crossed: Callable[[], None] | None = None
        self.pressed = nan
        self.evicted = self.refused = 0

    @property
    def free(self) -> float:
        """What is left [B]."""
        return self.capacity - self.used

    def reserve(self, size: float) -> bool:
        """Take `size` bytes if they are there."""
        if self.used + size > self.capacity:
            return False
        self.used += size
        if self.used > self.peak:
            self.peak = self.used
        if self.used > self.limit and self.crossed is not None:
            self.crossed()
        return True

    def release(self, size: float) -> None:
        """Give bytes back."""
        self.used = max(self.used - size, 0.0)

    def collect(self, high: float, low: float) -> None:
        """Above a share `high` of the capacity, remove old images until it is `low`.

        References
        ----------
        Kubernetes `pkg/kubelet/images/image_gc_manager.go`: above HighThresholdPercent, unused images are
        deleted until LowThresholdPercent is reached.
        """
        if self.used < high * self.capacity:
            return
        self._remove(min(self.old_images, self.used - low * self.capacity))

    def collect_all(self) -> None:
        """Remove all old images."""
        self._remove(self.old_images)

    def remove(self, size: float) -> None:
        """Garbage collection removes bytes of an image."""
        self.release(size)
        self.collected += size

    def _remove(self, size: float) -> None:
        self.old_images -= size
        self.used -= size
        self.collected += size
