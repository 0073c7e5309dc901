"""How busy the links are, from when to when, and what registries are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from rolloutsim.report.plots.canvas import (
    HEIGHT,
    LOW,
    NoDataError,
    canvas,
    colour_bar,
    finish,
    grid,
    label_axis,
    mark,
    plain,
)
from rolloutsim.report.plots.colours import GRID, RED, SKY, series
from rolloutsim.report.plots.lanes import PARTS, Lane, lanes_of, length_of, mean_of, steps, when_full, words_of
from rolloutsim.report.plots.lines import corners, thinned
from rolloutsim.report.plots.scales import row_axis, time_axis
from rolloutsim.report.plots.subjects import MOST_NODES, one_case, scene
from rolloutsim.report.plots.zoom import MOST, Series, keep
from rolloutsim.results.load.requests import Asked, RegistrySummary, registry_summaries
from rolloutsim.results.load.throughput import LinkLoad, link_loads
from rolloutsim.results.numerals import listed, show_time, whole_share
from rolloutsim.scenario.resources import PLACES, LinkName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.outcome import Outcome

_MOST_LINES = 7  # of them that can be looked at closely (assumed: colours that can be told apart)
_LANE, _FRAME = 0.46, 1.35  # height of a lane, and of all around them [inch]
_IN_LANE = 5e-3  # a smaller change is not seen in a lane (assumed: a fifth of a pixel)
_RACK, _RACKS = 0.16, 1.6  # height of a rack's row, and of all around them [inch]
_ESTIMATED = "exact where full, estimated elsewhere"
_WIDTHS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 864000)  # of these parts [s]
_NEAR = 3.0  # a rate limit so many times above all requests is left out, since they would not be seen (assumed)
_SECOND = 1.0  # shorter parts would show single requests


def utilisation(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The share of each shared link's capacity in use over time, a lane a link; full times are exact.

    Parameters as for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    loads = link_loads(run.scenario, records)
    if not loads:
        raise NoDataError(
            f"case '{plain(records.name)}' has no shared link, or took no time; a `registry` with an `uplink`, "
            "`network.racks` or `network.links` add links"
        )
    lanes = lanes_of(loads, records.end)
    if not lanes:
        raise NoDataError(f"no shared link of case '{plain(records.name)}' carries anything")
    ax = canvas(ax, height=max(2.6, _FRAME + _LANE * len(lanes)))
    for place, lane in enumerate(lanes):
        x, height, full = corners(lane.edges, lane.utilisation, lane.saturated.astype(np.float64), least=_IN_LANE)
        base = place + 0.4
        ax.axhspan(base - 0.8, base, color=GRID, alpha=0.35, lw=0)
        area = ax.fill_between(x, base, base - 0.8 * height, color=SKY, lw=0)
        mark(area, "link", lane.link, f"{lane.name}: {whole_share(lane.mean)} busy; {when_full(lane.spans)}")
        if full.any():
            ax.fill_between(x, base, base - 0.8 * height, where=full > 0.5, color=RED, lw=0.6)
    keep(ax, _long(lanes, records.end), "capacity in use", "%")
    row_axis(ax, [f"{plain(lane.name)}  {whole_share(lane.mean)}" for lane in lanes], 0.5)
    time_axis(ax, records.end * 1.01)
    grid(ax, "x")
    entries = [(Patch(facecolor=RED), "full"), (Patch(facecolor=SKY), "in use"), (Patch(facecolor=GRID), "free")]
    what = f"capacity in use, its mean beside the link; {_ESTIMATED}"
    return finish(ax, _fullest(loads), scene(run, what, [records]), legend=entries)


def _long(lanes: Sequence[Lane], end: float) -> list[Series]:
    """The lanes as lines; many are those that are full for longest, and each has the most points that it may."""
    several = lanes[:_MOST_LINES]
    most = MOST // len(several)
    return [
        Series(lane.name, str(series(number)["color"]), *steps(lane.edges, lane.utilisation * 100, most, end))
        for number, lane in enumerate(several)
    ]


def racks(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The utilisation of each rack's or site's link over time: towards the nodes, or outward where that is more.

    Parameters as for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    shared = records.shared_links
    links = [name for name, kind in zip(shared.name, shared.kind, strict=True) if kind in PLACES]
    loads = link_loads(run.scenario, records, links) if links else ()
    if not loads:
        raise NoDataError(
            f"the scenario '{plain(run.scenario.name, 60)}' has no racks; give a node group some, such as "
            "nodes: {web: {count: 40, racks: [r1, r2]}}, and their links a capacity, such as "
            "network: {racks: {oversubscription: 4}}"
        )
    edges = np.linspace(0.0, records.end, PARTS + 1)
    names = tuple(dict.fromkeys(LinkName.of(load.link).owner for load in loads))
    row = {name: i for i, name in enumerate(names)}
    heat = np.zeros((len(names), PARTS))
    for load in loads:
        place = row[LinkName.of(load.link).owner]
        heat[place] = np.maximum(heat[place], load.at(edges))
    kinds = [kind for kind in PLACES if any(load.kind == kind for load in loads)]
    of, all_of = listed([f"{kind}'s" for kind in kinds], last="or"), listed([f"{kind}s" for kind in kinds])
    said = _fullest(loads, no_link=f"No {of} link")
    ax = canvas(ax, height=min(_RACKS + _RACK * len(names), HEIGHT))
    image = ax.imshow(
        heat, aspect="auto", interpolation="nearest", cmap="cividis", vmin=0.0, vmax=1.0,
        extent=(0.0, records.end, len(names) - 0.5, -0.5),
    )  # fmt: skip
    few = len(names) <= MOST_NODES
    if not few:
        mark(image, "rack", "all", f"{len(names)} {all_of}; {said}")
    for place, name in enumerate(names if few else ()):
        of_rack = max((load for load in loads if LinkName.of(load.link).owner == name), key=mean_of)
        strip = Rectangle((0.0, place - 0.5), records.end, 1.0, alpha=0.0, linewidth=0)
        ax.add_patch(strip)
        busy = f"{words_of(of_rack)}: {whole_share(mean_of(of_rack))} busy; {when_full(of_rack.saturated_spans)}"
        mark(strip, "rack", name, busy)
    shown = (np.arange(len(names)) if len(names) <= 30 else thinned(len(names), most=11)).tolist()
    ax.set_yticks(shown, [plain(names[i], 20) for i in shown])
    ax.set_ylim(len(names) - 0.5, -0.5)
    label_axis(ax, "y", listed(kinds, last="or"))
    time_axis(ax, records.end)
    what = f"utilisation of {len(names)} {all_of}' links; {_ESTIMATED}"
    drawn = finish(ax, said, scene(run, what, [records]), right=0.75)
    shares = FuncFormatter(lambda share, _: f"{share * 100:g}")
    colour_bar(ax, image, "capacity in use [%]", 0.025, ticks=[0.0, 0.25, 0.5, 0.75, 1.0], format=shares)
    return drawn


def requests(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """Requests per second over time, a line a registry, with the rate limits that count requests.

    Those for manifests, token and config are spread evenly from asking until they are answered (see
    `rolloutsim.results.load.requests`).

    Parameters as for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    found = [one for one in registry_summaries(run, records) if one.requests]
    if not found:
        raise NoDataError(
            f"no registry was asked for anything in case '{plain(records.name)}': no pull began (under the pull policy "
            "`if_not_present` a node that holds an image does not ask for it)"
        )
    ax = canvas(ax, height=LOW)
    end = max(records.end, _SECOND)
    width = next((step for step in _WIDTHS if end / step <= PARTS), _WIDTHS[-1])
    edges = np.arange(np.ceil(end / width) + 1) * width
    entries: list[tuple[Any, str]] = []
    long: list[Series] = []
    highest = 0.0
    asked = Asked(records)
    fine = next((step for step in _WIDTHS if end / step <= MOST // len(found)), _WIDTHS[-1])
    for number, one in enumerate(found):
        times = asked.times(asked.registries[one.registry])
        rate = np.histogram(times, edges)[0] / width
        x, y = corners(edges, rate)
        look = series(number)
        parts = np.arange(np.ceil(end / fine) + 1) * fine
        rates = np.histogram(times, parts)[0] / fine
        long.append(Series(one.registry, str(look["color"]), parts, np.append(rates, rates[-1:])))
        ax.fill_between(x, 0.0, y, color=look["color"], alpha=0.25, lw=0)
        (line,) = ax.plot(x, y, linewidth=1.4, **look)
        mark(line, "registry", one.registry, f"{one.registry}: {_counted(one)}")
        entries.append((line, f"{plain(one.registry)}\n{one.requests:,} requests"))
        highest = max(highest, float(rate.max()))
    for number, one in enumerate(found):
        limits = run.scenario.registries[one.registry].rate_limits
        least = min((limit.rate for limit in limits if limit.counts == "requests"), default=np.inf)
        if least <= _NEAR * highest:
            line = ax.axhline(least, color=series(number)["color"], linestyle=":", linewidth=1.4)
            entries.append((line, f"rate limit: {least:.3g}"))
            highest = max(highest, least)
    keep(ax, long, f"requests per second, mean of {fine:g} s")
    label_axis(ax, "y", f"requests per second, mean of {width:g} s")
    time_axis(ax, end * 1.01)
    ax.set_ylim(0.0, highest * 1.08)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.12g}"))
    grid(ax)
    busiest = max(found, key=lambda one: one.peak_requests_per_s)
    title = f"{plain(busiest.registry)} gets {_counted(busiest)}"
    return finish(ax, title, scene(run, "requests to each registry over time", [records]), legend=entries)


def _fullest(loads: Sequence[LinkLoad], no_link: str = "No link") -> str:
    """The answer: which link is full, from when to when; `no_link` is what none of these is called."""
    longest = max(loads, key=lambda load: (length_of(load.saturated_spans), mean_of(load)))
    others = [load for load in loads if load is not longest and load.saturated.any()]
    if not longest.saturated.any():
        busiest = max(loads, key=mean_of)
        name, share = plain(words_of(busiest)), whole_share(mean_of(busiest))
        return f"{no_link} is ever the limit; the busiest is {name}, {share} on average"
    said = f"{plain(words_of(longest))} {when_full(longest.saturated_spans)}"
    if others:
        next_one = max(others, key=lambda load: length_of(load.saturated_spans))
        more = f" and {len(others) - 1} other{'s' if len(others) > 2 else ''}" if len(others) > 1 else ""
        lasted = show_time(length_of(next_one.saturated_spans))
        said += f"; {plain(words_of(next_one))}{more} full for {'up to ' if more else ''}{lasted}"
    return said


def _counted(one: RegistrySummary) -> str:
    """How many, how many at a time, how many in vain."""
    times = "1 request" if one.requests == 1 else f"{one.requests:,} requests"
    refused = sum(one.refused.values())
    vain = f"; {refused:,} were refused ({', '.join(one.refused)})" if refused else ""
    return f"{times}, at most {one.peak_requests_per_s:,} within a second{vain}"
