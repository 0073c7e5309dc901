"""What images take on the nodes' disks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from rolloutsim.report.plots.canvas import (
    BLUE,
    MUTED,
    ORANGE,
    RED,
    SKY,
    NoDataError,
    canvas,
    finish,
    grid,
    mark,
    plain,
)
from rolloutsim.report.plots.scales import share_axis, size_axis, thinned
from rolloutsim.report.plots.subjects import MOST_NODES, one_case, scene, several_cases
from rolloutsim.results.load.disks import ImageDisk, NodeDisk, disk_summary
from rolloutsim.results.numerals import show_size, whole_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.outcome import Outcome

_MOST_IMAGES = 28  # the largest if there are more (assumed)
_ROW, _FRAME = 0.34, 1.4  # height of a row, and of all around them [inch]


def disk(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """How full the nodes' disks get; where they have no capacity, what each image takes on a node.

    Parameters
    ----------
    outcome, case, ax
        As for `timeline`; without `case`, images of all cases.
    """
    run, records = outcome.run, one_case(outcome, case)
    nodes = disk_summary(run, records).nodes
    return _full(run, records, nodes, ax) if nodes else _images(run, several_cases(outcome, case), ax)


def _full(run: Run, case: CaseRecords, nodes: tuple[NodeDisk, ...], ax: Axes | None) -> Axes:
    """Bytes in use before, at most and after, as shares of the capacity, node by node from the fullest on."""
    ordered = sorted(nodes, key=lambda one: (-one.peak_bytes / one.capacity_bytes, one.node))
    shares = np.array([(n.before_bytes, n.peak_bytes, n.after_bytes) for n in ordered])
    shares = shares / np.array([[n.capacity_bytes] for n in ordered])
    ax = canvas(ax)
    kept = thinned(len(ordered))
    x = (kept + 0.5) / len(ordered)
    entries: list[tuple[Any, str]] = []
    for column, label, color, style in ((1, "at most", ORANGE, "-"), (2, "after", BLUE, "-"), (0, "before", SKY, "--")):
        line = ax.step(x, shares[kept, column], where="mid", color=color, linestyle=style, linewidth=1.8)[0]
        mark(ax, line, "band", label, f"{label}: {whole_share(float(shares[:, column].max()))} of the fullest disk")
        entries.append((line, label))
    if len(ordered) <= MOST_NODES:
        for one, at, share in zip(ordered, x, shares[:, 1], strict=True):
            (point,) = ax.plot([at], [share], ".", color=ORANGE, markersize=6)
            mark(
                ax,
                point,
                "node",
                one.node,
                f"{one.node}: {show_size(one.peak_bytes)} of {show_size(one.capacity_bytes)} at most",
            )
    high = {group.kubelet.gc_high for group in run.scenario.groups if group.storage is not None}
    for share in sorted(high):
        entries.append(
            (ax.axhline(share, color=MUTED, linestyle=":", linewidth=1.4), f"images are removed\nabove {share:.0%}")
        )
    entries.append((ax.axhline(1.0, color=RED, linewidth=1.2), "full"))
    ax.set_xlim(0.0, 1.0)
    share_axis(ax, "nodes, the fullest first", side="x")
    share_axis(ax, "disk in use", top=max(1.05, float(shares.max()) * 1.05))
    grid(ax)
    peak, removed = ordered[0], sum(one.collected_bytes for one in nodes)
    share = float(shares[0, 1])
    title = f"The fullest disk ({plain(peak.node)}) is {whole_share(share)} full at most"
    title += f"; garbage collection removes {show_size(removed)} in all" if removed else ""
    return finish(ax, title, scene(run, "bytes on the nodes' disks", [case]), legend=entries)


def _images(run: Run, cases: tuple[CaseRecords, ...], ax: Axes | None) -> Axes:
    """What a node keeps of each image, the mean over nodes that pulled it."""
    found: dict[str, ImageDisk] = {}
    for one in cases:
        for image in disk_summary(run, one).images:
            if image.nodes and (image.image not in found or image.bytes_per_node > found[image.image].bytes_per_node):
                found[image.image] = image
    shown = sorted(found.values(), key=lambda image: -image.bytes_per_node)[:_MOST_IMAGES]
    if not shown or shown[0].bytes_per_node <= 0.0:
        raise NoDataError(
            "no node pulled an image, so no disk holds one; `rolloutsim run` says what the pulls wait for"
        )
    ax = canvas(ax, height=_FRAME + _ROW * max(len(shown), 3))
    names = [f"{plain(image.image)}  {show_size(image.bytes_per_node)}" for image in shown]
    for place, image in enumerate(shown):
        kept = max(image.bytes_per_node - image.unpacked_bytes, 0.0)
        thickness = min(0.66, 0.22 * len(shown))
        (bar,) = ax.barh([place], [min(image.unpacked_bytes, image.bytes_per_node)], height=thickness, color=BLUE)
        ax.barh([place], [kept], left=[image.unpacked_bytes], height=thickness, color=SKY)
        tip = f"{image.image}: {show_size(image.unpacked_bytes)} unpacked, {show_size(kept)} compressed"
        tip += f" on each of {image.nodes} nodes"
        mark(ax, bar, "image", image.image, tip)
    ax.set_yticks(range(len(shown)), names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shown) - 0.45, -0.55)
    size_axis(ax, 0.0, shown[0].bytes_per_node * 1.05, "disk space on a node that pulled it")
    grid(ax, "x")
    largest = shown[0]
    title = f"{plain(largest.image)} takes {show_size(largest.bytes_per_node)} on a node"
    if largest.compressed_bytes > 0.0:
        title += f", {largest.bytes_per_node / largest.compressed_bytes:.1f} times what crosses the wire"
    entries = [(Patch(facecolor=BLUE), "unpacked"), (Patch(facecolor=SKY), "compressed layers\nthat are kept")]
    return finish(ax, title, scene(run, "what a node keeps of each image", cases), legend=entries)
