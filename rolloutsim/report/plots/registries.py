"""What registries are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter

from rolloutsim.report.plots.canvas import NoDataError, canvas, finish, grid, label_axes, mark, plain, series
from rolloutsim.report.plots.scales import corners, time_axis
from rolloutsim.report.plots.subjects import one_case, scene
from rolloutsim.results.load.requests import RegistrySummary, registry_summaries, request_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.outcome import Outcome


_STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 864000)  # [s]
_NEAR = 3.0  # a limit so many times above all requests is left out, since they would not be seen (assumed)
_PARTS = 240  # of the time at most, in each of which requests are counted (assumed: a part per three pixels)
_SECOND = 1.0  # shorter parts would show single requests


def requests(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """Requests per second over time, a line a registry, with the rate limits that count requests.

    Those for manifests, token and config are spread evenly from asking until they are answered (see
    `rolloutsim.results.load.requests`).

    Parameters
    ----------
    outcome, case, ax
        As for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    found = [one for one in registry_summaries(run, records) if one.requests]
    if not found:
        raise NoDataError(
            f"no registry was asked for anything in case '{plain(records.name)}': no pull began (under the pull policy "
            "`if_not_present` a node that holds an image does not ask for it)"
        )
    ax = canvas(ax)
    end = max(records.end, _SECOND)
    width = next((step for step in _STEPS if end / step <= _PARTS), _STEPS[-1])
    edges = np.arange(np.ceil(end / width) + 1) * width
    entries: list[tuple[Any, str]] = []
    highest = 0.0
    for number, one in enumerate(found):
        rate = np.histogram(request_times(run, records, one.registry), edges)[0] / width
        x, y = corners(edges, rate)
        look = series(number)
        ax.fill_between(x, 0.0, y, color=look["color"], alpha=0.25, lw=0)
        (line,) = ax.plot(x, y, linewidth=1.4, **look)
        mark(ax, line, "registry", one.registry, f"{one.registry}: {_counted(one)}")
        entries.append((line, f"{plain(one.registry)}\n{one.requests:,} requests"))
        highest = max(highest, float(rate.max()))
    for number, one in enumerate(found):
        limits = [
            limit.rate for limit in run.scenario.registries[one.registry].rate_limits if limit.counts == "requests"
        ]
        if limits and min(limits) <= _NEAR * highest:
            line = ax.axhline(min(limits), color=series(number)["color"], linestyle=":", linewidth=1.4)
            entries.append((line, f"rate limit: {min(limits):.3g}"))
            highest = max(highest, min(limits))
    label_axes(ax, "", f"requests per second, mean of {width:g} s")
    time_axis(ax, end * 1.01)
    ax.set_ylim(0.0, highest * 1.08)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.12g}"))
    grid(ax)
    busiest = max(found, key=lambda one: one.peak_requests_per_s)
    title = f"{plain(busiest.registry)} gets {_counted(busiest)}"
    return finish(ax, title, scene(run, "requests to each registry over time", [records]), legend=entries)


def _counted(one: RegistrySummary) -> str:
    """How many, how many at a time, how many in vain."""
    times = "1 request" if one.requests == 1 else f"{one.requests:,} requests"
    refused = sum(one.refused.values())
    vain = f"; {refused:,} were refused ({', '.join(one.refused)})" if refused else ""
    return f"{times}, at most {one.peak_requests_per_s:,} within a second{vain}"
