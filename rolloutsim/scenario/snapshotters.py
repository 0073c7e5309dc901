"""Lazy snapshotters as they are shipped, with their sources: what they read at a time, and when they fetch the rest.

Pinned sources: stargz-snapshotter 7cf47cba, soci-snapshotter 77fb4266, nydus 34e6071e, overlaybd 4f5c597.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rolloutsim.scenario.defaults import Default, by_value
from rolloutsim.scenario.runtimes import Snapshotter

# Share of an image's bytes that containers read as they start.
NEEDED = Default(
    0.064, "6.4%",
    "T. Harter et al., Slacker: Fast Distribution with Lazy Docker Containers, FAST 2016: 6.4 % of the data of the 57 "
    "images of HelloBench is read at start",
)  # fmt: skip

_ONE_AFTER_ANOTHER = Default(1, "1", "assumed: a process that starts waits for each read before the next")
_ALL = Default(0.0, "0 B", "assumed: all of an image's layers are converted")
_UNMARKED = Default(0.0, "0%", "assumed: the image marks no files")
_YES = Default(True, "true", "it is what they are shipped with")

_STARGZ: Mapping[str, Default] = {
    "read_size": Default(50_000.0, "50 kB", "stargz-snapshotter fs/config/config.go: chunk_size, 50000"),
    "parallel_reads": _ONE_AFTER_ANOTHER,
    "index": Default(
        0.0029, "0.29%", "containerd/stargz-snapshotter#956: the TOC of kdeneon/plasma takes 5.3 MB of 1.86 GB"
    ),
    "least_layer": _ALL,
    "prefetched": Default(0.0, "0%", "assumed: an image that ctr-remote has not optimised has no landmark"),
    "background": _YES,
    "background_after": Default(
        5.0, "5 s", "stargz-snapshotter fs/fs.go, task/task.go: background tasks wait for 5 s of silence"
    ),
    "background_rate": Default(math.inf, "unlimited", "stargz-snapshotter fs/layer/layer.go: whole layers"),
    "background_reads": Default(2, "2", "stargz-snapshotter fs/fs.go: defaultMaxConcurrency"),
}  # fmt: skip

_SOCI: Mapping[str, Default] = {
    "read_size": Default(4 * 2.0**20, "4 MiB", "soci-snapshotter config/defaults.go, soci create: span size"),
    "parallel_reads": _ONE_AFTER_ANOTHER,
    "index": Default(
        0.0078, "0.78%", "assumed: a window of deflate, 32 KiB (RFC 1951), for each span of 4 MiB; names left out"
    ),
    "least_layer": Default(10 * 2.0**20, "10 MiB", "soci-snapshotter: soci create indexes layers of 10 MiB and more"),
    "prefetched": _UNMARKED,
    "background": _YES,
    "background_after": Default(
        30.0, "30 s", "soci-snapshotter config/defaults.go: silence of 30 s after a new layer"
    ),
    "background_rate": Default(
        4 * 2.0**20 / 0.5, "8 MiB/s", "soci-snapshotter config/defaults.go: one span of 4 MiB each 500 ms"
    ),
    "background_reads": Default(1, "1", "soci-snapshotter config/defaults.go: one span each 500 ms"),
}  # fmt: skip

_NYDUS: Mapping[str, Default] = {
    "read_size": Default(2.0**20, "1 MiB", "nydus storage/src/lib.rs L71-73: chunks of 1 MiB"),
    "parallel_reads": _ONE_AFTER_ANOTHER,
    "index": Default(0.003, "0.3%", "assumed: a bootstrap as large as the TOC of eStargz"),
    "least_layer": _ALL,
    "prefetched": _UNMARKED,
    "background": _YES,
    "background_after": Default(0.0, "0 s", "nydus api/src/config.rs: prefetch begins with the mount"),
    "background_rate": Default(math.inf, "unlimited", "nydus api/src/config.rs: no bandwidth limit"),
    "background_reads": Default(8, "8", "nydus api/src/config.rs: 8 prefetch threads, 1 MiB each"),
}  # fmt: skip

_OVERLAYBD: Mapping[str, Default] = {
    "read_size": Default(256 * 2.0**10, "256 KiB", "overlaybd src/config.h: refillSize"),
    "parallel_reads": _ONE_AFTER_ANOTHER,
    "index": Default(0.001, "0.1%", "assumed: 16 bytes for each 16 KiB"),
    "least_layer": _ALL,
    "prefetched": _UNMARKED,
    "background": _YES,
    "background_after": Default(
        600.0, "10m", "overlaybd src/example_config/overlaybd.json: download.delay; without delayExtra, 30 s at most"
    ),
    "background_rate": Default(100e6, "100 MB/s", "overlaybd src/config.h: download.maxMBps"),
    "background_reads": Default(16, "16", "overlaybd src/config.h: prefetchConfig.concurrency"),
}  # fmt: skip

SNAPSHOTTERS: Mapping[str, Mapping[str, Default]] = {
    "stargz": _STARGZ, "soci": _SOCI, "nydus": _NYDUS, "overlaybd": _OVERLAYBD,
}  # fmt: skip

# When the background waits anew, and whether its requests bring whole layers. stargz: task/task.go, prioritized tasks
# (mounts, prefetches, reads); soci: fs/backgroundfetcher, paused by new layers.
_PAUSES: Mapping[str, tuple[Any, bool]] = {
    "stargz": ("reads", True), "soci": ("mounts", False), "nydus": ("", False), "overlaybd": ("", False),
}  # fmt: skip


def snapshotter(kind: str, needed: float, changes: Mapping[str, Any]) -> Snapshotter:
    """The snapshotter of a node group: the profile of a kind with the group's own values, in SI base units."""
    values = {field: default.value for field, default in SNAPSHOTTERS[kind].items()} | dict(changes)
    if math.isinf(values["background_rate"]):
        values["background_rate"] = None
    pauses, whole_layers = _PAUSES[kind]
    return Snapshotter(kind=kind, needed=needed, pauses=pauses, whole_layers=whole_layers, **values)


def shown_default(field: str) -> str:
    """A field's default in all profiles, as text."""
    return by_value({kind: one[field].shown for kind, one in SNAPSHOTTERS.items()}, "{value} ({names})", ", ")


def default_source(field: str) -> str:
    """Where a field's defaults come from, for all profiles."""
    return by_value({kind: one[field].source for kind, one in SNAPSHOTTERS.items()}, "{names}: {value}", "; ")
