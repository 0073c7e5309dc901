"""What the nodes do and hold, one by one where there are few, as shares and quantiles where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from rolloutsim.report.plots.canvas import LOW, NoDataError, canvas, finish, grid, mark, plain
from rolloutsim.report.plots.colours import BLUE, GREEN, GREY, INK, MUTED, ORANGE, PINK, RED, SKY
from rolloutsim.report.plots.lines import corners, thinned
from rolloutsim.report.plots.scales import rate_axis, row_axis, share_axis, size_axis, time_axis
from rolloutsim.report.plots.subjects import MOST_NODES, one_case, scene, several_cases
from rolloutsim.results.facts.intervals import quantile
from rolloutsim.results.facts.records import or_never
from rolloutsim.results.load.disks import ImageDisk, NodeDisk, disk_summary
from rolloutsim.results.load.throughput import node_rates, node_throughputs
from rolloutsim.results.numerals import show_rate, show_size, show_time, whole_share
from rolloutsim.results.time.phases import PHASES, NodePhases, node_phases
from rolloutsim.results.time.split import path_times
from rolloutsim.scenario.causes import FALLBACK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.outcome import Outcome

_COLORS = {
    "waiting": GREY, "fetching": BLUE, "unpacking": ORANGE, "waiting for pods": PINK, "starting": SKY, "ready": GREEN,
}  # fmt: skip
_SAID = {
    "waiting": "waiting\n(requests, queues)", "fetching": "fetching", "unpacking": "unpacking\n(all has arrived)",
    "waiting for pods": "waiting for pods\n(no image to get)", "starting": "starting", "ready": "ready",
}  # fmt: skip
_NOT_ASKED = "before its turn"  # until the node asks for its first image
_MOMENTS = 200  # at which nodes in each phase are counted (assumed: a moment per three pixels)
_PARTS = 160  # of the time, in each of which a node's rate is a mean (assumed: a part per five pixels)
_ROW, _TIGHT, _FRAME = 0.15, 0.115, 1.35  # height of a node's row up to 30 nodes, above, of all around them [inch]
_SAME = 1e-3  # of a time: what nobody tells apart (assumed)
_WORTH_SAYING = 0.02  # a phase with a smaller share of a node's time is left out of the title (assumed)
_EVEN = 0.01  # rates that differ by less are said as one (assumed)
_MOST_IMAGES = 28  # the largest if there are more (assumed)
_IMAGE, _AROUND = 0.34, 1.4  # height of an image's row, and of all around them [inch]
_BANDS = ((0.0, 1.0, 0.16), (0.05, 0.95, 0.28), (0.25, 0.75, 0.45))  # quantiles and opacity


def timeline(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """When each node waits, fetches, unpacks, waits for pods, starts; above 60 nodes the share of nodes in each phase.

    Parameters
    ----------
    outcome : Outcome
        What came out of a scenario.
    case : str, optional
        Which case; the slowest by default.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    run, records = outcome.run, one_case(outcome, case)
    phases = node_phases(records)
    if not len(phases.node) or records.end <= 0.0:
        raise NoDataError(
            f"no node pulled anything in case '{plain(records.name)}', or none of it took time; there is no timeline"
        )
    few = len(phases.node) <= MOST_NODES
    rows = (_ROW if len(phases.node) <= 30 else _TIGHT) * len(phases.node)
    ax = canvas(ax, height=max(2.8, _FRAME + rows) if few else LOW)
    (_bars if few else _areas)(ax, records, phases)
    time_axis(ax, records.end * 1.01)
    grid(ax, "x" if few else "both")
    seconds = phases.seconds(records.end)
    lasting = {phase for phase, row in zip(PHASES, seconds, strict=True) if row.any()} | (set() if few else {"ready"})
    shown = [phase for phase in _COLORS if phase in lasting]
    entries = [(Patch(facecolor=_COLORS[phase]), _SAID[phase]) for phase in shown]
    what = "phases of each node, the first to be ready at the top" if few else "share of the nodes in each phase"
    return finish(ax, _last_node(run, records, phases), scene(run, what, [records]), legend=entries)


def fan(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """How fast each node receives layers over time: bands of quantiles, and a line a node up to 60 nodes.

    Records hold when each layer moved and not how fast in between, which is estimated (see
    `rolloutsim.results.load.throughput`).

    Parameters as for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    means = node_throughputs(records)
    fetching = np.flatnonzero(~np.isnan(means))
    if not len(fetching):
        raise NoDataError(
            f"no node fetched anything in case '{plain(records.name)}' (every node held all layers already, or no "
            "fetch began); there is no throughput to draw"
        )
    ax = canvas(ax, height=LOW)
    begun = records.fetches.started[~np.isnan(records.fetches.started)]
    last = np.where(np.isnan(records.fetches.fetched), records.end, records.fetches.fetched)
    edges = np.linspace(float(begun.min()), float(last[~np.isnan(records.fetches.started)].max()), _PARTS + 1)
    rates = node_rates(records, edges)[fetching]
    ordered = np.sort(rates, axis=0)  # NaN last
    entries: list[tuple[Any, str]] = []
    for low, high, opacity in _BANDS:
        x, bottom, top = corners(edges, _across(ordered, low), _across(ordered, high))
        area = ax.fill_between(x, bottom, top, color=BLUE, alpha=opacity, lw=0)
        label = "all nodes" if high == 1.0 else f"{low:.0%} to {high:.0%}".replace("%", " %")
        mark(area, "band", f"p{low * 100:.0f}-p{high * 100:.0f}", f"{label} of the nodes that are fetching")
        entries.append((Patch(facecolor=BLUE, alpha=opacity), label))
    (line,) = ax.plot(*corners(edges, _across(ordered, 0.5)), color=INK, linewidth=1.4)
    mark(line, "band", "p50", "the median of the nodes that are fetching")
    entries.insert(0, (line, "median"))
    if len(fetching) <= MOST_NODES:
        for row, node in zip(rates, fetching.tolist(), strict=True):
            (single,) = ax.plot(*corners(edges, row), color=BLUE, linewidth=0.6, alpha=0.5)
            name = records.node_names[node]
            mark(single, "node", name, f"{name}: {show_rate(float(means[node]))} from its first byte to its last")
    time_axis(ax, records.end * 1.01)
    rate_axis(ax, float(np.nanmax(rates)) * 1.08, "rate of a node while it fetches")
    grid(ax)
    what = "rate of each node while it fetches, estimated from when its layers arrived"
    return finish(ax, _fairness(np.sort(means[fetching])), scene(run, what, [records]), legend=entries)


def disk(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """How full the nodes' disks get; where they have no capacity, what each image takes on a node.

    Parameters as for `timeline`; without `case`, images of all cases.
    """
    run, records = outcome.run, one_case(outcome, case)
    nodes = disk_summary(run, records).nodes
    return _full(run, records, nodes, ax) if nodes else _images(run, several_cases(outcome, case), ax)


def _bars(ax: Axes, case: CaseRecords, phases: NodePhases) -> None:
    """A row a node, in the order of readiness."""
    spans, lengths = phases.spans, phases.spans.lengths(case.end)
    order = np.lexsort((phases.node, np.nan_to_num(phases.bounds[-1], nan=np.inf)))
    seconds, lost = phases.seconds(case.end), _lost_with_hosts(case)
    names = [case.node_names[int(phases.node[i])] for i in order]
    for place, (i, name) in enumerate(zip(order.tolist(), names, strict=True)):
        rows = np.flatnonzero((spans.place == i) & (lengths > 0.0))
        boxes = list(zip(spans.start[rows].tolist(), lengths[rows].tolist(), strict=True))
        colors = [_COLORS[PHASES[phase]] for phase in spans.phase[rows].tolist()]
        bar = ax.broken_barh(boxes, (place - 0.4, 0.8), facecolors=colors, linewidth=0)
        parts = [f"{show_time(float(seconds[k, i]))} {p}" for k, p in enumerate(PHASES) if seconds[k, i] > 0.0]
        when = phases.bounds[-1, i]
        state = "never ready" if np.isnan(when) else f"ready after {show_time(float(when))}"
        mark(bar, "node", name, f"{name}: {state}; {', '.join(parts)}{_of_it(lost[phases.node[i]])}")
    row_axis(ax, [plain(name, 24) for name in names], 0.6)
    ax.tick_params(axis="y", labelsize=7.5 if len(names) <= 30 else 7.0)


def _areas(ax: Axes, case: CaseRecords, phases: NodePhases) -> None:
    """The share of the nodes in each phase, on top of each other, ready ones at the bottom."""
    moments = np.linspace(0.0, case.end, _MOMENTS + 1)
    shares = phases.shares(moments)
    names = (*PHASES, "ready")
    tops = np.cumsum(shares[::-1], axis=0)[::-1]
    # Each stands behind those below it: half the corners of areas on top of each other.
    for row in range(len(names)):
        if not shares[row].any():
            continue
        area = ax.fill_between(moments, 0.0, tops[row], color=_COLORS[names[row]], lw=0)
        said = f"{names[row]}: at most {shares[row].max() * 100:.0f} % of the nodes at a time"
        mark(area, "phase", names[row].replace(" ", "-"), said)
    share_axis(ax, "nodes")


def _last_node(run: Run, case: CaseRecords, phases: NodePhases) -> str:
    """The answer: who is last, and what that node spent its time on."""
    ready = phases.bounds[-1]
    missing = int(np.isnan(ready).sum())
    if missing:
        stage = PHASES[int(np.bincount(phases.spans.phase[np.isnan(phases.spans.stop)]).argmax())]
        if missing == 1:
            return f"1 of {len(ready)} nodes is never ready; it stays {stage}"
        return f"{missing} of {len(ready)} nodes are never ready; most of them stay {stage}"
    last = int(ready.argmax())
    spans = (phases.bounds[0, last], *phases.seconds(case.end)[:, last])
    parts = [
        f"{show_time(float(spent))} {phase}"
        for phase, spent in zip((_NOT_ASKED, *PHASES), spans, strict=True)
        if spent > _WORTH_SAYING * ready[last]
    ]
    latest = phases.node[ready > ready[last] * (1 - _SAME)]
    groups = set(case.node_group[latest].tolist())
    if len(latest) == 1:
        who = f"{plain(case.node_names[int(latest[0])])} is the last to be ready"
    elif len(latest) == len(ready):
        who = f"All {len(latest)} nodes are ready"
    else:
        several = len(groups) == 1 < len(run.scenario.groups)
        of = f" of {plain(run.scenario.groups[groups.pop()].name)}" if several else ""
        who = f"{len(latest)} nodes{of} are the last to be ready"
    lost = float(_lost_with_hosts(case)[phases.node[last]])
    of_it = _of_it(lost) if lost > _WORTH_SAYING * ready[last] else ""
    return f"{who} after {show_time(float(ready[last]))}: {', '.join(parts)}{of_it}"


def _lost_with_hosts(case: CaseRecords) -> Times:
    """What the last pull of each node lost with hosts that do not deliver, while it waited or fetched [s]."""
    lost = np.zeros(len(case.node_names))
    if case.supply:
        split, pulls = path_times(case), case.pulls
        some = split.cause == split.causes.index(FALLBACK.name)
        if some.any():
            of_pull = np.bincount(split.owner[some], split.seconds[some], split.count)
            order = np.argsort(or_never(pulls.pulled), kind="stable")
            lost[pulls.node[order]] = of_pull[order]  # the last one counts
    return lost


def _of_it(lost: float) -> str:
    return f"; {show_time(lost)} of it with {FALLBACK.noun}" if lost > 0.0 else ""


def _fairness(ordered: Times) -> str:
    half, slow, fast = quantile(ordered, 0.5), quantile(ordered, 0.05), float(ordered[-1])
    if len(ordered) == 1:
        return f"The node receives {show_rate(half)}"
    if ordered[0] > (1 - _EVEN) * fast:
        return f"Every node receives {show_rate(half)} while it fetches"
    return (
        f"Half of the nodes receive at least {show_rate(half)} while they fetch, the slowest 5 % at most "
        f"{show_rate(slow)}, the fastest {show_rate(fast)}"
    )


def _across(ordered: Times, share: float) -> Times:
    """A quantile over the nodes that are fetching, ascending, part by part of the time; NaN where none is."""
    known = np.count_nonzero(~np.isnan(ordered), axis=0)
    rank = np.clip(np.ceil(share * known - 1e-9).astype(np.intp), 1, None) - 1
    across: Times = ordered[np.minimum(rank, len(ordered) - 1), np.arange(ordered.shape[1])]
    return across


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
        mark(line, "band", label, f"{label}: {whole_share(float(shares[:, column].max()))} of the fullest disk")
        entries.append((line, label))
    if len(ordered) <= MOST_NODES:
        for one, at, share in zip(ordered, x, shares[:, 1], strict=True):
            (point,) = ax.plot([at], [share], ".", color=ORANGE, markersize=6)
            used = f"{show_size(one.peak_bytes)} of {show_size(one.capacity_bytes)}"
            mark(point, "node", one.node, f"{one.node}: {used} at most")
    high = {group.kubelet.gc_high for group in run.scenario.groups if group.storage is not None}
    for share in sorted(high):
        limit = ax.axhline(share, color=MUTED, linestyle=":", linewidth=1.4)
        entries.append((limit, f"images are removed\nabove {share:.0%}"))
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
    ax = canvas(ax, height=_AROUND + _IMAGE * max(len(shown), 3))
    names = [f"{plain(image.image)}  {show_size(image.bytes_per_node)}" for image in shown]
    for place, image in enumerate(shown):
        kept = max(image.bytes_per_node - image.unpacked_bytes, 0.0)
        thickness = min(0.66, 0.22 * len(shown))
        (bar,) = ax.barh([place], [min(image.unpacked_bytes, image.bytes_per_node)], height=thickness, color=BLUE)
        ax.barh([place], [kept], left=[image.unpacked_bytes], height=thickness, color=SKY)
        tip = f"{image.image}: {show_size(image.unpacked_bytes)} unpacked, {show_size(kept)} compressed"
        tip += f" on each of {image.nodes} nodes"
        mark(bar, "image", image.image, tip)
    row_axis(ax, names, 0.55)
    size_axis(ax, 0.0, shown[0].bytes_per_node * 1.05, "disk space on a node that pulled it")
    grid(ax, "x")
    largest = shown[0]
    title = f"{plain(largest.image)} takes {show_size(largest.bytes_per_node)} on a node"
    if largest.compressed_bytes > 0.0:
        title += f", {largest.bytes_per_node / largest.compressed_bytes:.1f} times what crosses the wire"
    entries = [(Patch(facecolor=BLUE), "unpacked"), (Patch(facecolor=SKY), "compressed layers\nthat are kept")]
    return finish(ax, title, scene(run, "what a node keeps of each image", cases), legend=entries)
