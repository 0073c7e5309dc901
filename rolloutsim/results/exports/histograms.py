"""The kubelet's histogram of pulls, as Prometheus scrapes it: what a dashboard of real nodes can show beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from math import isnan
from typing import TYPE_CHECKING

from rolloutsim.results.facts.calls import brings

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords

_METRIC = "kubelet_image_pull_duration_seconds"
# kubernetes pkg/kubelet/metrics/metrics.go: imagePullDurationBuckets [s] and imageSizeBuckets [B].
_BOUNDS = (1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600)
_SIZES = (0, *(n * 2**20 for n in (10, 100, 500)), *(n * 2**30 for n in (1, 5, 10, 20, 30, 40, 60, 100)))
_LABELS = (
    "0-10MB", "10MB-100MB", "100MB-500MB", "500MB-1GB", "1GB-5GB", "5GB-10GB", "10GB-20GB", "20GB-30GB", "30GB-40GB",
    "40GB-60GB", "60GB-100GB", "GT100GB",
)  # fmt: skip


def prometheus(case: CaseRecords) -> tuple[str, list[str]]:
    """The pulls of a case in Prometheus' text format, by node and class of size.

    Parameters
    ----------
    case : CaseRecords
        What happened.

    Returns
    -------
    str
        The text.
    list of str
        What to know of it.
    """
    sizes = [sum(layer.compressed for layer in image.layers) for image in case.images]
    seen: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    pulls = case.pulls
    brought = brings(case)
    never = 0
    rows = zip(pulls.node.tolist(), pulls.image.tolist(), pulls.asked.tolist(), pulls.pulled.tolist(), strict=True)
    for row, (node, image, asked, pulled) in enumerate(rows):
        if isnan(pulled):
            never += 1
        elif brought[row]:
            seen[node, bisect_right(_SIZES, sizes[image]) - 1].append(pulled - asked)
    notes = [f"{never} pulls did not end and are not in it"] if never else []
    notes.append("sizes are classed by compressed bytes, as containerd tells them to the kubelet")
    return "\n".join(_lines(case, seen)) + "\n", notes


def _lines(case: CaseRecords, seen: dict[tuple[int, int], list[float]]) -> Iterator[str]:
    yield f"# HELP {_METRIC} Time from a node's request for an image until it is there."
    yield f"# TYPE {_METRIC} histogram"
    for (node, size), seconds in sorted(seen.items()):
        labels = f'node="{_escaped(case.node_names[node])}",image_size_in_bytes="{_LABELS[size]}"'
        ordered = sorted(seconds)
        for bound in _BOUNDS:
            # A bucket holds what is at most its bound.
            yield f'{_METRIC}_bucket{{{labels},le="{bound}"}} {bisect_right(ordered, bound)}'
        yield f'{_METRIC}_bucket{{{labels},le="+Inf"}} {len(ordered)}'
        yield f"{_METRIC}_sum{{{labels}}} {sum(ordered):.9g}"
        yield f"{_METRIC}_count{{{labels}}} {len(ordered)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
