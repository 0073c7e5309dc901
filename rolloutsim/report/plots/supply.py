"""Where layers come from over time: from registries, caches, mirrors and peers; and what leaves the registries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from rolloutsim.report.plots import colours
from rolloutsim.report.plots.canvas import LOW, NoDataError, canvas, finish, grid, mark, plain
from rolloutsim.report.plots.colours import MUTED, PAPER, series
from rolloutsim.report.plots.lines import corners
from rolloutsim.report.plots.scales import rate_axis, size_axis, time_axis
from rolloutsim.report.plots.subjects import one_case, scene
from rolloutsim.results.load.supply import received_by_kind
from rolloutsim.results.load.throughput import sent_by
from rolloutsim.results.numerals import listed, show_rate, show_size, three_digits, whole_share
from rolloutsim.scenario.sources import SOURCE_KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.supply import SupplySummary
    from rolloutsim.results.outcome import Outcome

_PARTS = 160  # of the time, in each of which a rate is a mean (assumed: a part per five pixels)
_MOST = 7  # registries with a line each; those that send most if there are more (assumed)


def sources(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The rate at which nodes receive layers over time, by kind of source, on top of each other.

    Records hold when each layer moved and not how fast in between, which is estimated (see
    `rolloutsim.results.load.throughput`).

    Parameters as for `timeline`.
    """
    run, records, supply = _supplied(outcome, case)
    kinds = [kind for kind in SOURCE_KINDS if supply.bytes_by_source.get(kind)]
    if not kinds or records.end <= 0.0:
        raise NoDataError(f"no node received anything in case '{plain(records.name)}'; there is no source to show")
    edges = np.linspace(0.0, records.end, _PARTS + 1)
    by_kind = received_by_kind(run.scenario, records, edges)
    done = np.array([by_kind[kind] for kind in kinds])
    rates = np.diff(done) / np.diff(edges)
    tops = np.cumsum(rates, axis=0)
    ax = canvas(ax, height=LOW)
    entries: list[tuple[Any, str]] = []
    total = sum(supply.bytes_by_source.values())
    # Each stands behind those below it: half the corners of areas on top of each other.
    for row in reversed(range(len(kinds))):
        kind, size = SOURCE_KINDS[kinds[row]], supply.bytes_by_source[kinds[row]]
        look = {"facecolor": getattr(colours, kind.colour.upper()), "hatch": kind.hatch, "edgecolor": PAPER}
        area = ax.fill_between(*_area(edges, tops[row]), lw=0, **look)
        said = f"{kind.words}: {show_size(size)}, at most {show_rate(float(rates[row].max()))} at a time"
        mark(area, "source", kind.name.replace("_", "-"), said)
        entries.append((Patch(lw=0, **look), f"{kind.words}\n{show_size(size)}, {whole_share(size / total)}"))
    time_axis(ax, records.end * 1.01)
    rate_axis(ax, float(tops[-1].max()) * 1.08, "rate of all nodes together")
    grid(ax)
    what = "what nodes receive, by source; estimated from when layers arrived"
    return finish(ax, _most(supply, total), scene(run, what, [records]), legend=entries)


def egress(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The bytes of layers that had left each registry by each moment, to nodes and caches.

    Parameters as for `timeline`.
    """
    run, records, supply = _supplied(outcome, case)
    names = list(run.scenario.registries)
    sent = {one.server: one.sent_bytes for one in supply.servers if one.kind == "registry" and one.sent_bytes}
    if not sent or records.end <= 0.0:
        raise NoDataError(f"nothing left a registry in case '{plain(records.name)}': others had all layers already")
    edges = np.linspace(0.0, records.end, _PARTS + 1)
    done = sent_by(records, edges, len(names))
    shown = sorted(sent, key=lambda name: -sent[name])[:_MOST]
    ax = canvas(ax, height=LOW)
    entries: list[tuple[Any, str]] = []
    for number, name in enumerate(shown):
        (line,) = ax.plot(edges, done[names.index(name)], linewidth=1.6, **series(number))
        mark(line, "registry", name, f"{name}: {show_size(sent[name])} in all")
        entries.append((line, f"{plain(name)}\n{show_size(sent[name])}"))
    least = _one_copy(records, set(shown))
    line = ax.axhline(least, color=MUTED, linestyle=":", linewidth=1.4)
    entries.append((line, f"one copy\n{show_size(least)}"))
    time_axis(ax, records.end * 1.01)
    size_axis(ax, 0.0, max(least, float(done.max())) * 1.08, "layers sent so far", "y")
    grid(ax)
    of = "" if len(shown) == len(sent) else f" ({len(shown)} of {len(sent)})"
    what = f"layers that had left the registries{of}, to nodes and caches; estimated from when they arrived"
    return finish(ax, _copies(supply, shown), scene(run, what, [records]), legend=entries)


def _supplied(outcome: Outcome, case: str | None) -> tuple[Run, CaseRecords, SupplySummary]:
    run, records = outcome.run, one_case(outcome, case)
    supply = outcome.first.cases[records.name].supply
    if supply is None:
        raise NoDataError(
            f"nodes of the scenario '{plain(run.scenario.name, 60)}' ask nobody but registries; a node group's `hosts` "
            "names caches and mirrors that they ask before"
        )
    return run, records, supply


def _area(edges: Any, top: Any) -> tuple[Any, float, Any]:
    x, y = corners(edges, top)
    return x, 0.0, y


def _most(supply: SupplySummary, total: float) -> str:
    """The answer: which sources served what."""
    order = sorted(supply.bytes_by_source, key=lambda kind: -supply.bytes_by_source[kind])
    parts = [
        f"{whole_share(size / total)} {SOURCE_KINDS[kind].words}"
        for kind in order
        if (size := supply.bytes_by_source[kind]) > 0.0
    ]
    return f"Of {show_size(total)} that nodes received: {listed(parts)}"


def _one_copy(records: CaseRecords, registries: set[str]) -> float:
    """One copy of each distinct layer of the images of registries that were pulled [B]."""
    pulled = [records.images[image] for image in np.unique(records.pulls.image).tolist()]
    layers: dict[str, float] = {
        one.digest: one.compressed for image in pulled if image.registry in registries for one in image.layers
    }
    return sum(layers.values())


def _copies(supply: SupplySummary, shown: list[str]) -> str:
    """The answer: how much left the registries, in copies."""
    copies = [one.copies for one in supply.images if one.copies is not None]
    most = max((one.mean for one in copies), default=0.0)
    left = f"{show_size(supply.egress)} left {listed(shown) if len(shown) <= 2 else 'the registries'}"
    return f"{left}: up to {three_digits(most)} copies of an image"
